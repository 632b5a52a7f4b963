import type { Channel, CodeField, FormView, MessageView, PasskeyFormView } from './parts.ts'
import type { RescueBanner } from './rescue-views.ts'

/** What every page of the account page shows around its own. */
export interface AccountShell {
  /** How the person is called, and two letters for it. */
  name: string
  initials: string
  here: AccountPlace
  /** Where the entries of the rail lead. */
  urls: Readonly<Record<AccountPlace, string>>
  /** Times of today are told by the clock alone. */
  now: Date
  signOut: FormView
  /** The person asked for the account to be deleted: until then it can be kept. */
  closing: { at: Date; keep: FormView } | null
  /** Somebody asked to get in without the second proof: until it is over it can be stopped. */
  rescue: RescueBanner | null
  /** What was just done; said once. */
  said: AccountSaid | null
}

/** The entries of the rail. */
export type AccountPlace = 'overview' | 'methods' | 'devices' | 'apps' | 'activity' | 'profile' | 'data'

export type AccountSaid =
  | 'address_added'
  | 'address_revived'
  | 'address_changing'
  | 'address_removing'
  | 'address_kept'
  | 'factor_added'
  | 'factor_renamed'
  | 'factor_removed'
  | 'passkey_added'
  | 'passkey_removed'
  | 'always_on'
  | 'always_off'
  | 'passkey_needed'
  | 'codes_kept'
  | 'session_ended'
  | 'others_ended'
  | 'device_forgotten'
  | 'app_ended'
  | 'profile_saved'
  | 'account_kept'
  | 'rescue_stopped'
  | 'authenticator_stays'
  | 'administrator_stays'

export interface AddressRow {
  kind: 'email' | 'phone'
  address: string
  primary: boolean
  provenAt: Date
  /** Opens the account from then on; null when it does. */
  usableFrom: Date | null
  /** What is to come, and the form that stops it. */
  pending: { what: 'primary' | 'removal'; at: Date; keep: FormView } | null
  /** Where it is changed for another one; null while something is to come. */
  changeUrl: string | null
  makePrimaryUrl: string | null
  /** Null: the last one cannot be removed. */
  removeUrl: string | null
  /** Messages come back from it since then, and the form that has it proven again; posts `address`. Null for a living one. */
  dead: { since: Date; prove: FormView } | null
}

export interface FactorRow {
  kind: 'totp' | 'passkey'
  /** Of a passkey: it was copied to the person's other devices, when it was used last. */
  synced: boolean
  name: string
  addedAt: Date
  lastUsedAt: Date | null
  url: string
}

/** One line of what happened: `key` names the sentence in the locales (`account.activity.<key>`). */
export interface ActivityRow {
  at: Date
  key: string
  /**
   * `app`: of `signed_in`, `device_new`, `consent_granted`, `app_ended`; `address`, masked: of `address_*`. `method`
   * stands beneath `signed_in`, `code_wrong` and `code_closed`: link, code, email, sms, totp, recovery, or what `amr`
   * calls them, one or several with spaces between them.
   */
  values: Readonly<Record<string, string>>
  device: string | null
  /** Something that the person should look at. */
  warn: boolean
}

/** What a confirmation page asks, in its heading. */
export type ConfirmQuestion =
  | 'end_others'
  | 'end_app'
  | 'make_primary'
  | 'remove_address'
  | 'remove_factor'
  | 'remove_passkey'
  | 'always_ask'
  | 'ask_no_longer'
  | 'new_codes'
  | 'close_account'

