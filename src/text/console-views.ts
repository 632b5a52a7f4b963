import type { ConsoleLogViews } from './console-log-views.ts'
import type { ConsolePeopleViews } from './console-people-views.ts'
import type { ConsoleShell } from './console-shell.ts'
import type { ContactRow, FormView } from './parts.ts'

export type ClientKind = 'web' | 'spa' | 'native' | 'machine'
export type ClientSource = 'file' | 'trial' | 'console'

/** The state of a client in one badge; `secret_ends` with the day. */
export interface ClientState {
  kind: 'on' | 'off' | 'secret_ends' | 'secret_ended'
  at: Date | null
}

export interface ClientRow {
  id: string
  name: string
  letter: string
  url: string
  kind: ClientKind
  firstParty: boolean
  secondFactor: 'off' | 'optional' | 'required' | null
  source: ClientSource
  lastUsedAt: Date | null
  state: ClientState
}

/** A page of a list: the way to the one after it, and back to the first. */
export interface PagerView {
  nextUrl: string | null
  firstUrl: string | null
}

/**
 * A field of a form: its label and hint are `console.field.<name>.label` and `.hint`. Words are kept under `text`, so that
 * lines stay lines.
 */
export interface FieldView {
  name: string
  type: 'line' | 'lines' | 'choice' | 'tick' | 'ticks'
  value: { text: string }
  /** Of `choice` and `ticks`: values with their words, and which are chosen. */
  options: { value: string; label: string; hint: string; chosen: boolean }[]
  ticked: boolean
  /** Why it cannot be so, in words; empty when it can. */
  faults: string[]
  /** Addresses, ids and the like run from left to right and are set in one width. */
  mono: boolean
  rows: number
  autofocus: boolean
}

export interface SectionView {
  /** `console.section.<name>.heading` and `.words`. */
  name: string
  fields: FieldView[]
}

/** A secret that counts; it is known by its last characters. */
export interface SecretRow {
  id: string
  hint: string
  createdAt: Date
  expiresAt: Date | null
  /** It ends within a month. */
  soon: boolean
  madeBy: string
  retireUrl: string | null
}

/** One change, in words. */
export interface ChangeRow {
  name: string
  /** The label of the field; its name where it has none. */
  label: string
  before: { text: string }
  after: { text: string }
}

export interface Snippet {
  library: string
  language: string
  body: { text: string }
}

/** One parameter or claim, and what it means; empty where nobody has written it down. */
export interface ClaimRow {
  name: string
  value: { text: string }
  /** Of one that is a moment. */
  at: Date | null
  meaning: string
}

/** A fact of a registration, in words. */
export interface FactRow {
  label: string
  value: { text: string }
  mono: boolean
}

