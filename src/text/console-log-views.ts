import type { ConsoleShell } from './console-shell.ts'
import type { Channel, FormView } from './parts.ts'

/** How a message stands, in what is known: nothing is called delivered without a receipt. */
export type MessageStanding = 'queued' | 'sending' | 'deferred' | 'handed_over' | 'delivered' | 'refused' | 'expired'

/** One message of the list, or of a person. */
export interface ConsoleMessage {
  id: string
  channel: Channel
  /** What it is, as `console.messages.what.<what>`; null where only its name is known. */
  what: string | null
  name: string
  to: string
  standing: MessageStanding
  /** When it was handed over or delivered, or is tried again. */
  at: Date | null
  createdAt: Date
  url: string
}

/** A picture: shapes in a box of 100 × 100, the words beside it, and the same as a table. */
export interface PlotView {
  heading: string
  /** What the picture shows, for those who do not see it. */
  label: string
  legend: { color: number; name: string }[]
  /** Words beside the lines, from the top, and how far down each line is. */
  ticks: string[]
  lines: number[]
  shapes: { look: 'bars' | 'trend' | 'dot'; color: number; path: string }[]
  /** Below: one under each column, or the first and the last. */
  marks: string[]
  each: boolean
  table: { head: string[]; rows: { name: string; cells: string[] }[] }
}

/** One row of the audit log, in a list. */
export interface AuditLine {
  url: string
  /** UTC, to the thousandth. */
  at: string
  event: string
  warn: boolean
  /** Whom it is about, and who did it where that was somebody else. */
  person: { id: string; url: string | null } | null
  actor: { id: string; url: string | null } | null
  client: { id: string; url: string | null } | null
  ip: string
  detail: string
}

/** A choice of a list; `key` names its words. */
export interface Choice {
  value: string
  key: string
  chosen: boolean
}

/** What happened and how things stand: start, messages, keys, the audit log. */
export interface ConsoleLogViews {
  'console-start': {
    shell: ConsoleShell
    action: string
    spans: Choice[]
    notices: { heading: string; words: string; url: string | null; go: string }[]
    /** Nobody has begun to sign in during these days. */
    idle: boolean
    stats: { term: string; value: string; detail: string }[]
    methods: PlotView
    completion: PlotView
    handOver: PlotView | null
    spend: PlotView | null
    /** `share`: of the most frequent one, from 0 to 100. */
    failures: { name: string; count: string; share: number }[]
    countedTo: Date | null
  }
  'console-messages': {
    shell: ConsoleShell
    action: string
    to: string
    /** What was typed as an address is none. */
    fault: string | null
    channels: Choice[]
    states: Choice[]
    messages: ConsoleMessage[]
    moreUrl: string | null
    filtered: boolean
  }
  'console-message': {
    shell: ConsoleShell
    message: ConsoleMessage
    tries: number
    route: string | null
    reason: string | null
    /** Why its address takes no messages, and since when. */
    suppressed: { reason: string; since: Date | null } | null
    retry: FormView | null
    /** Asks whether the address is to take messages again. */
    liftUrl: string | null
    toUrl: string
    backUrl: string
  }
  /** A question before an address takes messages again. Posts `address`. */
  'console-lift': { shell: ConsoleShell; address: string; reason: string; form: FormView; backUrl: string }
  'console-keys': {
    shell: ConsoleShell
    keys: {
      kid: string
      alg: string
      state: 'next' | 'current' | 'previous'
      createdAt: Date | null
      activatedAt: Date | null
      publishedUntil: Date | null
    }[]
    /** Who makes the keys: the service, or a file. */
    source: 'service' | 'file'
    /** Null: they are exchanged only when somebody asks. */
    everyDays: number | null
    /** New keys are published and sign nothing yet: of the active applications so many have seen them. */
    waits: {
      publishedAt: Date
      activateBy: Date | null
      seen: number
      active: number
      waiting: { name: string; fetchedAt: Date | null }[]
    } | null
    rotateUrl: string | null
    activateUrl: string | null
    leakedUrl: string | null
  }
  /** A question before signing keys are exchanged. */
  'console-keys-confirm': {
    shell: ConsoleShell
    question: 'rotate' | 'activate' | 'leaked'
    form: FormView
    backUrl: string
  }
  'console-audit': {
    shell: ConsoleShell
    action: string
    filter: { person: string; client: string; actor: string; event: string; from: string; to: string }
    /** The filter cannot be so, in words. */
    fault: string | null
    /** Beginnings of events that can be chosen. */
    groups: string[]
    lines: AuditLine[]
    moreUrl: string | null
    chain: { rows: string; waiting: string; headAt: Date | null }
    verifyUrl: string
    exportUrl: string
    filtered: boolean
  }
  'console-audit-entry': {
    shell: ConsoleShell
    entry: AuditLine & {
      id: string
      request: string | null
      attempt: string | null
      device: string | null
      help: string | null
      chain: { place: string; hash: string } | null
    }
    detail: { name: string; value: string }[]
    backUrl: string
  }
  'console-audit-verify': {
    shell: ConsoleShell
    checked: string
    rows: string
    /** Rows that are in no chain yet, so that nothing can be said of them. */
    waiting: number
    /** Of a hundred. */
    share: number
    broken: { id: string | null; place: string; words: string; url: string | null } | null
    head: string | null
    /** Where the next stretch is checked; null at the end. */
    onUrl: string | null
    backUrl: string
  }
}
