/** The application a person is signing in to, as far as pages and mails show it. */
export interface AppView {
  name: string
  /** One letter for the arch. */
  letter: string
  /** Where "Go to {app}" leads; absent when the client registered none. */
  url?: string
}

/** What the waiting page says about the newest message. Never more than the mail server said. */
export type MessageView =
  | { state: 'queued' }
  | { state: 'handed_over'; at: Date }
  | { state: 'deferred'; nextAt: Date | null; domain: string }
  | { state: 'refused'; domain: string }

/** The code field: `short` takes six digits, `long` is a plain text field, `closed` takes nothing more. */
export interface CodeField {
  form: 'short' | 'long' | 'closed'
  /** Set after a wrong code. */
  triesLeft?: number
}

/** A form's target with its CSRF token. */
export interface FormView {
  action: string
  csrf: string
}

/** Every page, with what it needs to be drawn. A page not listed here cannot be rendered. */
export interface Views {
  /**
   * First page: which address? `error` is set after input that is no address; `value` is what was typed.
   * `signUp`: a new account may begin here; `asked`: the application sent the person to make one (`prompt=create`).
   */
  identify: {
    app: AppView
    form: FormView
    value: string
    error: 'address_invalid' | null
    signUp: 'closed' | 'possible' | 'asked'
  }
  /** Waiting page: where it was sent, the code field, the state of the message, resend. */
  wait: {
    app: AppView
    masked: string
    answer: FormView
    code: CodeField
    message: MessageView
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
  /** The attempt ended by time, or was replaced by a newer one: start again with the same address. */
  'attempt-ended': { app: AppView; masked: string; again: FormView; restart: FormView }
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
  'account-switch': { app: AppView; other: string; masked: string; goOn: FormView; keep: FormView }
  /** A third-party client asks for access (RFC 6749 §10.2). */
  consent: {
    app: AppView
    madeBy: string | null
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
  /** Trial mode only: what would have been mailed. Newest first. */
  'dev-inbox': {
    messages: {
      id: string
      subject: string
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

/** Everything that can be mailed, with what it needs. Each has a subject, a text part and an HTML part. */
export interface Mails {
  /** Link and code. `code` is null while the address's short code is closed. */
  'sign-in': {
    app: AppView
    link: string
    code: string | null
    device: string
    askedAt: Date
    minutes: number
    to: string
    footer: string
  }
  /** Sign-up is closed and nobody has this address. */
  'no-account': { app: AppView; to: string; device: string; askedAt: Date; footer: string }
  /** The account of this address is closed or suspended. */
  'account-closed': { app: AppView; to: string; device: string; askedAt: Date; footer: string }
}

export type MailName = keyof Mails
