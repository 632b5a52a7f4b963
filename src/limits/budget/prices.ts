import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { isCountry } from '../../base/index.ts'

/** What one text costs, in millionths of the currency. */
export interface PriceTable {
  /** The day the prices are of, `YYYY-MM-DD`. */
  date: string
  /** ISO 4217. */
  currency: string
  /** For countries without a price of their own. */
  otherMicros: number
  /** By ISO 3166-1 alpha-2. */
  microsByCountry: ReadonlyMap<string, number>
}

export type PricesResult = { ok: true; prices: PriceTable } | { ok: false; faults: string[] }

const MICROS = 1_000_000
const PRICE_MAX = 100

const price = z
  .number('must be a number such as 0.11')
  .positive('must be more than 0')
  .max(PRICE_MAX, `must be at most ${PRICE_MAX}`)
  .transform((amount) => Math.ceil(Number((amount * MICROS).toFixed(3)))) // never less than was written

const shapeOf = (isKnown: (country: string) => boolean) =>
  z.strictObject({
    date: z.iso.date('must be a day such as 2026-01-31'),
    currency: z.string('must be a currency such as USD').regex(/^[A-Z]{3}$/, 'must be a currency such as USD'),
    other: price,
    countries: z.record(
      z.string().refine(isKnown, { error: 'is not a country (ISO 3166-1 alpha-2, in capitals)' }),
      price,
      'must be a list of countries with their prices',
    ),
  })

/** Reads a price table (YAML 1.2): `date`, `currency`, `other`, `countries`. Answers all faults at once, each with its place. */
export function readPrices(text: string): PricesResult {
  return readBy(isCountry, text)
}

function readBy(isKnown: (country: string) => boolean, text: string): PricesResult {
  const document = parseDocument(text, { logLevel: 'error' })
  const troubles = [...document.errors, ...document.warnings].map(({ message }) => message.split('\n')[0] ?? message)
  if (troubles.length > 0) return { ok: false, faults: troubles }
  const read = shapeOf(isKnown).safeParse(contentOf(document))
  if (!read.success) return { ok: false, faults: read.error.issues.map(faultOf) }
  const { date, currency, other, countries } = read.data
  return { ok: true, prices: { date, currency, otherMicros: other, microsByCountry: new Map(Object.entries(countries)) } }
}

/** An alias has no use in a list of prices; the shape refuses `null`. */
function contentOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch {
    return null
  }
}

/** The table that is shipped beside this file. Its countries are right by a test: to look them up takes a start too long. */
export function shippedPrices(): PriceTable {
  const read = readBy(() => true, readFileSync(join(import.meta.dirname, 'prices.yaml'), 'utf8'))
  if (!read.ok) throw new Error(`the shipped price table is broken: ${read.faults.join('; ')}`)
  return read.prices
}

/** The price of one text to a country. */
export function priceOf(prices: PriceTable, country: string): number {
  return prices.microsByCountry.get(country) ?? prices.otherMicros
}

/** `20.00 USD`; more digits where the amount has them. */
export function moneyWords(micros: number, currency: string): string {
  const digits = (micros / MICROS).toFixed(6).replace(/0{1,4}$/, '')
  return `${digits} ${currency}`
}

function faultOf(issue: z.core.$ZodIssue): string {
  const place = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')}: is not known here`
  if (issue.code === 'invalid_key') return `${place}: ${issue.issues[0]?.message ?? issue.message}`
  return place === '' ? 'the file must hold date, currency, other and countries' : `${place}: ${issue.message}`
}
