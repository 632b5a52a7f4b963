// What pages and messages have in common.

/** The application a person is signing in to, as far as pages and mails show it. */
export interface AppView {
  name: string
  /** One letter for the arch. */
  letter: string
  /** Where "Go to {app}" leads; absent when the client registered none. */
  url?: string
}

/** How a message goes. */
export type Channel = 'email' | 'sms'

/**
 * Why no message goes to an address. `rejected`: the mail server says there is no such address. `bounced`: a mail came
 * back before, or was called unwanted. `unreachable`: the number takes no texts. `opted_out`: its owner stopped ours.
 * `no_budget`: no texts are sent now. `bounced`, `opted_out` and `unreachable` are remembered.
 */
export type RefusedWhy = 'rejected' | 'bounced' | 'unreachable' | 'opted_out' | 'no_budget'

/**
 * What the waiting page says about the newest message. Never more than the next server said. `domain` is the mail
 * address's; empty for a text.
 */
export type MessageView =
  | { state: 'queued' }
  | { state: 'handed_over'; at: Date }
  /** Only where a receipt said so. */
  | { state: 'delivered'; at: Date; domain: string }
  /** `nextAt` null: nothing more is tried. */
  | { state: 'deferred'; nextAt: Date | null; domain: string }
  | { state: 'refused'; why: RefusedWhy; domain: string }

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

/** A form that the page's script fills with what a passkey answers, as `response`; it asks `optionsUrl` what to ask for (JSON). */
export interface PasskeyFormView extends FormView {
  optionsUrl: string
}

/** How an address of a client could be reached; `console.contact.why.<why>` says what stood in the way. */
export interface ContactRow {
  kind: 'jwks' | 'logout' | 'sector'
  failures: number
  okAt: Date | null
  failedAt: Date | null
  why:
    | 'timeout'
    | 'address_not_allowed'
    | 'redirected'
    | 'too_large'
    | 'name_not_found'
    | 'certificate'
    | 'no_keys'
    | 'status'
    | 'other'
  /** Of `status`. */
  status: string
}

/** A way to give the second proof; a press posts `way` = `kind`. */
export interface WayView {
  kind: 'passkey' | 'totp' | 'sms' | 'email' | 'recovery'
  /** Of `totp` and `passkey` its name; of `sms` and `email` the masked address. */
  detail: string | null
  lastUsedAt: Date | null
  /** Of `recovery`: codes that were not used. */
  left?: number
}
