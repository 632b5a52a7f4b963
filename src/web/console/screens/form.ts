import type { Context } from 'koa'
import type { FieldFault } from '../../../admin/index.ts'
import type { ChangeRow, FieldView } from '../../../text/index.ts'
import { field } from '../../request.ts'
import type { FieldSpec } from './client-fields.ts'

/** What stands in the fields of a form, as text: of `tick` `on` or nothing, of `ticks` each value on a line of its own. */
export type Typed = Readonly<Record<string, string>>

/** One more option of a field, that only this installation knows. */
export interface MoreOption {
  value: string
  label: string
  hint: string
}

/** Says a sentence below `console.`, without values. */
export type Say = (key: string) => string

/** What a form holds that was sent: only these fields, only what they offer. */
export function typedIn(ctx: Context, specs: readonly FieldSpec[], more: Readonly<Record<string, MoreOption[]>> = {}): Typed {
  return Object.fromEntries(
    specs.map((spec) => {
      if (spec.type !== 'ticks') return [spec.name, field(ctx, spec.name).replace(/\r\n?/g, '\n')]
      const values = optionsOf(spec, more)
      return [spec.name, values.filter((value, at) => field(ctx, `${spec.name}.${at}`) === value).join('\n')]
    }),
  )
}

/** What a form shows of values as they are. */
export function typedOf(values: Readonly<Record<string, unknown>>, specs: readonly FieldSpec[]): Typed {
  return Object.fromEntries(specs.map((spec) => [spec.name, textOf(values[spec.name], spec)]))
}

function textOf(value: unknown, { type, joined, json }: FieldSpec): string {
  if (value === null || value === undefined) return ''
  if (json) return JSON.stringify(value, null, 2)
  if (type === 'tick') return value === true ? 'on' : ''
  if (Array.isArray(value)) return value.join('\n')
  return joined ? String(value).replaceAll(' ', '\n') : String(value)
}