/** Pages of clients and APIs, and what stands around them. */
export interface ConsoleClientViews {
  'console-clients': {
    shell: ConsoleShell
    find: { url: string; q: string; kind: string; state: string }
    clients: ClientRow[]
    filtered: boolean
    newUrl: string | null
    pager: PagerView
    drift: { id: string; url: string }[]
    waiting: { id: string; words: string }[]
    fileFaults: string[]
  }
  /** One client. What it cannot be asked for is null: by its source, its kind, or the role. */
  'console-client': {
    shell: ConsoleShell
    client: ClientRow
    sections: { name: string; facts: FactRow[]; editUrl: string | null }[]
    warnings: string[]
    contacts: ContactRow[]
    /** What differs from the file. */
    drift: ChangeRow[]
    usesSecrets: boolean
    secrets: SecretRow[]
    newSecretUrl: string | null
    snippets: Snippet[]
    /** Who signed in within 30 days. */
    people: number
    createdAt: Date
    updatedAt: Date
    tryUrl: string | null
    switchUrl: string | null
    deleteUrl: string | null
    auditUrl: string | null
  }
  'console-client-edit': {
    shell: ConsoleShell
    client: ClientRow
    section: SectionView
    /** Faults of no field in particular. */
    faults: string[]
    /** Somebody else has changed it: what differs from what was typed (`before` is how it stands now). */
    meanwhile: boolean
    differing: ChangeRow[]
    /** The version that the form was filled from, posted as `version`. */
    version: string
    form: FormView
    backUrl: string
  }
  'console-client-look': {
    shell: ConsoleShell
    client: ClientRow
    changes: ChangeRow[]
    /** What was not so before. */
    warnings: string[]
    /** What the form before this page held. */
    carried: { name: string; value: { text: string } }[]
    form: FormView
    /** Takes the same to the form again, with `again` = `yes`. */
    againUrl: string
    backUrl: string
  }
  'console-client-new': {
    shell: ConsoleShell
    templates: { kind: ClientKind; url: string }[]
    apiUrl: string
    backUrl: string
  }
  'console-client-new-form': {
    shell: ConsoleShell
    kind: ClientKind
    fields: FieldView[]
    faults: string[]
    /** Posted as `key`: the same form sent twice makes one client. */
    key: string
    form: FormView
    backUrl: string
  }
  /** Shown once, and never again. */
  'console-client-secret': {
    shell: ConsoleShell
    made: 'client' | 'secret'
    client: ClientRow
    secret: { value: string; expiresAt: Date | null } | null
    warnings: string[]
    snippets: Snippet[]
    issuer: string
    clientUrl: string
    tryUrl: string | null
  }
  'console-secret-new': {
    shell: ConsoleShell
    client: ClientRow
    fields: FieldView[]
    faults: string[]
    key: string
    form: FormView
    backUrl: string
  }
  /** A question before something ends, or begins. `facts` is what ends. */
  'console-client-confirm': {
    shell: ConsoleShell
    question: 'disable' | 'enable' | 'delete' | 'retire' | 'delete_api' | 'try'
    /** Named in the heading. */
    subject: string
    /** Whose page one comes from. */
    place: string
    facts: { key: string; count: number }[]
    lastUsedAt: Date | null
    form: FormView
    backUrl: string
  }
  'console-apis': {
    shell: ConsoleShell
    apis: { id: string; name: string; url: string; scopes: number; clients: number; source: ClientSource | 'built-in' }[]
    newUrl: string | null
  }
  'console-api': {
    shell: ConsoleShell
    api: ApiHead
    facts: FactRow[]
    scopes: { name: string; words: string }[]
    clients: { id: string; url: string }[]
    editUrl: string | null
    deleteUrl: string | null
  }
  'console-api-edit': {
    shell: ConsoleShell
    /** Null: a new one. */
    api: ApiHead | null
    fields: FieldView[]
    faults: string[]
    /** What somebody else has changed meanwhile. */
    meanwhile: ChangeRow[] | null
    key: string
    version: string
    form: FormView
    backUrl: string
  }
  'console-search': {
    shell: ConsoleShell
    query: string
    /** Null: the role does not see them, or nothing was asked for. */
    clients: { found: { id: string; name: string; letter: string; url: string }[]; moreUrl: string | null } | null
    people: {
      found: { id: string; name: string; detail: string; initials: string; url: string }[]
      moreUrl: string | null
    } | null
  }
  /** What a sign-in with a copy of the client brought, step by step. */
  'console-try': {
    shell: ConsoleShell
    client: { name: string; url: string }
    outcome: 'done' | 'refused'
    /** Where it stopped, in the words of the engine or of the check. */
    problem: string
    request: ClaimRow[]
    answer: ClaimRow[]
    token: ClaimRow[]
    claims: ClaimRow[]
    userinfo: ClaimRow[]
    /** The proof in words: level and means. */
    proof: { level: number | null; means: string[]; at: Date | null } | null
    againUrl: string | null
  }
  /** Who is signed in administers nothing. Stands in the door. */
  'console-refused': { name: string; signOut: FormView; other: FormView; accountUrl: string }
  /** The link for the first administrator, opened by somebody who has signed in for it. Stands in the door. */
  'console-first': { name: string; claim: FormView; other: FormView }
  /** There is an administrator by now, or the link has ended or never was one. */
  'console-first-over': { state: 'closed' | 'ended'; goOnUrl: string }
  /** In the frame: the role does not allow it, there is no such thing or page, or something stands in the way. */
  'console-fault': {
    shell: ConsoleShell
    kind: ConsoleFaultKind
    words: string
    backUrl: string
  }
  'console-signed-out': { goOnUrl: string }
}

/** `no_page`: a list has no page there; its beginning is led to. */
export type ConsoleFaultKind = 'forbidden' | 'not_found' | 'no_page' | 'other'

interface ApiHead {
  id: string
  name: string
  source: ClientSource | 'built-in'
}

/** The pages of `/admin`. */
export interface ConsoleViews extends ConsoleClientViews, ConsolePeopleViews, ConsoleLogViews {}
