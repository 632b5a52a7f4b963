import { BlockList, isIP } from 'node:net'
import { listOf, quoted } from './kinds.ts'
import type { Parsed, Setting, SettingOptions, SettingsTable } from './setting.ts'

/** Networks and hosts inside that requests for applications may go to. */
export interface OutboundList {
  /** Such as `10.96.0.0/12`, or an address alone. */
  networks: readonly string[]
  /** Host names, or `*.svc.cluster.local`. */
  hosts: readonly string[]
}

// Larger ones are no list but the guard switched off.
const BITS_MIN = { 4: 8, 6: 7 } as const
const WRITE_IPV4 = 'holds IPv4 addresses: write the IPv4 network, such as 10.96.0.0/12'
const HOST = /^(?:\*\.[a-z0-9-]+\.|[a-z0-9-]+\.)?(?:[a-z0-9-]+\.)*[a-z0-9-]+$/

// IPv4 addresses as IPv6 writes them (RFC 4291 §2.5.5.2). A rule that holds them counts for IPv4: ::/7 would open 127.0.0.0/8.
const MAPPED = networkOf('::ffff:0:0', 96)

/** Networks (CIDR), addresses and host names, separated by commas or spaces; never everything. */
function outboundList<const D extends string | null>(options: SettingOptions<D>): Setting<OutboundList, D> {
  const parse = (text: string): Parsed<OutboundList> => {
    const networks: string[] = []
    const hosts: string[] = []
    const faults = listOf(text.toLowerCase()).flatMap((part) => {
      const kind = kindOf(part)
      if (kind === 'network') networks.push(part)
      else if (kind === 'host') hosts.push(part)
      else return [`${quoted(part)} ${kind}`]
      return []
    })
    return faults.length > 0 ? { faults } : { value: { networks, hosts } }
  }
  return { ...options, kind: 'list', unit: 'networks (CIDR), addresses, host names', secret: false, parse }
}

/** What a part is, or what is wrong with it. */
function kindOf(part: string): string {
  const [address = '', bits, ...rest] = part.split('/')
  const version = isIP(address)
  if (version !== 0) {
    if (address.includes('%')) return 'names an interface: leave out what begins with %'
    if (bits === undefined) return version === 6 && holdsMapped(address, 128) ? WRITE_IPV4 : 'network'
    const most = version === 4 ? 32 : 128
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > most || rest.length > 0) return 'is no network: write 10.96.0.0/12'
    const least = BITS_MIN[version as 4 | 6]
    if (Number(bits) < least) return `is too large: /${least} at most, since the guard is never switched off`
    return version === 6 && holdsMapped(address, Number(bits)) ? WRITE_IPV4 : 'network'
  }
  if (/^[\d.]+$/.test(address) || address.includes(':')) return 'is no address'
  if (part === '*' || /^\*\.[^.]*$/.test(part)) return 'is too large: the guard is never switched off'
  return HOST.test(part) ? 'host' : 'is neither a network nor a host name such as app.internal or *.svc.cluster.local'
}

function holdsMapped(address: string, bits: number): boolean {
  return MAPPED.check(address, 'ipv6') || networkOf(address, bits).check('::ffff:0:0', 'ipv6')
}

function networkOf(address: string, bits: number): BlockList {
  const list = new BlockList()
  list.addSubnet(address, bits, 'ipv6')
  return list
}

/** Where requests go that are sent because an application has registered an address. */
export const outboundSettings = {
  outboundAllow: outboundList({
    name: 'OUTBOUND_ALLOW',
    group: 'People and applications',
    help: 'Networks, addresses and host names inside that may be reached for an application (its keys, its back-channel logout), such as the services of a cluster: always by https, and never link-local addresses. Public addresses need no entry.',
    default: null,
    defaultWords: 'none: public addresses alone',
    example: '10.96.0.0/12,*.svc.cluster.local',
  }),
} satisfies SettingsTable
