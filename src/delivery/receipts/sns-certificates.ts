import { X509Certificate } from 'node:crypto'
import { addSeconds, type Clock, Refusal } from '../../base/index.ts'

const BYTES_MAX = 16 * 1024
const TIME_MS_MAX = 5000
const KEPT_MAX = 10
const FETCHES_MAX = 10
const PER_SECONDS = 60

/** Fetches what SNS names, from hosts that were checked before. */
export interface SnsFetcher {
  /**
   * The certificate at this address, fetched once; null when there is none. Throws `Refusal('unavailable')` when it
   * cannot be asked for now and `Refusal('too_many_requests')` when strangers made us ask for too many.
   */
  certificate(address: string): Promise<X509Certificate | null>
  /** Visits an address once. False unless the answer is well. */
  visit(address: string): Promise<boolean>
}

/** Bounded in time and size, without redirects; ten addresses a minute at most, so that nobody is flooded through us. */
export function createSnsFetcher({ clock }: { clock: Clock }): SnsFetcher {
  const kept = new Map<string, X509Certificate>()
  const asked = new Map<string, Promise<X509Certificate | null>>()
  let fetches = 0
  let countedUntil = clock.now()

  async function certificate(address: string): Promise<X509Certificate | null> {
    const known = kept.get(address)
    if (known) return known
    const asking = asked.get(address) ?? fetchCertificate(address)
    asked.set(address, asking)
    return asking
  }

  // Only what is a certificate is kept: no stranger's address takes its place.
  async function fetchCertificate(address: string): Promise<X509Certificate | null> {
    try {
      const text = await fetchText(address)
      const found = text === null ? null : certificateIn(text)
      const [oldest] = kept.keys()
      if (found && kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest)
      if (found) kept.set(address, found)
      return found
    } finally {
      asked.delete(address)
    }
  }

  async function fetchText(address: string): Promise<string | null> {
    take()
    try {
      const answer = await fetch(address, { redirect: 'manual', signal: AbortSignal.timeout(TIME_MS_MAX) })
      if (answer.status >= 500) throw new Error('the answer is no answer')
      return answer.status === 200 ? await bounded(answer) : null
    } catch (cause) {
      throw new Refusal('unavailable', { cause })
    }
  }

  function take(): void {
    const now = clock.now()
    if (now >= countedUntil) {
      fetches = 0
      countedUntil = addSeconds(now, PER_SECONDS)
    }
    if (++fetches > FETCHES_MAX) throw new Refusal('too_many_requests', { retryAfterSeconds: PER_SECONDS })
  }

  return { certificate, visit: async (address) => (await fetchText(address)) !== null }
}

async function bounded(answer: Response): Promise<string | null> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of answer.body ?? []) {
    parts.push(part)
    bytes += part.byteLength
    if (bytes > BYTES_MAX) return null
  }
  return Buffer.concat(parts).toString('utf8')
}

function certificateIn(text: string): X509Certificate | null {
  try {
    return new X509Certificate(text)
  } catch {
    return null
  }
}
