import { IntlMessageFormat } from 'intl-messageformat'
import { readTables } from './message-tables.ts'
import type { Theme } from './theme.ts'

/** What stands in a message's gaps. */
export type MessageValues = Readonly<Record<string, string | number>>

/** A piece of finished HTML, to tell it from text that must still be escaped. */
interface Html {
  html: string
}

/** One message of one language; what has no gaps and no elements is the same each time. */
interface Sentence {
  format: IntlMessageFormat
  words: string | null
  html: string | null
}

export interface Messages {
  /** Names of the languages on offer; the first is the one to fall back to. */
  locales: readonly string[]
  /** Keys that a language lacks; its sentences fall back to English. */
  missing(locale: string): string[]
  /** The sentence of `key` as text. An unknown key is a fault of ours and throws. */
  say(key: string, values: MessageValues, locale: string): string
  /** The same as HTML: every text and value escaped, `<address>`, `<mono>`, `<strong>`, `<link>` and `<sr>` turned into elements. */
  sayHtml(key: string, values: MessageValues, locale: string): string
  /** Clock time in UTC, named as such: "14:02 UTC". */
  time(at: Date, locale: string): string
  /** Date in UTC: "21 November 2026". */
  day(at: Date, locale: string): string
  /** Date and clock time in UTC: "21 November 2026, 14:02 UTC". */
  stamp(at: Date, locale: string): string
}

/** What the parser of messages calls a piece of plain text. */
const LITERAL = 0

/** The language whose sentences stand in for those that another one lacks. */
export const FALLBACK = 'en'

/** The sentences of `<dir>`, and those of a theme in their place; a language that only the theme has joins them. */
export function createMessages(dir: string, words: Theme['words'] = new Map()): Messages {
  const tables = readTables(dir)
  for (const [locale, table] of words) tables.set(locale, new Map([...(tables.get(locale) ?? []), ...table]))
  const base = tables.get(FALLBACK)
  if (!base) throw new Error(`${FALLBACK}.json is missing in ${dir}`)
  const locales = [FALLBACK, ...[...tables.keys()].filter((locale) => locale !== FALLBACK)]
  const compiled = new Map(locales.map((locale) => [locale, new Map<string, Sentence>()]))
  const clocks = new Map<string, { time: Intl.DateTimeFormat; date: Intl.DateTimeFormat }>()

  function sentence(key: string, locale: string): Sentence {
    return compiled.get(locale)?.get(key) ?? compile(key, locale)
  }

  function compile(key: string, locale: string): Sentence {
    const own = tables.get(locale)?.get(key)
    const text = own ?? base?.get(key)
    if (text === undefined) throw new Error(`no message ${key}`)
    const format = new IntlMessageFormat(text, own === undefined ? FALLBACK : locale)
    const words = format.getAst().every(({ type }) => type === LITERAL) ? String(format.format()) : null
    const made = { format, words, html: words === null ? null : escapeHtml(words) }
    compiled.get(locale)?.set(key, made)
    return made
  }

  function clockOf(locale: string) {
    const known = clocks.get(locale)
    if (known) return known
    const dates = sentence('locale.dates', locale).format.format() as string
    const made = {
      time: new Intl.DateTimeFormat(dates, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'UTC' }),
      date: new Intl.DateTimeFormat(dates, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }),
    }
    clocks.set(locale, made)
    return made
  }

  return {
    locales,
    missing: (locale) => [...base.keys()].filter((key) => !tables.get(locale)?.has(key)),
    say(key, values, locale) {
      const { words, format } = sentence(key, locale)
      return words ?? String(format.format({ ...values }))
    },
    sayHtml(key, values, locale) {
      const { html, format } = sentence(key, locale)
      if (html !== null) return html
      const parts = format.format<Html>({ ...elements(values), ...values })
      return htmlOf(Array.isArray(parts) ? parts : [parts])
    },
    time: (at, locale) => `${clockOf(locale).time.format(at)} UTC`,
    day: (at, locale) => clockOf(locale).date.format(at),
    stamp: (at, locale) => `${clockOf(locale).date.format(at)}, ${clockOf(locale).time.format(at)} UTC`,
  }
}

// Safe in text and in quoted attributes.
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

// The only elements a message can hold. Addresses run from left to right in every language.
function elements(values: MessageValues): Record<string, (chunks: (string | Html)[]) => Html> {
  const wrap = (open: string, close: string) => (chunks: (string | Html)[]) => ({ html: `${open}${htmlOf(chunks)}${close}` })
  return {
    address: wrap('<strong class="mono" dir="ltr">', '</strong>'),
    mono: wrap('<span class="mono" dir="ltr">', '</span>'),
    strong: wrap('<strong>', '</strong>'),
    sr: wrap('<span class="sr">', '</span>'),
    link: wrap(`<a href="${escapeHtml(String(values.href ?? ''))}">`, '</a>'),
  }
}

function htmlOf(parts: readonly (string | Html)[]): string {
  return parts.map((part) => (typeof part === 'object' ? part.html : escapeHtml(String(part)))).join('')
}