/** The values of a form, by the names of the clients file; `null` for what is left at its default. */
export function valuesOf(typed: Typed, specs: readonly FieldSpec[]): { values: Record<string, unknown>; faults: FieldFault[] } {
  const faults: FieldFault[] = []
  const values = specs.map((spec) => {
    const text = (typed[spec.name] ?? '').trim()
    if (spec.type === 'tick') return [spec.name, text === 'on']
    if (text === '') return [spec.name, null]
    if (spec.json) return [spec.name, parsed(text, () => faults.push({ field: spec.name, words: 'is no JSON' }))]
    if (spec.joined) return [spec.name, linesOf(text).join(' ')]
    if (spec.type === 'lines' || spec.type === 'ticks') return [spec.name, linesOf(text)]
    return [spec.name, spec.number && /^\d{1,12}$/.test(text) ? Number(text) : text]
  })
  return { values: Object.fromEntries(values), faults }
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function parsed(text: string, otherwise: () => void): unknown {
  try {
    return JSON.parse(text)
  } catch {
    otherwise()
    return null
  }
}

/** The fields as the page draws them, each with what is wrong with it; the first of those is where the page begins. */
export function fieldViews(
  specs: readonly FieldSpec[],
  typed: Typed,
  { say, faults = [], more = {} }: { say: Say; faults?: readonly FieldFault[]; more?: Readonly<Record<string, MoreOption[]>> },
): FieldView[] {
  const firstAtFault = specs.find(({ name }) => faults.some((fault) => nameIn(fault) === name))?.name
  return specs.map((spec) => {
    const text = typed[spec.name] ?? ''
    const chosen = spec.type === 'ticks' ? text.split('\n') : [text]
    return {
      name: spec.name,
      type: spec.type,
      value: { text },
      options: optionsOf(spec, more).map((value) => ({
        ...optionWords(spec, value, { say, more }),
        chosen: chosen.includes(value),
      })),
      ticked: text === 'on',
      faults: faults.filter((fault) => nameIn(fault) === spec.name).map((fault) => inWords(fault, say)),
      mono: spec.mono ?? false,
      rows: spec.rows ?? 1,
      autofocus: spec.name === firstAtFault,
    }
  })
}

/** Faults of no field that the page shows. */
export function otherFaults(faults: readonly FieldFault[], specs: readonly FieldSpec[]): string[] {
  const shown = new Set(specs.map(({ name }) => name))
  return faults
    .filter((fault) => !shown.has(nameIn(fault)))
    .map(({ field: at, words }) => (at === '' ? words : `${at}: ${words}`))
}

/** What a page after this one sends on. */
export function carriedOf(typed: Typed, specs: readonly FieldSpec[], more: Readonly<Record<string, MoreOption[]>> = {}) {
  return specs.flatMap((spec) => {
    const text = typed[spec.name] ?? ''
    if (spec.type !== 'ticks') return text === '' ? [] : [{ name: spec.name, value: { text } }]
    const chosen = text.split('\n')
    return optionsOf(spec, more).flatMap((value, at) =>
      chosen.includes(value) ? [{ name: `${spec.name}.${at}`, value: { text: value } }] : [],
    )
  })
}

/** One change, in words. */
export function changeRow(
  { field: name, before, after }: { field: string; before: unknown; after: unknown },
  specs: readonly FieldSpec[],
  say: Say,
): ChangeRow {
  const spec = specs.find((one) => one.name === name) ?? { name, type: 'line' as const }
  const known = specs.includes(spec)
  return {
    name,
    label: known ? say(`field.${name}.label`) : name,
    before: { text: shownValue(before, spec, say) },
    after: { text: shownValue(after, spec, say) },
  }
}

/** A value as people read it. */
export function shownValue(value: unknown, spec: FieldSpec, say: Say): string {
  if (spec.type === 'tick' || typeof value === 'boolean') return say(value === true ? 'word.yes' : 'word.no')
  const empty = value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  if (empty)
    return say(spec.options?.includes('') || spec.name === 'methods' ? `field.${spec.name}.option.default.label` : 'word.none')
  if (typeof value === 'object' && !Array.isArray(value)) return JSON.stringify(value, null, 2)
  const values = Array.isArray(value) ? value.map(String) : spec.joined ? String(value).split(' ') : [String(value)]
  const fixed = spec.options ?? []
  const words = values.map((one) => (fixed.includes(one) && spec.name !== 'admin_scopes' ? optionLabel(spec, one, say) : one))
  return words.join(spec.joined ? ' ' : '\n')
}

function optionsOf(spec: FieldSpec, more: Readonly<Record<string, MoreOption[]>>): string[] {
  return more[spec.name]?.map(({ value }) => value) ?? [...(spec.options ?? [])]
}

function optionWords(
  spec: FieldSpec,
  value: string,
  { say, more }: { say: Say; more: Readonly<Record<string, MoreOption[]>> },
): MoreOption {
  const own = more[spec.name]?.find((one) => one.value === value)
  return own ?? { value, label: optionLabel(spec, value, say), hint: say(`field.${spec.name}.option.${value || 'default'}.hint`) }
}

function optionLabel({ name }: FieldSpec, value: string, say: Say): string {
  return say(`field.${name}.option.${value || 'default'}.label`)
}

/** `redirect_uris[1]` is of the field `redirect_uris`. */
function nameIn({ field: at }: FieldFault): string {
  return /^[^[.]*/.exec(at)?.[0] ?? ''
}

// A list says which line it is.
function inWords({ field: at, words }: FieldFault, say: Say): string {
  const line = /^[^[]*\[(\d+)\]/.exec(at)?.[1]
  const sentence = words.replace(/^./u, (letter) => letter.toUpperCase())
  return line === undefined ? sentence : `${say('word.line')} ${Number(line) + 1}: ${words}`
}
