import type { Audit } from '../audit/index.ts'
import { type Clock, hashOf, type Log, type Transact } from '../base/index.ts'
import type { ClientStore, ClientsFile, Ids } from './client.ts'
import type { Applied, Clients } from './create-clients.ts'
import { type FieldChange, type PlannedEntry, STILL_ENDING } from './plan.ts'
import { type ClientsFileOptions, readClientsFile } from './read-clients-file.ts'

/** How often the file and the secrets that it names are looked at. Mounted folders tell nobody that they changed. */
const LOOK_EVERY_MS = 2000
/** How often what is registered is compared with the file. */
const DRIFT_EVERY_MS = 60_000
const REASON_CHARACTERS_MAX = 2000

/** How the clients file stands to what is registered. */
export interface ClientsFileState {
  /** False where no file is set. */
  declared: boolean
  /** When a file was applied last, by any process. */
  appliedAt: Date | null
  /** Why the file as it is now cannot be applied; what was applied last stands. */
  faults: readonly string[]
  /** Clients that wait for a secret. */
  waiting: readonly { clientId: string; words: string }[]
  /** What differs from the file that this process applied last. */
  drift: readonly { id: string; changes: readonly FieldChange[] }[]
}

export type PlanResult = { ok: true; entries: readonly PlannedEntry[] } | { ok: false; faults: readonly string[] }

export interface ClientsFileDesk {
  /**
   * Reads the file and applies it. Throws one error with all its faults, a line for each. Null where no file is set: what
   * one has declared before stays its own, since another process may have it.
   */
  begin(): Promise<Applied | null>
  /** Leaves what a file has declared to those who administer, as it is. Answers what it was. */
  release(): Promise<Ids>
  /** What `begin` would do now. Changes nothing. */
  plan(): Promise<PlanResult>
  /**
   * Looks whether the file, or a secret that it names, has changed since this process last saw it, and applies it then.
   * A file with faults is told of once, and what was applied last stands. What others changed is told of, never undone.
   */
  look(): Promise<void>
  /** Looks every few seconds until the process stops; what fails is tried again. */
  watch(): void
  stop(): Promise<void>
  state(): Promise<ClientsFileState>
}

export interface ClientsFileDeps extends Omit<ClientsFileOptions, 'readSecretFile'> {
  /** Null where no file is set. */
  path: string | null
  /** Answers the text of a file, or throws. */
  readFile(path: string): string
  clients: Pick<Clients, 'apply' | 'plan' | 'release'>
  store: Pick<ClientStore, 'lastApplied'>
  transact: Transact
  audit: Pick<Audit, 'record' | 'note'>
  clock: Clock
  log: Log
  /** 2 s. */
  lookEveryMs?: number
}

/** What one look has seen. */
interface Seen {
  /** Of everything that was read: the file, and each file of a secret. */
  mark: string
  secretFiles: readonly string[]
  result: { ok: true; file: ClientsFile } | { ok: false; faults: readonly string[] }
}

/**
 * The clients file: read and applied at the start, and whenever it changes. Every process reads it; of several that see
 * a change at once the first applies it, and the others find nothing to do.
 */
