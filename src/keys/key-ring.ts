import { calculateJwkThumbprint, type JWK } from 'jose'
import type { Audit } from '../audit/index.ts'
import { type Clock, gaugeIn, hashOf, type Log, type Metrics, type Secrets } from '../base/index.ts'
import { borrowedKids, readKeyFile } from './key-file.ts'
import { type Keys, openRow, SigningKeyFault } from './keys.ts'
import { FRESH_SECONDS } from './rotation-steps.ts'
import type { SigningKeyRow } from './signing-key.ts'

/** The keys that this process signs with and publishes, kept up to date while it runs. */
export interface KeyRing {
  /** Takes the keys into service by `use`, and others whenever they change. Throws `SigningKeyFault` where there are none to use. */
  start(use: (keys: readonly JWK[]) => void): Promise<void>
  /** Looks now: somebody said that the keys have changed. */
  look(): void
  /** The keys in service, private parts included. */
  current(): readonly JWK[]
  /** Whether they were compared with what is stored within `FRESH_SECONDS`: an older set may lack a key. */
  isFresh(): boolean
  /** The keys of the file that are in service; null where the service makes its own. */
  ofFile(): readonly JWK[] | null
  stop(): Promise<void>
}

const LOOK_EVERY_MS = 5000
const RESEAL_EVERY_MS = 60 * 60 * 1000
const REASON_CHARACTERS_MAX = 1000

export interface KeyRingDeps {
  keys: Keys
  secrets: Secrets
  /** `SIGNING_KEYS_FILE`; null: the service makes its own. */
  file: string | null
  readFile(path: string): string
  audit: Pick<Audit, 'note'>
  clock: Clock
  log: Log
  metrics: Metrics
  lookEveryMs?: number
}

/**
 * Looks every five seconds, and at once when told to, and puts a changed set into service. What cannot be read changes
 * nothing: the set that is known goes on signing and is published (S-4), and a log line and a metric say how old it is.
 */
export function createKeyRing(deps: KeyRingDeps): KeyRing {
  const { keys, file, clock, log } = deps
  let inService: readonly JWK[] = []
  let rows: readonly SigningKeyRow[] = []
  let use: (keys: readonly JWK[]) => void = () => {}
  let readAt = new Date(0)
  let sealedAt = new Date(0)
  let outage = false
  /** The last look, so that one never overtakes another. */
  let looking: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  const seen = { mark: '', keys: [] as JWK[] }
  /** The thumbprint of the key that each `kid` of a file has stood for since this process began. */
  const stoodFor = new Map<string, string>()

  registerMetrics(deps.metrics, { rows: () => rows, readAt: () => readAt, now: () => clock.now() })

  /** The keys of the file as it is now, beside those of the database. */
  async function keysAt(path: string, ours: readonly SigningKeyRow[]): Promise<JWK[]> {
    const read = await readKeyFile(textOf(path, deps.readFile))
    const known = new Map([...stoodFor, ...ours.map(({ id }) => [id, id] as const)])
    const faults = read.ok ? await borrowedKids(read.keys, known) : read.faults
    if (read.ok && faults.length === 0) return read.keys
    throw new SigningKeyFault(faults.map((words) => `${path}: ${words}`).join('\n'))
  }

  async function read(): Promise<readonly JWK[]> {
    if (file === null) {
      const found = await keys.list()
      const jwks = await keys.jwksOf(found)
      rows = found
      return jwks
    }
    const found = await keys.list()
    await lookAtFile(file, found)
    rows = found
    const kids = seen.keys.map(({ kid }) => kid)
    const kept = await Promise.all(found.filter(({ id, state }) => state !== 'next' && !kids.includes(id)).map(opened))
    return [...seen.keys, ...kept.filter((key) => key !== null)]
  }

  // Beside the keys of a file one of ours that cannot be opened is no loss: it signs nothing.
  async function opened(row: SigningKeyRow): Promise<JWK | null> {
    const known = inService.find(({ kid }) => kid === row.id)
    return known ?? openRow(row, deps.secrets).catch(() => null)
  }

  /** A file that is not right is told once, and the keys of the one before stay. */
  async function lookAtFile(path: string, ours: readonly SigningKeyRow[]): Promise<void> {
    const text = attempt(() => deps.readFile(path))
    const mark = hashOf(text ?? '')
    if (mark === seen.mark) return
    try {
      const found = await keysAt(path, ours)
      if (seen.keys.length > 0) await deps.audit.note('keys_file.taken', { detail: { keys: found.length } })
      seen.keys = found
      for (const key of found) stoodFor.set(String(key.kid), await calculateJwkThumbprint(key))
    } catch (error) {
      if (seen.keys.length === 0 || !(error instanceof SigningKeyFault)) throw error
      const reason = error.message.replaceAll('\n', '; ').slice(0, REASON_CHARACTERS_MAX)
      await deps.audit.note('keys_file.refused', { detail: { reason } })
    }
    seen.mark = mark
  }

  async function refresh(): Promise<void> {
    // Before they are asked for: an answer that takes its time is as old as the question.
    const askedAt = clock.now()
    const found = await read()
    if (orderOf(found) !== orderOf(inService)) {
      use(found)
      const first = inService.length === 0
      inService = found
      log.info({ kids: found.map(({ kid }) => kid) }, first ? 'signing keys in service' : 'other signing keys in service')
    }
    readAt = askedAt
    if (outage) log.info('the signing keys can be read again')
    outage = false
    if (file !== null || Math.abs(readAt.getTime() - sealedAt.getTime()) < RESEAL_EVERY_MS) return
    sealedAt = readAt
    await keys.reseal()
  }

  function look(): void {
    looking = looking.then(refresh).catch((err) => {
      if (!outage) log.warn({ err }, 'the signing keys cannot be read: those that are known stay in service')
      outage = true
    })
  }

  return {
    async start(taking) {
      use = taking
      if (file === null) await keys.ensure()
      await refresh()
      timer = setInterval(look, deps.lookEveryMs ?? LOOK_EVERY_MS)
    },
    look() {
      if (timer) look()
    },
    current: () => inService,
    isFresh: () => Math.abs(clock.now().getTime() - readAt.getTime()) < FRESH_SECONDS * 1000,
    ofFile: () => (file === null ? null : seen.keys),
    async stop() {
      clearInterval(timer)
      timer = undefined
      await looking
    },
  }
}

function registerMetrics(
  metrics: Metrics,
  { rows, readAt, now }: { rows(): readonly SigningKeyRow[]; readAt(): Date; now(): Date },
) {
  gaugeIn(metrics, 'doorward_signing_key_age_seconds', (gauge) => {
    gauge.reset()
    // The oldest comes last, and stays.
    for (const { alg, state, createdAt } of rows().toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())) {
      gauge.set({ alg, state }, (now().getTime() - createdAt.getTime()) / 1000)
    }
  })
  gaugeIn(metrics, 'doorward_signing_keys_read_timestamp_seconds', (gauge) => gauge.set(readAt().getTime() / 1000))
}

function textOf(path: string, readFile: (path: string) => string): string {
  const text = attempt(() => readFile(path))
  if (text === null) throw new SigningKeyFault(`${path}: cannot be read`)
  return text
}

function attempt(work: () => string): string | null {
  try {
    return work()
  } catch {
    return null
  }
}

function orderOf(keys: readonly JWK[]): string {
  return keys.map(({ kid }) => kid).join(' ')
}
