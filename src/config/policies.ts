import { canonicalDomain } from '../base/index.ts'
import { faulty, listOf, quoted, seconds } from './kinds.ts'
import type { Parsed, Setting, SettingOptions } from './setting.ts'

/** Who may join by signing in with an address that has no account yet. */
export type Signup = { kind: 'open' } | { kind: 'closed' } | { kind: 'invited' } | { kind: 'domains'; domains: readonly string[] }

/**
 * `open`, `invited`, `closed` or `domains:a.example,b.example`; domains as lower-case A-labels, compared label by label.
 * Whoever was invited may join whatever it is: `invited` lets in nobody else, `closed` says so on the first page.
 */
export function signup<const D extends string | null>(options: SettingOptions<D>): Setting<Signup, D> {
  const parse = (text: string): Parsed<Signup> => {
    if (text === 'open' || text === 'invited' || text === 'closed') return { value: { kind: text } }
    if (!text.startsWith('domains:'))
      return faulty(`must be open, invited, closed or domains:a.example,b.example, not ${quoted(text)}`)
    const written = listOf(text.slice('domains:'.length))
    const faults = written.filter((name) => !canonicalDomain(name)).map((name) => `${quoted(name)} is not a domain name`)
    if (written.length === 0) faults.push('names no domain')
    const domains = [...new Set(written.map(canonicalDomain).filter((name) => name !== null))]
    return faults.length > 0 ? { faults } : { value: { kind: 'domains', domains } }
  }
  return { ...options, kind: 'policy', unit: 'open | invited | closed | domains:…', secret: false, parse }
}

/**
 * What the three levels of assurance are called, lowest first. A name is one word of visible ASCII, as `acr_values` takes
 * several with spaces between them (OpenID Connect Core §3.1.2.1).
 */
export function levelNames<const D extends string>(options: SettingOptions<D>): Setting<readonly [string, string, string], D> {
  const parse = (text: string): Parsed<readonly [string, string, string]> => {
    const [one, two, three, ...more] = text.split(/\s+/).filter((name) => name !== '')
    if (!one || !two || !three || more.length > 0)
      return faulty('must be three names with spaces between them, lowest level first')
    const names = [one, two, three] as const
    if (new Set(names).size < 3) return faulty('must be three different names')
    if (names.some((name) => name === 'phr' || name === 'phrh'))
      return faulty('cannot be phr or phrh: those are the names of passkeys')
    return names.every((name) => /^[\x21-\x7e]{1,200}$/.test(name)) ? { value: names } : faulty('must be names of visible ASCII')
  }
  return { ...options, kind: 'names', unit: 'three names', secret: false, parse }
}

/** `count` events within `windowSeconds`. */
export interface Limit {
  name: LimitName
  count: number
  windowSeconds: number
}

export const DEFAULT_LIMITS = {
  email: 'email:5/15m',
  'email-day': 'email-day:20/1d',
  'email-known': 'email-known:10/15m',
  ip: 'ip:30/15m',
  client: 'client:600/1m',
  all: 'all:1200/1m',
  'authorize-ip': 'authorize-ip:300/1m',
  'token-ip': 'token-ip:120/1m',
  sms: 'sms:3/15m',
  'sms-day': 'sms-day:8/1d',
  'sms-known': 'sms-known:6/15m',
  'sms-ip': 'sms-ip:15/1h',
  digits: 'digits:5/1d',
  'digits-known': 'digits-known:10/1d',
  'slow-ip': 'slow-ip:3/1h',
  'passkey-ip': 'passkey-ip:300/15m',
  rescue: 'rescue:3/1d',
  'account-address': 'account-address:5/1h',
  'account-change': 'account-change:30/1h',
  'admin-api': 'admin-api:600/1m',
} as const

export type LimitName = keyof typeof DEFAULT_LIMITS

const COUNT_MAX = 1_000_000
const WINDOW_MAX_SECONDS = 30 * 86_400

/** Reads one limit such as `email:5/15m`. */
function parseLimit(text: string): Parsed<Limit> {
  const match = /^([a-z-]+):(\d{1,9})\/(\d{1,6}[smhd])$/.exec(text)
  if (!match) return faulty(`${quoted(text)} is not a limit; write one as email:5/15m`)
  const [, name = '', count = '', window = ''] = match
  if (!isLimitName(name))
    return faulty(`${quoted(name)} is not the name of a limit; there are ${Object.keys(DEFAULT_LIMITS).join(', ')}`)
  const windowSeconds = seconds(window) ?? 0
  if (Number(count) < 1 || Number(count) > COUNT_MAX) return faulty(`the count of ${name} must be 1 to ${COUNT_MAX}`)
  if (windowSeconds < 1 || windowSeconds > WINDOW_MAX_SECONDS) return faulty(`the window of ${name} must be 1s to 30d`)
  return { value: { name, count: Number(count), windowSeconds } }
}

/** A list of limits; those it does not name keep their default. */
export function limits<const D extends string>(options: SettingOptions<D>): Setting<Readonly<Record<LimitName, Limit>>, D> {
  const parse = (text: string): Parsed<Record<LimitName, Limit>> => {
    const parts = listOf(text)
    const own = parts.map(parseLimit)
    const faults = own.flatMap((one) => ('faults' in one ? one.faults : []))
    const named = own.flatMap((one) => ('value' in one ? [one.value.name] : []))
    const twice = named.filter((name, index) => named.indexOf(name) !== index)
    faults.push(...new Set(twice.map((name) => `names ${name} twice`)))
    if (faults.length > 0) return { faults }
    const all = [...Object.values(DEFAULT_LIMITS).map(parseLimit), ...own].flatMap((one) => ('value' in one ? [one.value] : []))
    return { value: Object.fromEntries(all.map((limit) => [limit.name, limit])) as Record<LimitName, Limit> }
  }
  return { ...options, kind: 'limits', unit: 'name:count/window …', secret: false, parse }
}

function isLimitName(name: string): name is LimitName {
  return Object.hasOwn(DEFAULT_LIMITS, name)
}
