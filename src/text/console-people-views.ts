import type { ConsoleMessage } from './console-log-views.ts'
import type { ConsoleShell } from './console-shell.ts'
import type { FormView } from './parts.ts'

export type ConsoleRole = 'admin' | 'support' | 'auditor'

/** One person in a list. */
export interface PersonLine {
  /** The name, else an address, else the id. */
  called: string
  initials: string
  /** An address, where `called` is the name. */
  address: string | null
  url: string
  state: 'active' | 'suspended' | 'closed'
  role: ConsoleRole | null
  since: Date
  lastSignInAt: Date | null
}

/** What happened to a person: `key` names its sentence (`console.person.event.<key>`); null where there is none. */
export interface PersonEvent {
  at: Date
  key: string | null
  event: string
  warn: boolean
  client: string
  /** Somebody who administers did it, not the person. */
  byAdministrator: boolean
  device: string
}

/** What a confirmation page asks, in its heading. */
export type PersonQuestion =
  | 'suspend'
  | 'resume'
  | 'end_sessions'
  | 'end_session'
  | 'remove_factor'
  | 'cancel_rescue'
  | 'revoke_app'
  | 'close'
  | 'keep'
  | 'revoke_role'
  | 'withdraw'

interface Choosable {
  value: string
  key: string
  chosen: boolean
}

export interface ConsolePeopleViews {
  'console-people': {
    shell: ConsoleShell
    action: string
    q: string
    states: Choosable[]
    roles: Choosable[]
    people: PersonLine[]
    filtered: boolean
    moreUrl: string | null
    inviteUrl: string | null
    invitationsUrl: string
  }
  'console-person': {
    shell: ConsoleShell
    person: PersonLine & { id: string }
    closingAt: Date | null
    /** One that waits, after a second proof was lost. */
    rescue: {
      by: 'person' | 'administrator'
      device: string
      startedAt: Date
      opensAt: Date
      lapsesAt: Date
      ready: boolean
      shortenUrl: string | null
      cancelUrl: string | null
    } | null
    /** Got back in by one, the last time. */
    recoveredAt: Date | null
    backUrl: string
    /** What may be done; null where it may not. */
    urls: {
      rename: string | null
      suspend: string | null
      resume: string | null
      endSessions: string | null
      close: string | null
      keep: string | null
      rescue: string | null
      role: string | null
      revokeRole: string | null
      download: string | null
      activity: string
      messages: string
      audit: string | null
    }
    addresses: {
      kind: 'email' | 'phone'
      address: string
      primary: boolean
      /** Null: an import said so, and nobody has proven it. */
      provenAt: Date | null
      usableFrom: Date | null
      leavesAt: Date | null
      suppressed: string | null
      liftUrl: string | null
    }[]
    factors: {
      kind: string
      /** Of a passkey: it was copied to the person's other devices; null of all else. */
      synced: boolean | null
      name: string
      addedAt: Date
      lastUsedAt: Date | null
      removeUrl: string | null
    }[]
    codesLeft: number | null
    sessions: { device: string; since: Date; lastSeenAt: Date; apps: string; endUrl: string | null }[]
    devices: { name: string; until: Date; lastUsedAt: Date }[]
    apps: {
      id: string
      name: string
      letter: string
      scopes: string
      since: Date
      lastUsedAt: Date | null
      revokeUrl: string | null
    }[]
    messages: ConsoleMessage[]
    events: PersonEvent[]
    profile: { name: string; value: string }[]
  }
  'console-person-activity': {
    shell: ConsoleShell
    called: string
    events: PersonEvent[]
    moreUrl: string | null
    backUrl: string
  }
  'console-person-messages': {
    shell: ConsoleShell
    called: string
    messages: ConsoleMessage[]
    moreUrl: string | null
    backUrl: string
  }
  /** A question before something is done to a person. `items` is what ends with it. */
  'console-person-confirm': {
    shell: ConsoleShell
    question: PersonQuestion
    subject: string
    items: { label: string; detail: string }[]
    form: FormView
    backUrl: string
  }
  /** The names that the profile says. Posts `version` and each field by its name. */
  'console-person-name': {
    shell: ConsoleShell
    called: string
    fields: { name: string; value: string; fault: string | null }[]
    /** Why it cannot be, for a reason of no field. */
    other: string | null
    version: string
    form: FormView
    backUrl: string
  }
  /** The wait of a rescue: begun, or made shorter. Posts `hours`, and `reason` of `start`. */
  'console-person-rescue': {
    shell: ConsoleShell
    called: string
    what: 'start' | 'shorten'
    /** Of `shorten`: when it opens as it stands. */
    opensAt: Date | null
    now: Date
    hours: string
    reason: string
    faults: { hours: string | null; reason: string | null; other: string | null }
    form: FormView
    backUrl: string
  }
  /** Posts `role`. */
  'console-person-role': {
    shell: ConsoleShell
    called: string
    /** What the person is now. */
    current: ConsoleRole | null
    roles: ConsoleRole[]
    secondFactor: boolean
    form: FormView
    backUrl: string
  }
  /** Posts `address`, `client` and `days`. */
  'console-invite': {
    shell: ConsoleShell
    address: string
    client: string
    days: string
    faults: { address: string | null; client: string | null; days: string | null; other: string | null }
    form: FormView
    backUrl: string
  }
  'console-invitations': {
    shell: ConsoleShell
    invitations: { address: string; role: ConsoleRole | null; createdAt: Date; expiresAt: Date; withdrawUrl: string | null }[]
    moreUrl: string | null
    inviteUrl: string | null
    backUrl: string
  }
  'console-administrators': {
    shell: ConsoleShell
    mayGrant: boolean
    administrators: (PersonLine & { secondFactor: boolean; revokeUrl: string | null; roleUrl: string | null })[]
    peopleUrl: string
  }
}
