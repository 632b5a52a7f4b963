import type { Audit } from '../audit/index.ts'
import type { Clock, Log, Transact, Tx } from '../base/index.ts'

/** What an application's address is asked for. */
export type ContactPurpose = 'jwks' | 'logout' | 'sector'

/** How the last tries to reach an address of an application went. */
export interface ClientContact {
  purpose: ContactPurpose
  lastOkAt: Date | null
  failedAt: Date | null
  /** In a row, until one went well. */
  failures: number
  /** Class of the last failure, such as `timeout`, `status_500` or `address_not_allowed`. */
  reason: string | null
}

/** What several tries came to. */
export interface ContactNews {
  clientId: string
  purpose: ContactPurpose
  okAt: Date | null
  failedAt: Date | null
  /** Since the last one that went well, among these. */
  failures: number
  reason: string | null
}

export interface ContactStore {
  /**
   * Adds what is new, and answers how many failures in a row there were before and are now; null where there is no such
   * client. Single-winner: of several processes that tell at once each sees what the other has left.
   */
  add(tx: Tx, news: ContactNews): Promise<{ before: number; after: number } | null>
}

export interface ClientContacts {
  /** Notes one try. Costs no statement: it is written a little later. */
  note(clientId: string, purpose: ContactPurpose, outcome: { ok: true } | { ok: false; reason: string }): void
  /** Writes what was noted. */
  write(): Promise<void>
  /** Begins to write, every few seconds. */
  start(): void
  /** Writes what is left, and ends. */
  stop(): Promise<void>
}

/** In a row; the trail tells of it once. */
const UNREACHABLE_FROM = 5
const WRITE_EVERY_MS = 2000
/** A success after a success is no news for so long. */
const SAME_MS = 5 * 60_000
const KEPT_MAX = 10_000

/** Keeps how applications can be reached, for those who administer them: off the request path, and seldom where nothing changes. */
export function createClientContacts(deps: {
  store: ContactStore
  audit: Pick<Audit, 'record'>
  transact: Transact
  clock: Clock
  log: Log
}): ClientContacts {
  const { store, audit, transact, clock, log } = deps
  const waiting = new Map<string, ContactNews>()
  /** When a success was written last, of those whose last try went well. */
  const fine = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  const note: ClientContacts['note'] = (clientId, purpose, outcome) => {
    const now = clock.now()
    const key = `${purpose} ${clientId}`
    const known = waiting.get(key)
    if (!known && waiting.size >= KEPT_MAX) return
    if (outcome.ok && !known && now.getTime() - (fine.get(key) ?? 0) < SAME_MS) return
    const news = known ?? { clientId, purpose, okAt: null, failedAt: null, failures: 0, reason: null }
    if (outcome.ok) waiting.set(key, { ...news, okAt: now, failures: 0 })
    else waiting.set(key, { ...news, failedAt: now, failures: news.failures + 1, reason: outcome.reason })
    if (fine.size >= KEPT_MAX) fine.clear()
    if (outcome.ok) fine.set(key, now.getTime())
    else fine.delete(key)
  }

  async function writeAll(): Promise<void> {
    for (const [key, news] of [...waiting]) {
      waiting.delete(key)
      await writeOne(news).catch((err) => log.warn({ err }, 'how an application can be reached could not be written'))
    }
  }

  function writeOne(news: ContactNews): Promise<void> {
    return transact(async (tx) => {
      const { clientId, purpose } = news
      const failures = await store.add(tx, news)
      if (!failures) return
      const [was, is] = [failures.before >= UNREACHABLE_FROM, failures.after >= UNREACHABLE_FROM]
      if (is && !was) {
        await audit.record(tx, 'client.unreachable', { clientId, detail: { purpose, reason: news.reason ?? '' } })
      } else if (was && !is) await audit.record(tx, 'client.reachable', { clientId, detail: { purpose } })
    })
  }

  function write(): Promise<void> {
    writing = writing.then(writeAll)
    return writing
  }

  return {
    note,
    write,
    start() {
      timer ??= setInterval(() => void write(), WRITE_EVERY_MS).unref()
    },
    stop() {
      clearInterval(timer)
      return write()
    },
  }
}
