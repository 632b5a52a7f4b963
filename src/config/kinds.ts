import { type EmailAddress, parseEmailAddress } from '../base/index.ts'
import type { Parsed, Setting, SettingOptions } from './setting.ts'

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const
const BYTES = { B: 1, kB: 1024, MB: 1024 * 1024 } as const

/** A whole number from `min` to `max`. */
export function integer<const D extends string | null>(
  options: SettingOptions<D> & { min: number; max: number; of?: string },
): Setting<number, D> {
  const { min, max, of, ...rest } = options
  const parse = (text: string): Parsed<number> => {
    if (!/^-?\d{1,15}$/.test(text)) return faulty(`must be a whole number, not ${quoted(text)}`)
    return within(Number(text), min, max, String)
  }
  return { ...rest, kind: 'whole number', unit: `${of ? `${of}, ` : ''}${min} to ${max}`, secret: false, parse }
}

/** A length of time such as `45s`, `10m`, `12h` or `30d`, in seconds; a bare number counts seconds. */
export function duration<const D extends string | null>(
  options: SettingOptions<D> & { min: string; max: string | null },
): Setting<number, D> {
  const { min, max, ...rest } = options
  const least = seconds(min) ?? 0
  const most = max === null ? Number.MAX_SAFE_INTEGER : (seconds(max) ?? 0)
  const parse = (text: string): Parsed<number> => {
    const value = seconds(text)
    if (value === null) return faulty(`must be a duration such as 45s, 10m, 12h or 30d, not ${quoted(text)}`)
    return within(value, least, most, durationWords)
  }
  return { ...rest, kind: 'duration', unit: max === null ? `at least ${min}` : `${min} to ${max}`, secret: false, parse }
}

/** A size such as `64kB`; kB is 1024 bytes. */
export function size<const D extends string | null>(
  options: SettingOptions<D> & { min: string; max: string },
): Setting<number, D> {
  const { min, max, ...rest } = options
  const parse = (text: string): Parsed<number> => {
    const value = bytes(text)
    if (value === null) return faulty(`must be a size such as 64kB or 1MB, not ${quoted(text)}`)
    return within(value, bytes(min) ?? 0, bytes(max) ?? 0, (count) => `${count / 1024}kB`)
  }
  return { ...rest, kind: 'size', unit: `${min} to ${max}`, secret: false, parse }
}

/** One of a few words. */
export function choice<const T extends string, const D extends string | null>(
  options: SettingOptions<D> & { of: readonly T[] },
): Setting<T, D> {
  const { of, ...rest } = options
  const parse = (text: string): Parsed<T> => {
    const found = of.find((word) => word === text)
    return found === undefined ? faulty(`must be one of ${of.join(', ')}, not ${quoted(text)}`) : { value: found }
  }
  return { ...rest, kind: 'one of', unit: of.join(' | '), secret: false, parse }
}

/** A path of a file or folder, as it is. */
export function path<const D extends string | null>(options: SettingOptions<D>): Setting<string, D> {
  const parse = (text: string): Parsed<string> => (text.includes('\0') ? faulty('holds a zero byte') : { value: text })
  return { ...options, kind: 'path', unit: '', secret: false, parse }
}

/** A host name or IP address to listen on. */
export function host<const D extends string | null>(options: SettingOptions<D>): Setting<string, D> {
  const parse = (text: string): Parsed<string> =>
    /^[A-Za-z0-9.:-]{1,253}$/.test(text) ? { value: text } : faulty(`must be an IP address or a host name, not ${quoted(text)}`)
  return { ...options, kind: 'address', unit: '', secret: false, parse }
}

interface UrlForm {
  schemes: readonly string[]
  hostNeeded: boolean
}

/** A URL that holds credentials: it is a secret, and no fault repeats it. */
export function secretUrl<const D extends string | null>(options: SettingOptions<D> & UrlForm): Setting<string, D> {
  const { schemes, hostNeeded, ...rest } = options
  const parse = (text: string): Parsed<string> => {
    const words = urlFault(text, { schemes, hostNeeded })
    return words === null ? { value: text } : faulty(words)
  }
  return { ...rest, kind: 'URL', unit: schemeWords(schemes), secret: true, parse }
}

/**
 * URLs that hold credentials, in an order that matters, separated by white space or commas; a comma within a URL
 * is part of it, since a password may hold one. No fault repeats them.
 */
export function secretUrls<const D extends string | null>(options: SettingOptions<D> & UrlForm): Setting<readonly string[], D> {
  const { schemes, hostNeeded, ...rest } = options
  const parse = (text: string): Parsed<readonly string[]> => {
    const urls = text.replace(/[\s,]+$/, '').split(/\s*,\s+|\s*,(?=[a-z]{1,20}:\/\/)|\s+/)
    const faults = urls.flatMap((url, index) => {
      const words = urlFault(url, { schemes, hostNeeded })
      return words === null ? [] : [urls.length > 1 ? `URL ${index + 1} ${words}` : words]
    })
    if (new Set(urls).size < urls.length) faults.push('holds the same URL twice')
    return faults.length > 0 ? { faults } : { value: urls }
  }
  return { ...rest, kind: 'URLs', unit: schemeWords(schemes), secret: true, parse }
}

