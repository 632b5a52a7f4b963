import { type Clock, counterIn, type Log, type Metrics, type Secrets } from '../base/index.ts'

/** A client that asked for tokens of late, and when the keys were last fetched from a network of its own. */
export interface ClientSight {
  clientId: string
  name: string | null
  fetchedAt: Date | null
}

/** What sightings need from storage. Networks come as keyed hashes. */
export interface SightingStore {
  /** Notes which clients ask for tokens from where; nothing of public ones and of those that are in no table. */
  addTokens(seen: readonly { clientId: string; network: string; at: Date }[]): Promise<void>
  /** Counts fetches of the keys; nothing of networks that no client asks from. */
  addFetches(seen: readonly { network: string; count: number; at: Date }[]): Promise<void>
  /** Clients that are on and asked for tokens since, without public ones. */
  active(since: Date): Promise<ClientSight[]>
}

/** Watches who has seen the signing keys. It is told of requests in memory alone, and writes every few seconds. */
export interface Sightings {
  /** A client got tokens. */
  tokens(clientId: string, network: string): void
  /** Somebody was given the keys. */
  fetch(network: string): void
  /** Writes what was seen since the last time. What cannot be written is kept for the next one, within bounds. */
  flush(): Promise<void>
  start(): void
  stop(): Promise<void>
}

const FLUSH_EVERY_MS = 4000
/** How exactly it is known when a client asked last: one row is not written more often than this. */
const TOLD_AGAIN_MS = 10 * 60 * 1000
const KEPT_MAX = 5000

/** What came first stays: whoever makes up networks while nothing can be written gets no more room by it. */
function bounded<V>(entries: [string, V][]): Map<string, V> {
  return new Map([...new Map(entries)].slice(0, KEPT_MAX))
}

/**
 * The keys are public and their fetch names nobody, so that a fetch is ascribed by the network it comes from: a client that
 * asks for tokens from there is taken to have seen them. What is not written when the process dies is lost: it was a hint.
 */
export function createSightings(deps: {
  store: SightingStore
  secrets: Secrets
  clock: Clock
  log: Log
  metrics: Metrics
}): Sightings {
  const { store, secrets, clock, log } = deps
  const fetchesTotal = counterIn(deps.metrics, 'doorward_jwks_fetches_total')
  let tokensSeen = new Map<string, { clientId: string; network: string; at: Date }>()
  let fetchesSeen = new Map<string, { count: number; at: Date }>()
  const toldAt = new Map<string, Date>()
  let timer: NodeJS.Timeout | undefined
  let flushing: Promise<void> = Promise.resolve()

  const keyed = (network: string) => secrets.hmac('network', network).toString('base64url').slice(0, 22)

  function tokens(clientId: string, network: string): void {
    const key = `${clientId} ${network}`
    const at = clock.now()
    const told = toldAt.get(key)
    if (told && Math.abs(at.getTime() - told.getTime()) < TOLD_AGAIN_MS) return
    if (tokensSeen.size < KEPT_MAX) tokensSeen.set(key, { clientId, network, at })
  }

  function fetch(network: string): void {
    fetchesTotal.inc()
    const seen = fetchesSeen.get(network)
    if (seen) {
      seen.count++
      seen.at = clock.now()
    } else if (fetchesSeen.size < KEPT_MAX) fetchesSeen.set(network, { count: 1, at: clock.now() })
  }

  async function write(): Promise<void> {
    const [asked, fetched] = [tokensSeen, fetchesSeen]
    tokensSeen = new Map()
    fetchesSeen = new Map()
    try {
      if (asked.size > 0) {
        await store.addTokens([...asked.values()].map((one) => ({ ...one, network: keyed(one.network) })))
        if (toldAt.size > KEPT_MAX) toldAt.clear()
        for (const [key, { at }] of asked) toldAt.set(key, at)
        asked.clear()
      }
      if (fetched.size === 0) return
      await store.addFetches([...fetched].map(([network, { count, at }]) => ({ network: keyed(network), count, at })))
    } catch (err) {
      log.debug({ err }, 'who fetched the signing keys could not be written: it is tried again')
      for (const [network, { count }] of fetched) {
        const later = fetchesSeen.get(network)
        if (later) later.count += count
      }
      tokensSeen = bounded([...asked, ...tokensSeen])
      fetchesSeen = bounded([...fetched, ...fetchesSeen])
    }
  }

  const flush = () => {
    flushing = flushing.then(write)
    return flushing
  }

  return {
    tokens,
    fetch,
    flush,
    start() {
      timer ??= setInterval(() => void flush(), FLUSH_EVERY_MS)
    },
    async stop() {
      clearInterval(timer)
      await flush()
    },
  }
}
