import type { ConsoleLogViews } from './console-log-views.ts'
import type { ConsolePeopleViews } from './console-people-views.ts'
import type { FormView } from './parts.ts'

/** The entries of the rail. */
export type ConsoleEntry = 'start' | 'clients' | 'apis' | 'people' | 'messages' | 'keys' | 'audit' | 'administrators'

/** What every page of the console shows around its own. */
export interface ConsoleShell {
  /** Who is signed in, two letters for it, and as what. */
  name: string
  initials: string
  role: 'admin' | 'support' | 'auditor'
  here: ConsoleEntry | null
  /** What the role may see. */
  rail: { entry: ConsoleEntry; url: string }[]
  /** Times of today are told by the clock alone. */
  now: Date
  /** Looks for everything; `query` is what was looked for last. */
  search: { url: string; query: string }
  signOut: FormView
  /** What was just done: the key of a sentence, and what it names; said once. */
  said: { key: string; values: Readonly<Record<string, string>> } | null
  /** Why something was not done; said once. */
  fault: string | null
}

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

/** A part of a page that has no field: what it says about a declared client. */
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

/** One claim, and what it means (`console.claim.<name>`, where there is one). */
export interface ClaimRow {
  name: string
  value: { text: string }
  meaning: string
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
  'console-client': {
    shell: ConsoleShell
    client: ClientRow
    sections: { name: string; facts: { label: string; value: { text: string }; mono: boolean }[] }[]
    warnings: string[]
    /** What differs from the file. */
    drift: ChangeRow[]
    secrets: SecretRow[]
    snippets: Snippet[]
    /** Null where the client keeps no secret. */
    newSecretUrl: string | null
    usesSecrets: boolean
    createdAt: Date
    updatedAt: Date
    editUrl: string | null
    tryForm: FormView | null
    switchUrl: string | null
    deleteUrl: string | null
    auditUrl: string | null
  }
  'console-client-edit': {
    shell: ConsoleShell
    client: ClientRow
    sections: SectionView[]
    /** Faults of no field in particular. */
    faults: string[]
    /** Fields that somebody else has changed meanwhile. */
    meanwhile: ChangeRow[]
    /** The version that the form was filled from. */
    version: string
    form: FormView
    backUrl: string
  }
  'console-client-look': {
    shell: ConsoleShell
    client: ClientRow
    changes: ChangeRow[]
    warnings: string[]
    /** What the form before this page held. */
    carried: { name: string; value: { text: string } }[]
    form: FormView
    backUrl: string
  }
  'console-client-new': {
    shell: ConsoleShell
    templates: { kind: ClientKind; url: string }[]
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
    tryForm: FormView | null
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
  /** A question before something ends, or begins again. `facts` is what ends. */
  'console-client-confirm': {
    shell: ConsoleShell
    question: 'disable' | 'enable' | 'delete' | 'retire' | 'delete_api'
    /** Named in the heading. */
    subject: string
    facts: { key: string; count: number }[]
    lastUsedAt: Date | null
    form: FormView
    /** Sent along. */
    carried: { name: string; value: { text: string } }[]
    backUrl: string
    backLabel: string
  }
  'console-apis': {
    shell: ConsoleShell
    apis: { id: string; name: string; url: string | null; scopes: string[]; clients: number; source: ClientSource | 'built-in' }[]
    newUrl: string | null
  }
  'console-api': {
    shell: ConsoleShell
    /** Null: a new one. */
    id: string | null
    name: string
    source: ClientSource | 'built-in'
    /** Empty where nothing can be changed: then `facts` say how it is. */
    fields: FieldView[]
    facts: { label: string; value: { text: string }; mono: boolean }[]
    faults: string[]
    clients: { id: string; url: string }[]
    key: string
    version: string
    form: FormView | null
    deleteUrl: string | null
    backUrl: string
  }
  'console-search': {
    shell: ConsoleShell
    query: string
    /** Null: the role does not see them. */
    clients: { id: string; name: string; letter: string; url: string }[] | null
    people: { id: string; name: string; detail: string; initials: string; url: string }[] | null
    moreClientsUrl: string | null
    morePeopleUrl: string | null
  }
  /** What a sign-in with a copy of the client brought, step by step. */
  'console-try': {
    shell: ConsoleShell
    client: { name: string; url: string }
    outcome: 'done' | 'refused' | 'over'
    /** Where it stopped, in the words of the engine or of the check. */
    problem: string
    request: { name: string; value: { text: string }; meaning: string }[]
    answer: { name: string; value: { text: string }; meaning: string }[]
    token: { name: string; value: { text: string }; meaning: string }[]
    claims: ClaimRow[]
    userinfo: ClaimRow[]
    /** The proof in words: level and means. */
    proof: { level: number; means: string[]; at: Date } | null
    again: FormView | null
  }
  /** Who is signed in administers nothing. Stands in the door. */
  'console-refused': { name: string; signOut: FormView; other: FormView; accountUrl: string }
  /** In the frame: the role does not allow it, there is no such thing, or something stands in the way. */
  'console-fault': {
    shell: ConsoleShell
    kind: 'forbidden' | 'not_found' | 'other'
    words: string
    backUrl: string
  }
  'console-signed-out': { goOnUrl: string }
}

/** The pages of `/admin`. */
export interface ConsoleViews extends ConsoleClientViews, ConsolePeopleViews, ConsoleLogViews {}
