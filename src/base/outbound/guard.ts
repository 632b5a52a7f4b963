import { isIP } from 'node:net'
import { type AddressRules, createAddressRules, isLoopback, type OutboundAllow } from './addresses.ts'
import { exchange, type OutboundAnswer, type OutboundRequest, type Resolved } from './exchange.ts'
import { OutboundFailed } from './failure.ts'
import { createLookup, type Lookup, type LookupOptions } from './lookup.ts'

export interface GuardOptions extends LookupOptions {
  allow: OutboundAllow
  /** http to a server on loopback is allowed as well, as for redirects. */
  trial: boolean
  resolve?: Lookup
}

/** At once, by one process. */
const ALL_MAX = 64
const PER_HOST_MAX = 4
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]']

/** Sends one request, or throws `OutboundFailed`. `rules` judge its addresses in the place of the guard's own. */
export type Guard = (request: OutboundRequest, rules?: AddressRules) => Promise<OutboundAnswer>

/**
 * What stands between this network and addresses that strangers name: https alone, the name looked up once, each
 * of its addresses judged, and the connection made to those and no others. No redirect is followed, and time, size and
 * the number at once are bounded.
 */
export function createGuard({ allow, trial, resolve, ...names }: GuardOptions): Guard {
  const lookup = resolve ?? createLookup(names)
  const own = createAddressRules(allow)
  const running = new Map<string, number>()
  let all = 0

  async function addressesFor(url: URL, isAllowed: AddressRules, signal: AbortSignal): Promise<readonly Resolved[]> {
    const plain = url.protocol === 'http:'
    if (plain && !(trial && LOOPBACK_HOSTS.includes(url.hostname))) throw new OutboundFailed('not_https')
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const family = isIP(host)
    const found = family === 0 ? await lookup(host, signal) : [{ address: host, family }]
    if (found.length === 0) throw new OutboundFailed('name_not_found')
    const wrong = found.some(({ address }) => !(plain ? isLoopback(address) : isAllowed(host, address)))
    if (wrong) throw new OutboundFailed('address_not_allowed')
    return found
  }

  return async (request, rules = own) => {
    const url = URL.parse(request.url)
    if (!url || !/^https?:$/.test(url.protocol)) throw new OutboundFailed('not_https')
    const here = running.get(url.host) ?? 0
    if (all >= ALL_MAX || here >= PER_HOST_MAX) throw new OutboundFailed('busy')
    all += 1
    running.set(url.host, here + 1)
    try {
      const signal = AbortSignal.timeout(request.timeoutMs)
      return await exchange(url, await addressesFor(url, rules, signal), request, signal)
    } finally {
      all -= 1
      const left = (running.get(url.host) ?? 1) - 1
      if (left === 0) running.delete(url.host)
      else running.set(url.host, left)
    }
  }
}
