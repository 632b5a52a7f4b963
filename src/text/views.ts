import type { AccountViews } from './account-views.ts'
import type { ConsoleViews } from './console-views.ts'
import type { HelpViews } from './help-views.ts'
import type { AppView, Channel, CodeField, FormView, MessageView, PasskeyFormView, WayView } from './parts.ts'
import type { PasskeyViews } from './passkey-views.ts'
import type { RescueLine, RescueViews } from './rescue-views.ts'

/** Every page, with what it needs to be drawn. A page not listed here cannot be rendered. */
export interface Views extends AccountViews, ConsoleViews, HelpViews, PasskeyViews, RescueViews {
  /**
   * First page: which address? `error` is set after input that is no address; `value` is what was typed.
   * `texts`: a phone number may be typed as well. `phone_unfit`: the number cannot get texts. `texts_closed`: no texts
   * are sent there now, an email address still works.
   * `signUp`: a new account may begin here; `asked`: the application sent the person to make one (`prompt=create`).
   */
  identify: {
    app: AppView
    form: FormView
    value: string
    texts: boolean
    /** The application takes no email address. */
    numbersOnly?: boolean
    error: 'address_invalid' | 'phone_unfit' | 'texts_closed' | null
    signUp: 'closed' | 'possible' | 'asked'
    /** In place of an address; `refused`: what was answered signs nobody in. Null where no passkey does. */
    passkey: (PasskeyFormView & { refused: boolean }) | null
  }
  /** Waiting page: where it was sent, the code field, the state of the message, resend. */
  wait: {
    app: AppView
    channel: Channel
    /**
     * Null after the last digits of a number were asked for: neither number nor message is spoken of. Then
     * nothing else given here may depend on whether they were right: `goodUntil`, `nearEnd`, `code`, `version`.
     */
    masked: string | null
    /** A first proof was given, by this; this is the second. */
    after: Channel | 'passkey' | null
    answer: FormView
    code: CodeField
    /** Null exactly when `masked` is. */
    message: MessageView | null
    /** The message was refused, and one before it was handed over: its code still works. */
    earlier: boolean
    /** Sends to an address that is remembered as refusing; set only then. */
    retry: FormView | null
    /** Goes on by the other channel: to the last digits of the number on file, or back to the email. */
    other: { channel: Channel; form: FormView } | null
    /** Names other digits; set only where `masked` is null. */
    digits: FormView | null
    /** When link and code end, as it stands now. */
    goodUntil: Date
    /** Fewer than three minutes are left: offer to start again. */
    nearEnd: boolean
    resend: FormView & { left: number; waitSeconds: 0 | 15 | 30 | 45 | 60 }
    restart: FormView
    /** Where the page's script asks for the state (JSON); the page works without it. */
    stateUrl: string
    /** What `stateUrl` answers as `version` for the state drawn here; the script draws the page anew when it differs. */
    version: string
    /** This page itself: "Check again". */
    selfUrl: string
  }
  /** Before a text goes to the number on file of somebody who typed an email address. The same for everybody. */
  'last-digits': { app: AppView; form: FormView; error: 'digits_invalid' | 'texts_closed' | null; back: FormView }
  /**
   * Proof of work before a message is sent. The page's script solves `challenge` (ALTCHA, as JSON) and fills the field
   * `solution`; without a script the same form may be sent once `waitSeconds` have gone by. `early`: it was
   * sent before that; then no script works on it.
   */
  'proof-of-work': {
    app: AppView
    challenge: string
    form: FormView
    waitSeconds: 0 | 15 | 30 | 45 | 60
    early: boolean
    restart: FormView
  }
  /**
   * One proof is not enough: a number that was not proven for long opens its account only together with the account's
   * email address. It is typed, never shown. `masked` is the number that was just proven.
   */
  second: { app: AppView; masked: string; form: FormView; value: string; error: 'address_invalid' | null; restart: FormView }
  /**
   * A second proof is needed, and there is a choice. `first`: what was just proven; null where a living session is
   * built on. `methods` stand in the order given; a press posts `way` = `kind`.
   */
  'second-factor': {
    app: AppView
    first: Channel | 'passkey' | null
    /** Messages came back from the address that was just proven. */
    inDoubt?: boolean
    methods: WayView[]
    form: FormView
    restart: FormView
    /** Goes on without it: the application merely wishes for it. */
    without?: FormView | null
    /** Goes back to the application, which is told that nobody signed in. */
    cancel: FormView | null
    /** Where somebody goes on who has none of the ways; null where nobody knows yet whose account it is. */
    rescue: RescueLine | null
  }
  /** The code of an authenticator app, or a recovery code; posts `code`, and `remember` = `yes` where that was ticked. */
  'factor-code': {
    app: AppView
    kind: 'totp' | 'recovery'
    /** Which authenticator shows it; null when there are several. */
    label: string | null
    form: FormView
    /** Set after a wrong code. */
    triesLeft?: number
    /** Nothing more is taken. */
    closed: boolean
    /** Chooses another method. */
    other: FormView | null
    /** This browser may be kept from asking for so long. */
    remember: { days: number } | null
    restart: FormView
    /** Goes on without it: the application merely wishes for it. */
    without?: FormView | null
    cancel: FormView | null
    rescue: RescueLine | null
  }
  /**
   * A second proof is needed, and the person has none: setting one up, from the start. A press posts `way` = `totp`.
   * `why`: `policy` wants one of everybody; `acr`, the application asked for a stronger proof;
   * `rescue`, it takes the place of a lost one.
   */
  enrol: {
    app: AppView
    why: 'policy' | 'acr' | 'rescue'
    /** An authenticator app will do. */
    apps: boolean
    form: FormView
    /** A passkey will do; null where there are none. */
    passkey: PasskeyFormView | null
    /** What the browser made is no passkey that can be kept. */
    refused: boolean
    restart: FormView
    cancel: FormView | null
  }
  /**
   * Setting up an authenticator app: the first of two steps in a sign-in, where recovery codes are the second. `app`
   * null: on the account page. Posts `name` and `code`.
   */
  'totp-enrol': {
    app: AppView | null
    /**
     * `size` modules a side, without a margin. `path` holds one stroke for each run of dark modules, by column and row
     * of its first one: `M0 0h7M8 0h1`.
     */
    qr: { size: number; path: string }
    /** In groups of four. */
    key: string
    /** What stands in the field for it; where it is empty, a name that is always true. */
    name: string
    form: FormView
    error: 'code_wrong' | null
    back: FormView
  }
  /** Shown once. The button posts `kept` = `yes`. */
  'recovery-codes': {
    app: AppView | null
    codes: string[]
    /** The same as a text file. Without it the page's script makes one, where there is script. */
    downloadUrl?: string | null
    form: FormView
  }
  /** The attempt ended by time, or was replaced by a newer one: start again with the same address. */
  'attempt-ended': { app: AppView; channel: Channel; masked: string; again: FormView; restart: FormView }
  /** The emailed link in the browser that asked for it: one button. `linkUsed` never shows here. */
  'link-same': { app: AppView; address: string; askedAt: Date; form: FormView }
  /** The emailed link anywhere else: the code to type into the first window. `code` is null when it is closed. */
  'link-other': {
    app: AppView
    code: { text: string; form: 'short' | 'long' } | null
    device: string
    askedAt: Date
    goodUntil: Date
    now: Date
  }
  /** The emailed link is no longer good. `again` is set only in the browser that asked for it. */
  'link-ended': {
    app: AppView
    reason: 'expired' | 'used' | 'replaced'
    endedAt: Date | null
    again: (FormView & { masked: string }) | null
  }
  /** A second tab of the browser that has already gone on to the application. */
  'gone-on': {
    app: AppView
    /** Continues in this tab after all; null once the other tab has reached the application. */
    goOn: FormView | null
  }
  /** Another account is signed in here: going on ends it in this browser. */
  /** The application does not take yet whoever got back in by a rescue: `until` then. Nobody is signed in there meanwhile. */
  'rescue-wait': {
    app: AppView
    until: Date
    now: Date
    /** Goes back to the application, which is told that nobody signed in. */
    leave: FormView
    /** Begins with another address. */
    restart: FormView
  }
  'account-switch': { app: AppView; other: string; masked: string; goOn: FormView; keep: FormView }
  /** A third-party client asks for access (RFC 6749 §10.2). */
  consent: {
    app: AppView
    madeBy: string | null
    /** It is an application of this service itself. */
    own: boolean
    address: string
    initials: string
    can: string[]
    offline: boolean
    form: FormView
    other: FormView
  }
  /** RP-initiated sign-out asks first. `form` posts to the engine: `xsrf` in place of our token. */
  'sign-out': { app: AppView | null; address: string | null; action: string; xsrf: string; stayUrl: string }
  /** The person chose not to sign out, and no application is known to go back to. */
  stayed: Record<string, never>
  'signed-out': { app: AppView | null }
  /** Our own refusals: a code of the catalogue, with its words in the locales. */
  refusal: { code: string; reference: string; at: Date; retryAt: Date | null; back: AppView | null }
  /** An error of the protocol which cannot be sent back to the client (RFC 6749 §4.1.2.1). */
  'protocol-error': {
    error: string
    description: string
    clientId: string | null
    reference: string
    at: Date
    back: AppView | null
  }
  /** Trial mode only: what would have been mailed or texted. Newest first. */
  'dev-inbox': {
    messages: {
      id: string
      channel: Channel
      /** Of a mail; null for a text. */
      subject: string | null
      /** The words of a text; null for a mail. */
      text: string | null
      to: string
      at: Date
      locale: string
      code: string | null
      link: string | null
      /** Where the parts of the mail can be read as they would have been sent. */
      htmlUrl?: string
      textUrl?: string
    }[]
    empty: FormView
  }
  /** Trial mode only: where to go from `/`. */
  start: { demoUrl: string | null; inboxUrl: string | null }
}

export type ViewName = keyof Views
