import { faulty, listOf, quoted } from './kinds.ts'
import type { Parsed, Setting, SettingOptions } from './setting.ts'

/** What may be spent a day (UTC): in all, for each country, number prefix, client and number. */
export const DEFAULT_BUDGET = {
  all: 'all:20',
  country: 'country:10',
  prefix: 'prefix:2',
  client: 'client:10',
  number: 'number:0.50',
} as const

export type CapName = keyof typeof DEFAULT_BUDGET

/** Caps in millionths of the currency of the price table. */
export type Budget = Readonly<Record<CapName, number>>

const MICROS = 1_000_000
const AMOUNT_MAX = 1_000_000

/** Reads one cap such as `country:10` or `number:0.50`; up to six digits behind the point. */
function parseCap(text: string): Parsed<{ name: CapName; micros: number }> {
  const match = /^([a-z]+):(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text)
  if (!match) return faulty(`${quoted(text)} is not a cap; write one as country:10 or number:0.50`)
  const [, name = '', whole = '', part = ''] = match
  if (!isCapName(name))
    return faulty(`${quoted(name)} is not the name of a cap; there are ${Object.keys(DEFAULT_BUDGET).join(', ')}`)
  const micros = Number(whole) * MICROS + Number(part.padEnd(6, '0'))
  return micros > AMOUNT_MAX * MICROS ? faulty(`the cap of ${name} must be at most ${AMOUNT_MAX}`) : { value: { name, micros } }
}

/** A list of caps; those it does not name keep their default. A cap of 0 stops what it counts. */
export function budget<const D extends string>(options: SettingOptions<D>): Setting<Budget, D> {
  const parse = (text: string): Parsed<Budget> => {
    const own = listOf(text).map(parseCap)
    const faults = own.flatMap((one) => ('faults' in one ? one.faults : []))
    const named = own.flatMap((one) => ('value' in one ? [one.value.name] : []))
    const twice = named.filter((name, place) => named.indexOf(name) !== place)
    faults.push(...new Set(twice.map((name) => `names ${name} twice`)))
    if (faults.length > 0) return { faults }
    const all = [...Object.values(DEFAULT_BUDGET).map(parseCap), ...own].flatMap((one) => ('value' in one ? [one.value] : []))
    return { value: Object.fromEntries(all.map(({ name, micros }) => [name, micros])) as Record<CapName, number> }
  }
  return { ...options, kind: 'caps', unit: 'name:amount …', secret: false, parse }
}

function isCapName(name: string): name is CapName {
  return Object.hasOwn(DEFAULT_BUDGET, name)
}
