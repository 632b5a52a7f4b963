import { isCountry } from '../base/index.ts'
import { faulty, LOOPBACK_HOSTS, listOf, quoted } from './kinds.ts'
import type { Parsed, Setting, SettingOptions } from './setting.ts'

/** What is asked of one piece of text: its form, and that form in words. */
interface Form {
  matches: RegExp
  words: string
}

/** A text of one form, such as a name that another service gives out. */
export function form<const D extends string | null>(options: SettingOptions<D> & Form): Setting<string, D> {
  const { matches, words, ...rest } = options
  const parse = (text: string): Parsed<string> =>
    matches.test(text) ? { value: text } : faulty(`must be ${words}, not ${quoted(text)}`)
  return { ...rest, kind: 'text', unit: words, secret: false, parse }
}

/** A list of texts of one form, separated by commas or spaces; none twice. */
export function forms<const D extends string | null>(options: SettingOptions<D> & Form): Setting<readonly string[], D> {
  const { matches, words, ...rest } = options
  const parse = listed((part) => (matches.test(part) ? null : `${quoted(part)} is not ${words}`))
  return { ...rest, kind: 'list', unit: `each ${words}`, secret: false, parse }
}

/** A list of a few words in an order that matters, separated by commas or spaces; none twice. */
export function choices<const T extends string, const D extends string | null>(
  options: SettingOptions<D> & { of: readonly T[] },
): Setting<readonly T[], D> {
  const { of, ...rest } = options
  const known: readonly string[] = of
  const parse = listed((part) => (known.includes(part) ? null : `${quoted(part)} is not one of ${of.join(', ')}`))
  return { ...rest, kind: 'list', unit: `of ${of.join(', ')}`, secret: false, parse: parse as (text: string) => Parsed<T[]> }
}

const COUNTRY_WORDS = 'a country (ISO 3166-1 alpha-2, in capitals)'

/** A country by its two letters. */
export function country<const D extends string | null>(options: SettingOptions<D>): Setting<string, D> {
  const parse = (text: string): Parsed<string> =>
    isCountry(text) ? { value: text } : faulty(`must be ${COUNTRY_WORDS}, not ${quoted(text)}`)
  return { ...options, kind: 'country', unit: 'such as DE', secret: false, parse }
}

/** A list of countries by their two letters, separated by commas or spaces; none twice. */
export function countries<const D extends string | null>(options: SettingOptions<D>): Setting<readonly string[], D> {
  const parse = listed((part) => (isCountry(part) ? null : `${quoted(part)} is not ${COUNTRY_WORDS}`))
  return { ...options, kind: 'list', unit: 'countries such as DE,AT,CH', secret: false, parse }
}

/** The address of a service that is called; https, or http on loopback. Without user name, password and fragment. */
export function webUrl<const D extends string | null>(options: SettingOptions<D>): Setting<string, D> {
  const parse = (text: string): Parsed<string> => {
    const url = URL.parse(text)
    if (!url || !/^https?:\/\//.test(text)) return faulty('must be a URL that begins with https://')
    if (url.username || url.password || url.hash) return faulty('must hold no user name, password or fragment')
    const loopback = url.protocol === 'https:' || LOOPBACK_HOSTS.includes(url.hostname)
    return loopback ? { value: text } : faulty('must be https; http is for trial mode on localhost, 127.0.0.1 or [::1] only')
  }
  return { ...options, kind: 'URL', unit: 'https://', secret: false, parse }
}

/** A password that another service gave out. No fault repeats it. */
export function token<const D extends string | null>(options: SettingOptions<D> & { charactersMin: number }): Setting<string, D> {
  const { charactersMin, ...rest } = options
  const parse = (text: string): Parsed<string> => {
    if (/\s/.test(text)) return faulty('must hold no white space')
    return text.length < charactersMin ? faulty(`is shorter than ${charactersMin} characters`) : { value: text }
  }
  return { ...rest, kind: 'text', unit: `at least ${charactersMin} characters`, secret: true, parse }
}

const SIGNING_BYTES_MIN = 24
const SIGNING_BYTES_MAX = 64

/** A key that messages are signed with: 24 to 64 bytes as base64, `whsec_` in front or not (Standard Webhooks). */
export function signingKey<const D extends string | null>(options: SettingOptions<D>): Setting<string, D> {
  const parse = (text: string): Parsed<string> => {
    const written = text.replace(/^whsec_/, '')
    const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(written) ? Buffer.from(written, 'base64') : null
    if (!bytes || bytes.toString('base64').replace(/=+$/, '') !== written.replace(/=+$/, ''))
      return faulty('is not base64: take it from `openssl rand -base64 32`')
    if (bytes.length < SIGNING_BYTES_MIN || bytes.length > SIGNING_BYTES_MAX)
      return faulty(`must stand for ${SIGNING_BYTES_MIN} to ${SIGNING_BYTES_MAX} bytes: take it from \`openssl rand -base64 32\``)
    return { value: `whsec_${bytes.toString('base64')}` } // as the specification writes it, whichever way it was given
  }
  return { ...options, kind: 'base64', unit: `${SIGNING_BYTES_MIN} to ${SIGNING_BYTES_MAX} bytes`, secret: true, parse }
}

function listed(faultOf: (part: string) => string | null): (text: string) => Parsed<string[]> {
  return (text) => {
    const parts = listOf(text)
    const faults = parts.map(faultOf).filter((words) => words !== null)
    const twice = parts.filter((part, place) => parts.indexOf(part) !== place)
    faults.push(...new Set(twice.map((part) => `names ${quoted(part)} twice`)))
    if (parts.length === 0) faults.push('names nothing')
    return faults.length > 0 ? { faults } : { value: parts }
  }
}
