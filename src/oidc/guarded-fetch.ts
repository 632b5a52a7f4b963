import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import type { Configuration } from 'oidc-provider'

// Special-purpose addresses of the IANA registries (RFC 6890), multicast and what embeds an IPv4 address. Node compares
// IPv4-mapped ones (::ffff:0:0/96) with the rules for IPv4.
const INTERNAL = new BlockList()
const NETWORKS = {
  ipv4: [
    ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
    ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
    ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ],
  ipv6: [
    ...['::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16'],
    ...['3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
  ],
} as const
for (const [family, networks] of Object.entries(NETWORKS)) {
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    INTERNAL.addSubnet(address, Number(bits), family as 'ipv4' | 'ipv6')
  }
}

/** Whether nobody outside of this network has the address; so for what is no address. */
export function isInternal(address: string): boolean {
  const version = isIP(address)
  return version === 0 || INTERNAL.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

/**
 * What the engine fetches for a client: its keys. Over https, from public addresses, without redirects; the engine adds
 * the time-out and the cap of size. A name is looked up before anything is sent, and refused where one of its
 * addresses is internal. The engine's own dispatcher looks once more at the address that was connected to, so that a name
 * that says something else the second time reaches no server inside with a request; without it nothing goes out.
 */
export const guardedFetch: NonNullable<Configuration['fetch']> = async (url, options) => {
  if (!(options as { dispatcher?: unknown }).dispatcher) {
    throw new Error('outgoing requests have no guard against internal addresses')
  }
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:') throw new Error('only https is fetched')
  for (const address of await addressesOf(hostname)) {
    if (isInternal(address)) throw new Error('an internal address is not fetched')
  }
  return fetch(url, { ...options, redirect: 'error' } as RequestInit)
}

async function addressesOf(hostname: string): Promise<string[]> {
  const literal = hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0) return [literal]
  return (await lookup(hostname, { all: true })).map(({ address }) => address)
}