const schemeWords = (schemes: readonly string[]) => schemes.map((scheme) => `${scheme}://`).join(' or ')

function urlFault(text: string, { schemes, hostNeeded }: UrlForm): string | null {
  const url = /^[a-z]+:\/\//.test(text) ? URL.parse(text) : null
  if (!url || !schemes.includes(url.protocol.slice(0, -1))) return `must be a URL that begins with ${schemeWords(schemes)}`
  return hostNeeded && url.hostname === '' ? 'names no host' : null
}

/** An origin: scheme, host and port, written exactly as a browser would. http is for loopback only. */
export function origin<const D extends string | null>(options: SettingOptions<D>): Setting<string, D> {
  return { ...options, kind: 'origin', unit: 'https://host[:port]', secret: false, parse: parseOrigin }
}

/** A sender: `Name <address>` or an address alone. */
export interface Mailbox {
  name: string
  address: EmailAddress
}

/** One mailbox (RFC 5322 §3.4), the name in plain characters or in double quotes. */
export function mailbox<const D extends string | null>(options: SettingOptions<D>): Setting<Mailbox, D> {
  const parse = (text: string): Parsed<Mailbox> => {
    const match = /^(?:"([^"\\\p{Cc}]{1,100})"|([^"<>,;:\\\p{Cc}]{1,100}?))?\s*<([^<>]+)>$/u.exec(text)
    const address = parseEmailAddress(match?.[3] ?? text)
    if (!address)
      return faulty(`must be an email address, or one with a name: Example <sign-in@example.com>, not ${quoted(text)}`)
    return { value: { name: (match?.[1] ?? match?.[2] ?? '').trim(), address } }
  }
  return { ...options, kind: 'sender', unit: 'Name <address>', secret: false, parse }
}

const SECRET_CHARACTERS_MIN = 32
const SECRET_VARIETY_MIN = 8

/** A list of keys, newest first, separated by commas or spaces. */
export function secretList<const D extends string | null>(options: SettingOptions<D>): Setting<readonly string[], D> {
  const parse = (text: string): Parsed<readonly string[]> => {
    const keys = listOf(text)
    const faults = keys.flatMap((key, index) => secretFaults(key, index + 1))
    if (new Set(keys).size < keys.length) faults.push('holds the same secret twice')
    return faults.length > 0 ? { faults } : { value: keys }
  }
  return { ...options, kind: 'list', unit: `each at least ${SECRET_CHARACTERS_MIN} characters`, secret: true, parse }
}

function secretFaults(key: string, place: number): string[] {
  if (key.length < SECRET_CHARACTERS_MIN) return [`secret ${place} is shorter than ${SECRET_CHARACTERS_MIN} characters`]
  if (new Set(key).size < SECRET_VARIETY_MIN) return [`secret ${place} is not random: take one from \`openssl rand -base64 32\``]
  return []
}

/** The loopback hosts of trial mode, as `URL.hostname` spells them. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Reads one origin; http is for loopback only. */
export function parseOrigin(text: string): Parsed<string> {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol))
    return faulty(`must be an https origin such as https://id.example.com, not ${quoted(text)}`)
  if (url.username || url.password) return faulty('must hold no user name or password')
  if (url.protocol === 'http:' && !LOOPBACK_HOSTS.includes(url.hostname)) {
    return faulty('must be https; http is for trial mode on localhost, 127.0.0.1 or [::1] only')
  }
  if (url.origin === text) return { value: text }
  return faulty(`must be an origin alone, without a path, query, fragment or trailing slash: write ${url.origin}`)
}

/** The parts of a list that is separated by commas or white space. */
export function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '')
}

/** `45s 10m 12h 30d`, or a bare number of seconds; `null` for anything else. */
export function seconds(text: string): number | null {
  const match = /^(\d{1,12})([smhd]?)$/.exec(text)
  if (!match) return null
  return Number(match[1]) * SECONDS[(match[2] || 's') as keyof typeof SECONDS]
}

/** Seconds as a person would write them: 900 → `15m`. */
export function durationWords(count: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    if (count >= SECONDS[unit] && count % SECONDS[unit] === 0) return `${count / SECONDS[unit]}${unit}`
  }
  return `${count}s`
}

function bytes(text: string): number | null {
  const match = /^(\d{1,9})(B|kB|MB)$/.exec(text)
  return match ? Number(match[1]) * BYTES[match[2] as keyof typeof BYTES] : null
}

function within(value: number, min: number, max: number, words: (count: number) => string): Parsed<number> {
  if (value < min) return faulty(`must be at least ${words(min)}, not ${words(value)}`)
  return value > max ? faulty(`must be at most ${words(max)}, not ${words(value)}`) : { value }
}

export function faulty(words: string): { faults: string[] } {
  return { faults: [words] }
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