export function createClientsFile(deps: ClientsFileDeps): ClientsFileDesk {
  const { path, clients, transact, audit, clock, log } = deps
  let seen: Seen | null = null
  let applied: ClientsFile | null = null
  /** A client waits for what ends by itself. */
  let unfinished = false
  const told = { waiting: '', drift: '', driftAt: 0 }
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()

  function read(file: string): Seen {
    const texts = new Map<string, string | null>()
    const text = attempt(() => deps.readFile(file))
    if (text === null) return { mark: '', secretFiles: [], result: { ok: false, faults: ['the file cannot be read'] } }
    const readSecretFile = (name: string) => {
      texts.set(
        name,
        attempt(() => deps.readFile(name)),
      )
      return texts.get(name) ?? fail(name)
    }
    const result = readClientsFile(text, { ...deps, readSecretFile })
    return { mark: markOf(text, texts), secretFiles: [...texts.keys()], result }
  }

  // Cheap: nothing is parsed while nothing has changed.
  function markNow(file: string, secretFiles: readonly string[]): string {
    const text = attempt(() => deps.readFile(file))
    if (text === null) return ''
    return markOf(text, new Map(secretFiles.map((name) => [name, attempt(() => deps.readFile(name))])))
  }

  async function apply(file: ClientsFile): Promise<Applied> {
    const result = await transact(async (tx) => {
      const done = await clients.apply(tx, file, 'file', digestOf(file))
      const { change } = done
      if (change !== null) await audit.record(tx, 'client.applied', { detail: { source: 'file', change } })
      return done
    })
    applied = file
    unfinished = result.waiting.some(({ words }) => words === STILL_ENDING)
    await tellWaiting(result.waiting)
    return result
  }

  async function tellWaiting(waiting: Applied['waiting']): Promise<void> {
    const key = JSON.stringify(waiting)
    if (key === told.waiting) return
    told.waiting = key
    for (const { id, words } of waiting) {
      await audit.note('clients_file.waiting', { clientId: id, detail: { reason: words.slice(0, REASON_CHARACTERS_MAX) } })
    }
  }

  async function begin(): Promise<Applied | null> {
    if (path === null) return null
    const now = read(path)
    if (!now.result.ok) throw new Error(now.result.faults.map((fault) => `${path}: ${fault}`).join('\n'))
    const result = await apply(now.result.file)
    seen = now
    return result
  }

  async function release(): Promise<Ids> {
    return transact(async (tx) => {
      const released = await clients.release(tx)
      const ids = [...released.clients, ...released.resourceServers]
      if (ids.length > 0) {
        const change = `left to the console, ${ids.length} of the file: ${ids.join(', ')}`.slice(0, REASON_CHARACTERS_MAX)
        await audit.record(tx, 'client.applied', { actorId: 'local', detail: { source: 'console', change } })
      }
      return released
    })
  }

  async function plan(): Promise<PlanResult> {
    if (path === null) return { ok: true, entries: [] }
    const { result } = read(path)
    return result.ok ? { ok: true, entries: await clients.plan(result.file, 'file') } : result
  }

  async function look(): Promise<void> {
    if (path === null) return
    if (!seen || unfinished || markNow(path, seen.secretFiles) !== seen.mark) {
      const now = read(path)
      if (now.result.ok) await apply(now.result.file)
      else await refuse(now.result.faults)
      seen = now // only now: what could not be written is tried again
    }
    const at = clock.now().getTime()
    if (Math.abs(at - told.driftAt) < DRIFT_EVERY_MS) return
    await tellDrift()
    told.driftAt = at
  }

  async function refuse(faults: readonly string[]): Promise<void> {
    const before = seen?.result
    if (before && !before.ok && before.faults.join() === faults.join()) return
    await audit.note('clients_file.refused', { detail: { reason: faults.join('; ').slice(0, REASON_CHARACTERS_MAX) } })
  }

  async function tellDrift(): Promise<void> {
    const { drift } = await compareNow()
    const key = JSON.stringify(drift)
    if (key !== told.drift && drift.length > 0) {
      const change = drift.map(({ id, changes }) => `${id}: ${changes.map(({ field }) => field).join(', ') || 'gone'}`).join('; ')
      await audit.note('clients_file.drift', { detail: { change: change.slice(0, REASON_CHARACTERS_MAX) } })
    }
    told.drift = key
  }

  async function compareNow() {
    const [entries, last] = await Promise.all([applied ? clients.plan(applied, 'file') : [], deps.store.lastApplied()])
    const waiting = entries.filter(({ action }) => action === 'wait')
    // Another process has seen another file by now: what differs from this one is that file's doing.
    const mine = applied !== null && last.digest === digestOf(applied)
    return { waiting, drift: mine ? entries.filter(({ action }) => action !== 'wait') : [], appliedAt: last.at }
  }

  async function state(): Promise<ClientsFileState> {
    const { waiting, drift, appliedAt } = await compareNow()
    return {
      declared: path !== null,
      appliedAt: path === null ? null : appliedAt,
      faults: seen && !seen.result.ok ? seen.result.faults : [],
      waiting: waiting.map(({ id, words }) => ({ clientId: id, words: words ?? '' })),
      drift: drift.map(({ id, changes }) => ({ id, changes })),
    }
  }

  function watch(): void {
    if (path === null || timer) return
    let running = false
    timer = setInterval(() => {
      if (running) return
      running = true
      looking = look()
        .catch((err) => log.warn({ err }, 'the clients file could not be looked at; it is tried again'))
        .finally(() => {
          running = false
        })
    }, deps.lookEveryMs ?? LOOK_EVERY_MS)
  }

  async function stop(): Promise<void> {
    clearInterval(timer)
    await looking
  }

  return { begin, release, plan, look, watch, stop, state }
}

function digestOf(file: ClientsFile): string {
  return hashOf(JSON.stringify(file))
}

function markOf(text: string, secrets: ReadonlyMap<string, string | null>): string {
  return hashOf(JSON.stringify([text, ...secrets]))
}

function attempt(work: () => string): string | null {
  try {
    return work()
  } catch {
    return null
  }
}

function fail(name: string): never {
  throw new Error(`${name} cannot be read`)
}
