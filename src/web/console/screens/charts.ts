// Shapes of the pictures on the start page. All stand in a box of 100 × 100 that is stretched to the size of its place, so
// they hold no words: those stand beside them in HTML.

/** The lines behind a picture: what each stands for, from the top, and how far down it is (0 to 100). */
export interface Scale {
  top: number
  ticks: number[]
}

const STEPS = [1, 2, 5, 10]

/** A scale from 0 to at least `max` in three steps of a round number; whole ones where things are counted. */
export function scaleOf(max: number, { whole }: { whole: boolean }): Scale {
  const least = Math.max(max, 0) / 3
  const step = least > 0 ? roundUp(whole ? Math.max(1, least) : least) : 1
  return { top: 3 * step, ticks: [3 * step, 2 * step, step, 0] }
}

/** Shares of a hundred. */
export const PERCENT: Scale = { top: 100, ticks: [100, 50, 0] }

/** Where the lines of a scale stand. */
export function linesOf({ top, ticks }: Scale): number[] {
  return ticks.map((tick) => downOf(tick, top))
}

const BAR_SHARE = 0.74
/** Parts of one bar stand so far from each other, and are never lower than this. */
const GAP = 0.8

/**
 * Bars of several parts, the first at the bottom: `columns[i][s]` is the part of series `s` in column `i`. Answers one path
 * for each series.
 */
export function barPaths(columns: readonly (readonly number[])[], series: number, top: number): string[] {
  const step = 100 / Math.max(1, columns.length)
  const width = step * BAR_SHARE
  const paths = Array.from({ length: series }, () => '')
  columns.forEach((parts, column) => {
    const left = column * step + (step - width) / 2
    let below = 0
    parts.forEach((part, index) => {
      if (part <= 0) return
      const height = Math.max(GAP, (part / top) * 100 - (below > 0 ? GAP : 0))
      const bottom = downOf(below, top) - (below > 0 ? GAP : 0)
      paths[index] += `M${short(left)} ${short(bottom)}v${short(-height)}h${short(width)}v${short(height)}z`
      below += part
    })
  })
  return paths
}

/** A line through `values`, broken where there is none; a value that stands alone is no line: see `dotPath`. */
export function linePath(values: readonly (number | null)[], top: number): string {
  return pathOf(values, top, (before, after) => (before ? 'L' : after ? 'M' : null), '')
}

/** A dot at each of `values` that stands alone: a stroke with round ends, too short to be seen with others. */
export function dotPath(values: readonly (number | null)[], top: number): string {
  return pathOf(values, top, (before, after) => (before || after ? null : 'M'), 'h.01')
}

function pathOf(
  values: readonly (number | null)[],
  top: number,
  verbOf: (before: boolean, after: boolean) => 'M' | 'L' | null,
  end: string,
): string {
  const step = values.length > 1 ? 100 / (values.length - 1) : 0
  const known = (index: number) => (values[index] ?? null) !== null
  return values
    .map((value, index) => {
      const verb = value === null ? null : verbOf(known(index - 1), known(index + 1))
      return verb === null || value === null ? '' : `${verb}${short(index * step)} ${short(downOf(value, top))}${end}`
    })
    .join('')
}

/** Days in runs of so many, counted from the last one: the first run may be shorter. */
export function runsOf<T>(days: readonly T[], length: number): T[][] {
  const first = days.length % length
  const runs = first > 0 ? [days.slice(0, first)] : []
  for (let at = first; at < days.length; at += length) runs.push(days.slice(at, at + length))
  return runs
}

function roundUp(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  const step = STEPS.find((one) => one * power >= least * (1 - 1e-9)) ?? 10
  return Number((step * power).toPrecision(1))
}

function downOf(value: number, top: number): number {
  return 100 - (Math.min(Math.max(value, 0), top) / top) * 100
}

function short(number: number): string {
  return String(Number(number.toFixed(1)))
}