/** The pages of `/account`. All but the last three stand in the house layout with its rail. */
export interface AccountViews {
  'account-overview': {
    shell: AccountShell
    addresses: AddressRow[]
    factors: FactorRow[]
    /** Recovery codes that are left; null where there are none because there is no second factor. */
    codesLeft: number | null
    activity: ActivityRow[]
    /** The one thing to be done, if there is one: codes run low, or a text is the only way in. */
    advice: 'codes_low' | 'only_texts' | null
    urls: { methods: string; add: string; activity: string; codes: string }
  }
  'account-methods': {
    shell: AccountShell
    addresses: AddressRow[]
    factors: FactorRow[]
    codesLeft: number | null
    passkeys: FactorRow[]
    /** Whether one of them is asked for in every sign-in: the person wants it so, or administers. */
    always: 'on' | 'off' | 'role'
    urls: {
      addEmail: string | null
      addPhone: string | null
      addPasskey: string | null
      /** Where that is changed; null where it cannot be. */
      always: string | null
      addFactor: string | null
      newCodes: string | null
    }
  }
  /** Which address? `replaces`: the one that the new one takes the place of, after `holdDays`. */
  'account-address-new': {
    shell: AccountShell
    kind: 'email' | 'phone'
    replaces: string | null
    holdDays: number
    /** Posts `address`. */
    form: FormView
    value: string
    error: 'address_invalid' | 'phone_unfit' | 'texts_closed' | 'own_already' | null
    backUrl: string
  }
  /** The code that was sent there. */
  'account-address-prove': {
    shell: AccountShell
    channel: Channel
    address: string
    /** Posts `code`. */
    answer: FormView
    code: CodeField
    message: MessageView | null
    goodUntil: Date
    resend: FormView & { left: number; waitSeconds: 0 | 15 | 30 | 45 | 60 }
    cancel: FormView
    /** It was proven, and belongs to another account. */
    error: 'taken' | null
  }
  /** One authenticator or passkey: its name, its removal. Posts `name`. */
  'account-factor': { shell: AccountShell; factor: FactorRow; form: FormView; removeUrl: string; backUrl: string }
  /** Setting one up; posts `code` and `name`. */
  'account-totp': {
    shell: AccountShell
    qr: { size: number; path: string }
    key: string
    name: string
    error: 'code_wrong' | null
    form: FormView
    backUrl: string
  }
  /** Making a passkey, by script alone; posts `response`. */
  'account-passkey-new': {
    shell: AccountShell
    form: PasskeyFormView
    error: 'passkey_refused' | 'passkey_known' | 'passkey_full' | null
    backUrl: string
  }
  /** Shown until the person says that they have them. */
  'account-codes': { shell: AccountShell; codes: string[]; downloadUrl: string; form: FormView }
  'account-devices': {
    shell: AccountShell
    sessions: {
      device: string
      /** The one that asks. */
      own: boolean
      since: Date
      lastSeenAt: Date
      apps: string[]
      end: FormView | null
      /** Posted with the form, as `session`. */
      id: string
    }[]
    /** Null where there is no other session. */
    endOthersUrl: string | null
    remembered: { device: string; until: Date; lastUsedAt: Date; forget: FormView; id: string }[]
  }
  'account-apps': {
    shell: AccountShell
    apps: {
      name: string
      letter: string
      /** What it may do, in words. */
      can: string[]
      since: Date
      lastUsedAt: Date | null
      /** Also while the person is away. */
      offline: boolean
      /** One's own application: it needs no permission, and can be signed out all the same. */
      firstParty: boolean
      endUrl: string
    }[]
  }
  'account-activity': { shell: AccountShell; entries: ActivityRow[]; olderUrl: string | null }
  /** Standard claims that a person may write. `faults`: fields that cannot be so. */
  'account-profile': {
    shell: AccountShell
    fields: { name: string; value: string; type: 'text' | 'url' | 'date' | 'timezone'; fault: boolean }[]
    form: FormView
  }
  'account-data': { shell: AccountShell; downloadUrl: string; closeUrl: string | null; graceDays: number }
  /** A question before something ends. `items` is what ends; `subject` is named in the heading. */
  'account-confirm': {
    shell: AccountShell
    question: ConfirmQuestion
    subject: string
    items: { label: string; detail: string }[]
    /** Days until it happens, where that is not at once. */
    days: number | null
    form: FormView
    backUrl: string
  }
  /** Nobody is signed in on the account page (any more). */
  'account-signed-out': { goOnUrl: string; closed: boolean }
  /** From a mail, in any browser: what was done, and "that was not me". `done`: the objection has been taken. */
  'account-notice': {
    kind: string
    values: Readonly<Record<string, string>>
    device: string
    at: Date
    objectUntil: Date
    form: FormView
  }
  /** The link is unknown, out of time, or was used: one answer. */
  'account-notice-ended': { signInUrl: string }
  'account-notice-done': { kind: string; signInUrl: string }
}
