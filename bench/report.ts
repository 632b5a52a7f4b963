import { CONTENDER_WORDS, CONTENDERS, type ContenderName } from './contenders.ts'
import type { Sample } from './measure.ts'
import type { Operation } from './operations.ts'
import type { Hotspots } from './profile.ts'

export interface Entry {
  operation: string
  contender: ContenderName
  samples: Sample[]
  statements: Record<string, number>
}

export interface Memory {
  readySeconds: number
  idleMb: number
  peakMb: number
}

export interface Result {
  machine: Record<string, string | number>
  entries: Entry[]
  memory: Partial<Record<ContenderName, Memory>>
  hotspots: Hotspots[]
}

/** What one statement may cost the server, and how much more than the engine's own work is allowed beside it. */
const STATEMENT_MS = 0.03
const ALLOWANCE = 1.1

/** The result as Markdown. */
export function report(result: Result, operations: readonly Operation[]): string {
  const blocks = operations.map((operation) => operationBlock(operation, result.entries))
  return [machineBlock(result), ...blocks, memoryBlock(result), ...result.hotspots.map(hotspotBlock)].join('\n\n')
}

function machineBlock({ machine }: Result): string {
  return Object.entries(machine)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join('\n')
}

const COLUMNS = [
  'server',
  'operations/s',
  'p50 ms',
  'p99 ms',
  'server CPU ms',
  'PostgreSQL CPU ms',
  'statements',
  'WAL bytes',
  'rate ÷ engine',
  'CPU ÷ engine',
  'clients busy',
]

function operationBlock(operation: Operation, entries: readonly Entry[]): string {
  const own = entries.filter((entry) => entry.operation === operation.name)
  const engine = own.find(({ contender }) => contender === 'engine')
  const rows = own.map((entry) => row(entry, engine))
  const notes = own.filter(({ contender }) => contender === 'service').map((entry) => note(operation, entry, engine))
  return [`### ${operation.name}\n\n${operation.words}\n`, line(COLUMNS), line(COLUMNS.map(() => '---')), ...rows, ...notes].join(
    '\n',
  )
}

function row({ contender, samples, statements }: Entry, engine: Entry | undefined): string {
  const ratio = (name: 'perSecond' | 'serverCpuMs') =>
    engine ? (median(samples, name) / median(engine.samples, name)).toFixed(2) : '–'
  return line([
    CONTENDER_WORDS[contender],
    spread(samples, 'perSecond', 0),
    spread(samples, 'p50Ms', 2),
    spread(samples, 'p99Ms', 2),
    spread(samples, 'serverCpuMs', 3),
    contender === 'engine' ? '–' : spread(samples, 'postgresCpuMs', 3),
    contender === 'engine' ? '–' : sum(statements).toFixed(1),
    contender === 'engine' ? '–' : spread(samples, 'walBytes', 0),
    ratio('perSecond'),
    ratio('serverCpuMs'),
    median(samples, 'clientsBusy').toFixed(2),
  ])
}

function note({ statementsMax }: Operation, { statements, samples }: Entry, engine: Entry | undefined): string {
  const names = Object.entries(statements).sort(([, a], [, b]) => b - a)
  const listed = names.map(([name, count]) => `${name} ${Number(count.toFixed(2))}`).join(', ') || 'none'
  if (!engine || statementsMax === null) return `\nStatements of the service: ${listed}.`
  const allowed = median(engine.samples, 'serverCpuMs') * ALLOWANCE + STATEMENT_MS * statementsMax
  const took = median(samples, 'serverCpuMs')
  const verdict = `${took <= allowed ? 'kept' : 'missed'}: ${took.toFixed(3)} of ${allowed.toFixed(3)} ms`
  return `\nStatements of the service: ${listed}. Goal (at most ${statementsMax}; engine + 10 % + 0.03 ms each) ${verdict}.`
}

function memoryBlock({ memory }: Result): string {
  const columns = ['server', 'ready after s', 'memory idle MB', 'memory peak MB']
  const rows = CONTENDERS.flatMap((name) => {
    const one = memory[name]
    return one ? [line([CONTENDER_WORDS[name], one.readySeconds.toFixed(2), one.idleMb.toFixed(0), one.peakMb.toFixed(0)])] : []
  })
  return ['### Start and memory\n', line(columns), line(columns.map(() => '---')), ...rows].join('\n')
}

function hotspotBlock({ operation, functions, places }: Hotspots): string {
  const list = (shares: Hotspots['functions']) =>
    shares.map(({ name, share }) => `- ${(share * 100).toFixed(1)} % \`${name}\``).join('\n')
  return `### Where the time goes: ${operation}\n\nBy package or room:\n\n${list(places)}\n\nBy function, own time:\n\n${list(functions)}`
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, one) => all + one, 0)

function median(samples: readonly Sample[], name: keyof Sample): number {
  const values = samples.map((sample) => sample[name]).sort((a, b) => a - b)
  const middle = Math.floor(values.length / 2)
  const upper = values[middle] ?? Number.NaN
  return values.length % 2 === 1 ? upper : (upper + (values[middle - 1] ?? Number.NaN)) / 2
}

// Median, and in brackets the least and the most of the rounds.
function spread(samples: readonly Sample[], name: keyof Sample, digits: number): string {
  const values = samples.map((sample) => sample[name])
  const shown = (value: number) => value.toFixed(digits)
  return `${shown(median(samples, name))} (${shown(Math.min(...values))}–${shown(Math.max(...values))})`
}
