import type { OutputOf } from '../../../admin/index.ts'
import type { PlotView } from '../../../text/index.ts'
import { barPaths, dotPath, linePath, linesOf, PERCENT, runsOf, type Scale, scaleOf } from './charts.ts'
import type { Words } from './words.ts'

export type Stats = OutputOf<'stats.show'>
type Day = Stats['days'][number]

/** More days than this are told by the week. */
const DAYS_MAX = 31
const WEEK = 7
/** A picture holds no more series than this (there are so many colours). */
const SERIES_MAX = 4

/** Sign-ins by the method that they began with. */
export function methodsPlot({ days }: Stats, words: Words): PlotView {
  const { say, number } = words
  const runs = runsFor(days)
  const labels = days[0]?.methods.map(({ label }) => label) ?? []
  const counted = labels.map((label) => ({ label, counts: runs.map((run) => totalOf(run, (day) => countOf(day, label))) }))
  const met = counted.filter(({ counts }) => counts.some((count) => count > 0))
  const series = seriesOf(met.length > 0 ? met : counted.slice(0, 1), runs.length)
  const columns = runs.map((_, column) => series.map(({ counts }) => counts[column] ?? 0))
  const totals = runs.map((run) => totalOf(run, ({ completed }) => completed))
  const scale = scaleOf(Math.max(...columns.map((parts) => parts.reduce((sum, part) => sum + part, 0)), 0), { whole: true })
  const named = series.map(({ label }) => say(`start.method.${label}`))
  const most = totals.indexOf(Math.max(...totals))
  const leading = [...series].sort((one, other) => sumOf(other.counts) - sumOf(one.counts))[0]
  return {
    ...frameOf('methods', runs, words),
    label: say('start.plot.methods_label', {
      ...spanOf(runs, words),
      count: number(sumOf(totals)),
      day: nameOf(runs[most] ?? [], words),
      most: number(totals[most] ?? 0),
      method: leading ? say(`start.method.${leading.label}`) : '',
    }),
    legend: named.map((name, index) => ({ color: index + 1, name })),
    ...ticksOf(scale, number),
    shapes: barPaths(columns, series.length, scale.top).map((path, index) => ({ look: 'bars', color: index + 1, path })),
    table: {
      head: [say('start.plot.when'), ...met.map(({ label }) => say(`start.method.${label}`)), say('start.plot.all')],
      rows: runs.map((run, at) => ({
        name: nameOf(run, words),
        cells: [...met.map(({ counts }) => number(counts[at] ?? 0)), number(totals[at] ?? 0)],
      })),
    },
  }
}

/** How many of those who began have got in. */
export function completionPlot({ days }: Stats, words: Words): PlotView {
  const { say, number, percent } = words
  const runs = runsFor(days)
  const rows = runs.map((run) => {
    const started = totalOf(run, (day) => day.started)
    const completed = totalOf(run, (day) => day.completed)
    // Who began before midnight and ended after it counts as ended only.
    return { run, started, completed, share: started === 0 ? null : Math.min(1, completed / started) }
  })
  const shares = rows.flatMap(({ share }) => share ?? [])
  const least = shares.length > 0 ? percent(Math.min(...shares)) : '–'
  const most = shares.length > 0 ? percent(Math.max(...shares)) : '–'
  return {
    ...frameOf('completion', runs, words),
    label: say('start.plot.completion_label', { ...spanOf(runs, words), least, most }),
    legend: [],
    ...ticksOf(PERCENT, (tick) => percent(tick / 100)),
    shapes: lineShapes(
      rows.map(({ share }) => share && share * 100),
      PERCENT.top,
      1,
    ),
    each: false,
    marks: endsOf(runs, words),
    table: {
      head: [say('start.plot.when'), say('start.plot.started'), say('start.plot.completed'), say('start.plot.share')],
      rows: rows.map(({ run, started, completed, share }) => ({
        name: nameOf(run, words),
        cells: [number(started), number(completed), share === null ? '–' : percent(share)],
      })),
    },
  }
}

/** How long mails waited until a mail server took them; null where there was none. Medians of days make none of a week. */
export function handOverPlot({ days }: Stats, words: Words): PlotView | null {
  const { say, number } = words
  const medians = days.map((day) => day.hand_over_median_seconds)
  const slow = days.map((day) => day.hand_over_slow_seconds)
  const told = [...medians, ...slow].flatMap((seconds) => seconds ?? [])
  if (told.length === 0) return null
  const scale = scaleOf(Math.max(...told), { whole: false })
  const each = days.map((day) => [day])
  const seconds = (value: number) => say('start.seconds', { count: number(value) })
  const range = (values: readonly (number | null)[]) => {
    const known = values.flatMap((value) => value ?? [])
    return { least: seconds(Math.min(...known)), most: seconds(Math.max(...known)) }
  }
  const [middle, last] = [range(medians), range(slow)]
  return {
    ...frameOf('hand_over', each, words),
    label: say('start.plot.hand_over_label', { ...spanOf(each, words), ...middle, slow_least: last.least, slow_most: last.most }),
    legend: [
      { color: 1, name: say('start.plot.median') },
      { color: 3, name: say('start.plot.slowest') },
    ],
    ...ticksOf(scale, seconds),
    shapes: [...lineShapes(slow, scale.top, 3), ...lineShapes(medians, scale.top, 1)],
    each: false,
    marks: endsOf(each, words),
    table: {
      head: [say('start.plot.when'), say('start.plot.median'), say('start.plot.slowest')],
      rows: alike(days).map((run) => ({
        name: nameOf(run, words),
        cells: [run[0]?.hand_over_median_seconds, run[0]?.hand_over_slow_seconds].map((value) =>
          value == null ? '–' : seconds(value),
        ),
      })),
    },
  }
}

