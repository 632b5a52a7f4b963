import { BlockList, isIP } from 'node:net'

/** What may be reached although nobody outside of this network could. */
export interface OutboundAllow {
  /** Networks such as `10.96.0.0/12`, or single addresses. */
  networks: readonly string[]
  /** Host names, or `*.svc.cluster.local` for all below one. */
  hosts: readonly string[]
}

// Special-purpose addresses of the IANA registries (RFC 6890), multicast and what embeds an IPv4 address. Node compares
// IPv4-mapped ones (::ffff:0:0/96) with the rules for IPv4.
const INTERNAL = listOf([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16'],
  ...['3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
])

// No list of anybody's opens these: services of the cloud that hand out credentials, "this host", multicast, and ways to
// write an IPv4 address that no rule for IPv4 would see.
const NEVER = listOf([
  ...['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32', '100.100.100.200/32'],
  ...['::/128', 'fe80::/10', 'ff00::/8', '64:ff9b:1::/48', '2002::/16', 'fd00:ec2::254/128'],
])

// RFC 6052 §2.1: what an IPv6 network reaches the IPv4 world by.
const NAT64 = listOf(['64:ff9b::/96'])

const LOOPBACK = listOf(['127.0.0.0/8', '::1/128'])

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return list
}

function holds(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}

/** Whether nobody outside of this network has the address; so for what is no address. */
export function isInternal(address: string): boolean {
  return isIP(address) === 0 || holds(INTERNAL, address)
}

export function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && holds(LOOPBACK, address)
}

/** Judges an address that is about to be connected to, and the host of the URL that led to it. */
export type AddressRules = (host: string, address: string) => boolean

/** What `allow` opens beside all that is public. */
export function createAddressRules({ networks, hosts }: OutboundAllow): AddressRules {
  const allowed = listOf(networks)
  const names = hosts.map((name) => name.toLowerCase())
  const isNamed = (host: string) => {
    const own = host.toLowerCase().replace(/\.$/, '')
    return names.some((name) => (name.startsWith('*.') ? own.endsWith(name.slice(1)) : own === name))
  }
  const isAllowed = (host: string, address: string): boolean => {
    if (isIP(address) === 0 || holds(NEVER, address)) return false
    // Where the list opens the translator, what lies behind it is judged.
    if (holds(NAT64, address)) return holds(allowed, address) && isAllowed(host, embedded(address))
    return !isInternal(address) || holds(allowed, address) || isNamed(host)
  }
  return isAllowed
}

function embedded(address: string): string {
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::').at(-1)?.split(':') ?? []
  const [high = 0, low = 0] = ['0', ...groups].slice(-2).map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
