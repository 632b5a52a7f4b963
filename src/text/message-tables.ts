import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const EXTENSION = '.json'

/** Reads every `<dir>/<locale>.json`: nested objects whose leaves are ICU messages; a key is the path joined by dots. */
export function readTables(dir: string): Map<string, ReadonlyMap<string, string>> {
  const files = readdirSync(dir).filter((file) => file.endsWith(EXTENSION))
  const locales = files.map((file) => file.slice(0, -EXTENSION.length)).sort()
  return new Map(locales.map((locale) => [locale, readTable(dir, locale)]))
}

/** The sentences of one language. */
export function readTable(dir: string, locale: string): ReadonlyMap<string, string> {
  return flatten(JSON.parse(readFileSync(join(dir, `${locale}${EXTENSION}`), 'utf8')))
}

/** Nested objects as one table. Throws for a leaf that is no text. */
export function flatten(node: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof node === 'string') into.set(path, node)
  else if (node !== null && typeof node === 'object') {
    for (const [key, value] of Object.entries(node)) flatten(value, path ? `${path}.${key}` : key, into)
  } else throw new Error(`message ${path} is no text`)
  return into
}