/** Days in a row on which mails took as long stand on one line. */
function alike(days: readonly Day[]): Day[][] {
  const runs: Day[][] = []
  for (const day of days) {
    const last = runs.at(-1)
    const same =
      last?.[0]?.hand_over_median_seconds === day.hand_over_median_seconds &&
      last?.[0]?.hand_over_slow_seconds === day.hand_over_slow_seconds
    if (last && same) last.push(day)
    else runs.push([day])
  }
  return runs
}

/** What texts cost, and the most that they may; null where none are sent. */
export function spendPlot({ days, currency, budget_micros_per_day: budget }: Stats, words: Words): PlotView | null {
  if (currency === null) return null
  const { say } = words
  const money = (micros: number) => words.money(micros, currency)
  const runs = runsFor(days)
  const spent = runs.map((run) => totalOf(run, (day) => day.spent_micros))
  const caps = runs.map((run) => (budget === null ? null : budget * run.length))
  const scale = scaleOf(Math.max(...spent, 0) / 1_000_000, { whole: false })
  const top = scale.top * 1_000_000
  // A cap that is far above what was spent would flatten the bars: then the table alone tells it.
  const shown = caps.every((cap) => cap !== null && cap <= top)
  return {
    ...frameOf('spend', runs, words),
    label: say('start.plot.spend_label', {
      ...spanOf(runs, words),
      money: money(sumOf(spent)),
      most: money(Math.max(...spent, 0)),
    }),
    legend: shown
      ? [
          { color: 1, name: say('start.plot.spent') },
          { color: 3, name: say('start.plot.cap') },
        ]
      : [],
    ...ticksOf(scale, (tick) => money(tick * 1_000_000)),
    shapes: [
      ...barPaths(
        spent.map((micros) => [micros]),
        1,
        top,
      ).map((path) => ({ look: 'bars' as const, color: 1, path })),
      ...(shown ? lineShapes(caps, top, 3) : []),
    ],
    table: {
      head: [say('start.plot.when'), say('start.plot.spent'), say('start.plot.cap')],
      rows: runs.map((run, at) => ({
        name: nameOf(run, words),
        cells: [money(spent[at] ?? 0), caps[at] == null ? '–' : money(caps[at])],
      })),
    },
  }
}

/** A line, with a dot for each value that has no neighbours: nothing joins it to anything. */
function lineShapes(values: readonly (number | null)[], top: number, color: number): PlotView['shapes'] {
  const shapes = [
    { look: 'trend' as const, color, path: linePath(values, top) },
    { look: 'dot' as const, color, path: dotPath(values, top) },
  ]
  return shapes.filter(({ path }) => path !== '')
}

/** As many series as there are colours; what is left over stands together as the last one. */
function seriesOf(met: { label: string; counts: number[] }[], columns: number): { label: string; counts: number[] }[] {
  if (met.length <= SERIES_MAX) return met
  const bySize = [...met].filter(({ label }) => label !== 'other').sort((one, other) => sumOf(other.counts) - sumOf(one.counts))
  const kept = met.filter((one) => bySize.slice(0, SERIES_MAX - 1).includes(one))
  const rest = met.filter((one) => !kept.includes(one))
  const counts = Array.from({ length: columns }, (_, at) => sumOf(rest.map((one) => one.counts[at] ?? 0)))
  return [...kept, { label: 'other', counts }]
}

function runsFor(days: readonly Day[]): Day[][] {
  return runsOf(days, days.length > DAYS_MAX ? WEEK : 1)
}

function frameOf(name: string, runs: readonly Day[][], words: Words): Pick<PlotView, 'heading' | 'marks' | 'each'> {
  return {
    heading: words.say(`start.plot.${name}`),
    marks: runs.map((run) => String(Number(run[0]?.day.slice(8)))),
    each: true,
  }
}

function ticksOf(scale: Scale, inWords: (tick: number) => string): Pick<PlotView, 'ticks' | 'lines'> {
  return { ticks: scale.ticks.map(inWords), lines: linesOf(scale) }
}

function endsOf(runs: readonly Day[][], words: Words): string[] {
  const { from, to } = spanOf(runs, words)
  return [from, to]
}

function spanOf(runs: readonly Day[][], { day }: Words): { from: string; to: string } {
  const days = runs.flat()
  return { from: day(days[0]?.day ?? '1970-01-01'), to: day(days.at(-1)?.day ?? '1970-01-01') }
}

/** A day, or the first and the last of several. */
function nameOf(run: readonly Day[], { day }: Words): string {
  const [first, last] = [run[0], run.at(-1)]
  if (!first || !last) return ''
  return first === last ? day(first.day) : `${day(first.day)} – ${day(last.day)}`
}

function countOf({ methods }: Day, label: string): number {
  return methods.find((method) => method.label === label)?.count ?? 0
}

function totalOf(run: readonly Day[], value: (day: Day) => number): number {
  return sumOf(run.map(value))
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
