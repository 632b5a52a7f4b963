import { createRequire } from 'node:module'
import type { CountryCode, PhoneNumber as Parsed } from 'libphonenumber-js/max'
import { asciiDigit } from './ascii-digit.ts'

declare const e164: unique symbol

/** A parsed phone number in E.164 form, such as `+4915123456789`. What is stored, compared and sent to is always this value. */
export type PhoneNumber = string & { readonly [e164]: true }

/** What a typed number is: one that can get a text message, one that cannot, or no number at all. */
export type ReadPhone = { outcome: 'fit'; number: PhoneNumber } | { outcome: 'unfit' } | { outcome: 'none' }

const TYPED_MAX = 64
/** What people write in numbers besides digits; after NFKC, so that full-width signs count as their plain forms. */
const WRITTEN = /^\+?[\d\s()./\p{Pd}\u2212]+$/u
/** Numbers that can belong to a person and take a text. */
const FIT_TYPES = ['MOBILE', 'FIXED_LINE_OR_MOBILE']

type Library = typeof import('libphonenumber-js/max')

const load = createRequire(import.meta.url)
let loaded: Library | undefined

// What is known of all countries' numbers: 6 MB and a twentieth of a second that only those pay who read one.
function library(): Library {
  loaded ??= load('libphonenumber-js/max') as Library
  return loaded
}

/**
 * Reads a number as people type it: with or without country code (`+` or `00`), spaces, dashes, brackets, slashes,
 * full-width or other digits. Without a country code it is one of `country` (ISO 3166-1 alpha-2); then it needs one.
 * Premium, shared-cost, satellite, VoIP, pager and fixed-line numbers are `unfit`.
 */
export function parsePhoneNumber(typed: string, country: string | null): ReadPhone {
  if (typed.length > TYPED_MAX) return { outcome: 'none' }
  const text = typed
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim()
    .replace(/^tel:\s?/i, '') // RFC 3966, as it is copied from links
  const plain = text.replace(/\p{Nd}/gu, asciiDigit).replace(/^\+?00\s?(?=[1-9])/, '+')
  if (!WRITTEN.test(plain) || plain.replace(/\D/g, '').length < 4) return { outcome: 'none' }
  const { isSupportedCountry, parsePhoneNumberFromString } = library()
  const parsed = parsePhoneNumberFromString(plain, {
    ...(country && isSupportedCountry(country) && { defaultCountry: country }),
    extract: false,
  })
  if (!parsed?.isValid()) return { outcome: 'none' }
  return isFit(parsed) ? { outcome: 'fit', number: parsed.number as string as PhoneNumber } : { outcome: 'unfit' }
}

// Numbers of no country are satellite and international services.
function isFit(parsed: Parsed): boolean {
  return parsed.country !== undefined && FIT_TYPES.includes(parsed.getType() ?? '')
}

/** The country of a number, as ISO 3166-1 alpha-2. */
export function countryOf(number: PhoneNumber): CountryCode {
  const country = library().parsePhoneNumberFromString(number)?.country
  if (!country) throw new Error('a parsed number has a country')
  return country
}

/** Whether a text is the ISO 3166-1 alpha-2 code of a country that has phone numbers. */
export function isCountry(text: string): boolean {
  return library().isSupportedCountry(text)
}

/** `+49 •••• 89`: enough to recognize one's own number, too little to learn another's. */
export function maskPhone(number: PhoneNumber): string {
  const code = library().parsePhoneNumberFromString(number)?.countryCallingCode ?? ''
  return `+${code} •••• ${lastTwoDigits(number)}`
}

/** What a person names to show that a number on file is theirs. */
export function lastTwoDigits(number: PhoneNumber): string {
  return number.slice(-2)
}
