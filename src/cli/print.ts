import { jsonText, plain } from './terminal.ts'

const GAP = '  '
const COLUMN_MIN = 6
const DEPTH_MAX = 6

type Row = Readonly<Record<string, unknown>>

/**
 * Rows as a table: one column for each member that some row has and that is no record. Where `width` is not enough the
 * widest columns are cut with `…`, and when none can be cut any more the last ones are left out.
 */
export function table(rows: readonly Row[], width: number | null): string[] {
  const names = columnsOf(rows)
  if (names.length === 0) return rows.map((row) => jsonText(row))
  const cells = [
    names.map((name) => name.toUpperCase().replaceAll('_', ' ')),
    ...rows.map((row) => names.map((name) => cell(row[name]))),
  ]
  const wanted = names.map((_, at) => Math.max(...cells.map((line) => lengthOf(line[at] ?? ''))))
  const widths = width === null ? wanted : fitted(wanted, width)
  return cells.map((line) =>
    widths
      .map((space, at) => padded(cut(line[at] ?? '', space), space))
      .join(GAP)
      .trimEnd(),
  )
}

/** One record as lines `name: value`; what it holds stands below it, indented. */
export function record(value: unknown, width: number | null, depth = 0): string[] {
  if (!isRecord(value) || depth > DEPTH_MAX) return [cell(value)]
  const names = Object.keys(value)
  const space = Math.max(0, ...names.map((name) => name.length))
  return names.flatMap((name) => member(name, value[name], space, width, depth))
}

function member(name: string, value: unknown, space: number, width: number | null, depth: number): string[] {
  const label = `${plain(name)}:`
  const inner = width === null ? null : Math.max(COLUMN_MIN, width - 2)
  const below = (lines: readonly string[]) => [label, ...lines.map((line) => `  ${line}`)]
  if (Array.isArray(value) && value.length > 0 && value.every(isRecord)) return below(table(value, inner))
  if (isRecord(value) && Object.keys(value).length > 0) return below(record(value, inner, depth + 1))
  if (typeof value === 'string' && value.includes('\n')) return below(value.split(/\r?\n/).map(plain))
  if (Array.isArray(value) && value.length > 1) return below(value.map(cell))
  return [`${label.padEnd(space + 1)} ${cell(value)}`.trimEnd()]
}

/** Texts of several lines one below the other, uncut: a heading of what else each row says, then the text as it is. */
export function blocks(rows: readonly Row[]): string[] {
  return rows.flatMap(({ text, ...rest }, at) => [
    ...(at > 0 ? [''] : []),
    `== ${Object.values(rest).map(cell).join(' · ')} ==`,
    ...String(text)
      .replace(/\n+$/, '')
      .split('\n')
      .map((line) => line.split('\t').map(plain).join('\t')),
  ])
}

/** A value in one cell. */
export function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return plain(value)
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cell).join(', ')
  return typeof value === 'number' ? String(value) : plain(jsonText(value))
}

function columnsOf(rows: readonly Row[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const flat = names.filter((name) => rows.every((row) => !isRecord(row[name]) && !isListOfRecords(row[name])))
  return flat.length > 0 ? flat : []
}

function fitted(wanted: readonly number[], width: number): number[] {
  const widths = [...wanted]
  const total = () => widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1)
  while (total() > width) {
    const widest = Math.max(...widths)
    if (widest > COLUMN_MIN) widths[widths.lastIndexOf(widest)] = widest - 1
    else if (widths.length > 1) widths.pop()
    else break
  }
  return widths
}

function cut(text: string, space: number): string {
  return lengthOf(text) <= space ? text : `${[...text].slice(0, space - 1).join('')}…`
}

const padded = (text: string, space: number) => text + ' '.repeat(Math.max(0, space - lengthOf(text)))

// By code points: good enough for the scripts that take one column, and never wrong about what is cut.
const lengthOf = (text: string) => [...text].length

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isListOfRecords = (value: unknown) => Array.isArray(value) && value.some(isRecord)
