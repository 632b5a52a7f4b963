import type { AppView } from './parts.ts'

/** What a person is told of: something was done to their account, or happened to a way into it. */
export type NoticeKind =
  | 'device_new'
  | 'factor_added'
  | 'factor_removed'
  | 'passkey_removed'
  | 'second_always'
  | 'second_no_longer'
  | 'passkey_added'
  | 'codes_replaced'
  | 'code_used'
  | 'address_added'
  | 'address_changing'
  | 'address_removing'
  | 'account_closing'
  | 'account_closing_by_admin'
  | 'rescue_started'
  | 'rescue_halfway'
  | 'rescue_open'
  | 'rescue_stopped'
  | 'rescue_lapsed'
  | 'rescue_completed'
  | 'address_dead'

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
  /** A code alone: somebody who is signed in wants this address for their account. */
  'prove-address': { to: string; code: string; minutes: number; device: string; askedAt: Date; footer: string }
  /**
   * What was done, and the way to object. No name that a person gave stands in it: `name` is not shown.
   * `values`: of `device_new` `app`; of `code_used` `left`; of `address_*` `address`, masked; of what is to come `at`,
   * its moment (ISO 8601).
   */
  notice: {
    to: string
    kind: NoticeKind
    values: Readonly<Record<string, string>>
    device: string
    at: Date
    /** Where it can be objected to, until `until`; null where there is nothing to object to. */
    link: string | null
    until: Date | null
    /** Who helps where nothing can be taken back: an address, or a page. */
    contact?: string
    footer: string
  }
  /** Somebody may join. Without an application it is in the name of this service. It names nobody, and its link opens nothing. */
  invitation: { app?: AppView; to: string; link: string; askedAt: Date; until: Date; footer: string }
}

export type MailName = keyof Mails

/** Everything that can be texted. Each is one part of at most 160 GSM-7 characters, whatever its values are. */
export interface Sms {
  /** Ends in a blank line and `@host #code`, the origin-bound form (WICG) that phones fill in. */
  'sign-in': { app: AppView; code: string; minutes: number; host: string }
  'no-account': { app: AppView }
  'account-closed': { app: AppView }
  /** In the name of this service itself; see the mail. */
  'prove-address': { code: string; minutes: number; host: string }
  /**
   * See the mail. It names nothing but what was done, so that nobody's words stand in it. The link goes by itself on
   * its end, and is left out only where the address of this service leaves no room for it.
   */
  notice: { kind: NoticeKind; link: string | null }
}

export type SmsName = keyof Sms
