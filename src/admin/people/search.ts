import { canonicalDomain, parseEmailAddress, parsePhoneNumber } from '../../base/index.ts'

/** What is looked for, as storage takes it. Nothing of it is in the language of a query: ranges and words only. */
export interface PeopleSearch {
  /** An account by its very id. */
  id: string
  /** Addresses from `from` up to, and without, `to`, compared byte by byte in lower case. */
  addresses: TextRange | null
  /** The same of what stands behind the @. */
  domains: TextRange | null
  /** Beginnings of words of the name: all of them must occur. */
  words: readonly string[]
}

interface TextRange {
  from: string
  to: string
}

const WORDS_MAX = 8
/** Behind it comes no text that begins in the same way: the last character there is. */
const LAST = '\u{10FFFF}'
const NUMBER = /^(?:\+|00)?\d[\d\s()./-]{2,}$/

/**
 * Reads what was typed to find people by: `@domain` or its beginning, an address or its beginning, a number as it is
 * written or its first digits, words of a name, or an id. `country` is that of numbers without a country code.
 */
export function readSearch(typed: string, country: string | null): PeopleSearch {
  const text = typed.trim()
  const found: PeopleSearch = { id: text, addresses: null, domains: null, words: [] }
  if (text.startsWith('@')) return { ...found, domains: beginningWith(domainOf(text.slice(1))) }
  if (text.includes('@')) return { ...found, addresses: addressRange(text) }
  if (NUMBER.test(text)) return { ...found, addresses: numberRange(text, country) }
  return { ...found, addresses: beginningWith(text.toLowerCase()), words: wordsOf(text) }
}

function addressRange(text: string): TextRange | null {
  const whole = parseEmailAddress(text)
  return beginningWith(whole ?? text.normalize('NFC').toLowerCase())
}

function numberRange(text: string, country: string | null): TextRange | null {
  const read = parsePhoneNumber(text, country)
  if (read.outcome === 'fit') return beginningWith(read.number)
  return beginningWith(`+${text.replace(/\D/g, '').replace(/^00/, '')}`)
}

function domainOf(text: string): string {
  return canonicalDomain(text) ?? text.toLowerCase()
}

function beginningWith(text: string): TextRange | null {
  return text === '' ? null : { from: text, to: text + LAST }
}

/** Letters and digits only, so that no word says anything else in a text search. */
function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).slice(0, WORDS_MAX)
}
