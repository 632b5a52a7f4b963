import { cpuBound, cpuFloor, type Figures } from './goals.ts'
import type { ContenderName, Operation } from './operations.ts'
import { medianOf } from './samples.ts'

const WIDTH = 860
const LEFT = 190
const RIGHT = 110
const TOP = 64
const ROW = 30
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200]

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .quiet { fill: #59636e; font-size: 12px }
  .grid { stroke: #d8dee4 }
  .way { stroke: #afb8c1; stroke-width: 2 }
  .engine { fill: #8c959f }
  .kept { fill: #1a7f37 }
  .missed { fill: #cf222e }
  .open { fill: #0969da }
  .goal { stroke: #24292f; stroke-width: 2.5 }
  .floor { fill: none; stroke: #59636e; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .grid { stroke: #30363d }
    .way { stroke: #59636e }
    .engine { fill: #9198a1 }
    .kept { fill: #3fb950 }
    .missed { fill: #ff7b72 }
    .open { fill: #58a6ff }
    .floor { stroke: #9198a1 }
    .goal { stroke: #e6edf3 }
  }`

interface Row {
  name: string
  engine: number | null
  service: number
  floor: number | null
  goal: number | null
}

/**
 * Server CPU for each operation as an SVG: the engine, the service, the goal and the floor. The axis is logarithmic, so that equal
 * distances are equal ratios. It brings its colours for light and dark, and no script.
 */
export function chart(figures: Pick<Figures, 'entries'>, operations: readonly Operation[]): string {
  const rows = operations.flatMap((operation) => rowOf(figures, operation))
  const values = rows
    .flatMap(({ engine, service, floor, goal }) => [engine, service, floor, goal])
    .filter((value) => value !== null)
  const x = scaleOf(values)
  const height = TOP + rows.length * ROW + 34
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">Server CPU for each operation in milliseconds: bare engine, Doorward, goal, floor</title>`,
    `<style>${STYLE}\n</style>`,
    legend(),
    ...x.steps.map((step) => gridLine(step, x.at(step), height)),
    ...rows.flatMap((row, index) => drawn(row, TOP + index * ROW + ROW / 2, x.at)),
    '</svg>\n',
  ].join('\n')
}

function rowOf({ entries }: Pick<Figures, 'entries'>, { name, against = name }: Operation): Row[] {
  const cpu = (contender: ContenderName, of = name) => {
    const found = entries.find((entry) => entry.operation === of && entry.contender === contender)
    const value = found ? medianOf(found.samples, 'serverCpuMs') : Number.NaN
    return value > 0 ? value : null
  }
  const service = cpu('service') ?? cpu('other')
  return service === null
    ? []
    : [{ name, service, engine: cpu('engine', against), floor: cpuFloor({ entries }, name), goal: cpuBound({ entries }, name) }]
}

/** From a step below the least value to one above the largest. */
function scaleOf(values: readonly number[]): { steps: readonly number[]; at(value: number): number } {
  const least = STEPS.findLast((step) => step <= Math.min(...values)) ?? STEPS[0] ?? 1
  const most = STEPS.find((step) => step >= Math.max(...values)) ?? STEPS.at(-1) ?? 1
  const span = Math.log(most / least) || 1
  return {
    steps: STEPS.filter((step) => step >= least && step <= most),
    at: (value) => LEFT + (Math.log(value / least) / span) * (WIDTH - LEFT - RIGHT),
  }
}

function legend(): string {
  const entries = [
    { mark: dot(24, 'engine'), at: 24, words: 'bare engine' },
    { mark: dot(130, 'kept'), at: 130, words: 'Doorward, goal kept' },
    { mark: dot(290, 'missed'), at: 290, words: 'missed' },
    { mark: dot(370, 'open'), at: 370, words: 'no goal' },
    { mark: goalMark(460, 22), at: 460, words: 'goal: at most' },
    { mark: dot(584, 'floor'), at: 584, words: 'floor' },
  ]
  return [
    ...entries.map(({ mark, at, words }) => `${mark}<text x="${at + 12}" y="26">${words}</text>`),
    `<text class="quiet" x="${WIDTH - 12}" y="26" text-anchor="end">ms of server CPU</text>`,
  ].join('')
}

function gridLine(step: number, x: number, height: number): string {
  const line = `<line class="grid" x1="${round(x)}" x2="${round(x)}" y1="${TOP - 4}" y2="${height - 28}"/>`
  return `${line}<text class="quiet" x="${round(x)}" y="${height - 10}" text-anchor="middle">${step}</text>`
}

function drawn({ name, engine, service, floor, goal }: Row, y: number, at: (value: number) => number): string[] {
  const state = goal === null ? 'open' : service <= goal ? 'kept' : 'missed'
  const way =
    engine === null ? '' : `<line class="way" x1="${round(at(engine))}" x2="${round(at(service))}" y1="${y}" y2="${y}"/>`
  const figure = goal === null ? service.toFixed(3) : `${service.toFixed(3)} of ${goal.toFixed(3)}`
  return [
    `<text x="${LEFT - 16}" y="${y + 4}" text-anchor="end">${escaped(name)}</text>`,
    way,
    ...(engine === null ? [] : [dot(at(engine), 'engine', y)]),
    ...(goal === null ? [] : [goalMark(at(goal), y)]),
    ...(floor === null ? [] : [dot(at(floor), 'floor', y)]),
    dot(at(service), state, y),
    `<text class="quiet" x="${WIDTH - 8}" y="${y + 4}" text-anchor="end">${figure}</text>`,
  ]
}

const round = (value: number) => value.toFixed(1)
const dot = (x: number, kind: string, y = 22) => `<circle class="${kind}" cx="${round(x)}" cy="${y}" r="6"/>`
const goalMark = (x: number, y: number) => `<line class="goal" x1="${round(x)}" x2="${round(x)}" y1="${y - 10}" y2="${y + 10}"/>`
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
