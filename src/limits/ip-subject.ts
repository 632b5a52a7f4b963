import { isIPv4, isIPv6 } from 'node:net'

/** All requests without a usable network address share one counter: unknown is no way round a limit. */
const UNKNOWN = 'unknown'

/**
 * The network that one party can be held to be: an IPv4 address as it is, also where it is written as
 * an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2); of any other IPv6 address its /64, since one household or
 * server has that many to choose from. Every spelling of one address answers the same text.
 */
export function ipSubject(ip: string): string {
  const bare = ip.split('%', 1)[0] ?? '' // RFC 4007 §11: a zone names an interface of this machine
  if (isIPv4(bare)) return bare
  if (!isIPv6(bare)) return UNKNOWN
  const groups = groupsOf(bare)
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return dotted(groups[6] ?? 0, groups[7] ?? 0)
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** The eight 16-bit groups of a valid IPv6 address without zone. */
function groupsOf(ip: string): number[] {
  const [head = '', tail] = ip.split('::')
  const before = listed(head)
  if (tail === undefined) return before
  const after = listed(tail)
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function listed(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => (group.includes('.') ? pairOf(group) : [Number.parseInt(group, 16)]))
}

function pairOf(ipv4: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number)
  return [a * 256 + b, c * 256 + d]
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
