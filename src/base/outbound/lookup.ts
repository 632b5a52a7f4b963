import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { Resolved } from './exchange.ts'
import { OutboundFailed } from './failure.ts'

/** Looks a name up, no longer than the signal lasts. Throws `OutboundFailed`. */
export type Lookup = (host: string, signal: AbortSignal) => Promise<readonly Resolved[]>

export interface LookupOptions {
  /** Such as `192.0.2.53:53`; those of the machine otherwise. */
  nameServers?: readonly string[]
  hostsFile?: string
}

const TRIES = { timeout: 1000, tries: 2 }
/** RFC 8305 §3: who has addresses of one family does not wait long for the other. */
const OTHER_FAMILY_MS = 500
const LOOPBACK: readonly Resolved[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/**
 * Asks the hosts file of the machine, then DNS; `localhost` is known (RFC 6761 §6.3). Not the system's own lookup: that
 * holds one of the few threads of the process as long as the name server of a stranger is silent, and mail, database and
 * everybody else's names wait behind it (F-52).
 */
export function createLookup({ nameServers, hostsFile = '/etc/hosts' }: LookupOptions = {}): Lookup {
  return async (host, signal) => {
    const name = host.toLowerCase().replace(/\.$/, '')
    if (/^(?:.+\.)?localhost$/.test(name)) return LOOPBACK
    const noted = inHosts(await readFile(hostsFile, 'utf8').catch(() => ''), name)
    if (noted.length > 0) return noted
    // One for each lookup: to cancel it lets go of nobody else's, and it knows what the machine's settings are now.
    const resolver = new Resolver(TRIES)
    if (nameServers) resolver.setServers(nameServers)
    signal.addEventListener('abort', () => resolver.cancel(), { once: true })
    if (signal.aborted) throw new OutboundFailed('timeout')
    return await asked(resolver, host)
  }
}

async function asked(resolver: Resolver, host: string): Promise<Resolved[]> {
  const ask = async (family: number, found: Promise<string[]>) => {
    const addresses = await found
    setTimeout(() => resolver.cancel(), OTHER_FAMILY_MS).unref()
    return addresses.map((address) => ({ address, family }))
  }
  const answers = await Promise.allSettled([ask(4, resolver.resolve4(host)), ask(6, resolver.resolve6(host))])
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (found.length > 0) return found
  const silent = answers.some(({ status, reason }: { status: string; reason?: { code?: unknown } }) => {
    return status === 'rejected' && /^E(?:TIMEOUT|CANCELLED)$/.test(String(reason?.code))
  })
  throw new OutboundFailed(silent ? 'timeout' : 'name_not_found')
}

function inHosts(text: string, name: string): Resolved[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().toLowerCase().split(/\s+/)
    return isIP(address) !== 0 && names.includes(name) ? [{ address, family: isIP(address) }] : []
  })
}
