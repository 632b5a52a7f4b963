import { cpuFloor, type Entry, type Figures, type Judgement, judge } from './goals.ts'
import { CONTENDERS, type ContenderName, type Operation } from './operations.ts'
import type { Hotspots } from './profile.ts'
import { medianOf, spread } from './samples.ts'
import { engineStatements, sumOf } from './statement-log.ts'

export interface Result extends Figures {
  machine: Record<string, string | number>
  /** How the servers are called, those that ran. */
  words: Partial<Record<ContenderName, string>>
  hotspots: Hotspots[]
}

/** The result as Markdown. */
export function report(result: Result, operations: readonly Operation[]): string {
  const measured = operations.filter(({ name }) => result.entries.some(({ operation }) => operation === name))
  const blocks = measured.map((operation) => operationBlock(operation, result))
  const judgements = judge(result)
  const goals = judgements.length > 0 ? [goalsBlock(judgements)] : []
  const profiles = result.hotspots.map(hotspotBlock)
  return [machineBlock(result), ...blocks, memoryBlock(result), ...goals, ...profiles].join('\n\n')
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

function operationBlock(operation: Operation, result: Result): string {
  const own = result.entries.filter((entry) => entry.operation === operation.name)
  const engine = engineOf(result, operation.against ?? operation.name)
  const service = own.find(({ contender }) => contender === 'service')
  return [
    `### ${operation.name}\n\n${operation.words}\n`,
    ...table(
      COLUMNS,
      own.map((entry) => row(entry, engine, result.words)),
    ),
    ...(service ? [`\n${statementWords(service)}`] : []),
    ...sharesOfFloor(own, result),
  ].join('\n')
}

/** What each part of the floor takes: the difference that it makes to leave it out. */
function sharesOfFloor(own: readonly Entry[], result: Result): string[] {
  const of = (name: ContenderName) => {
    const entry = own.find(({ contender }) => contender === name)
    return entry ? medianOf(entry.samples, 'serverCpuMs') : Number.NaN
  }
  const [floor, mailless, storeless, bare] = [of('floor'), of('mailless'), of('storeless'), of('bare')]
  const whole = cpuFloor(result, 'sign-in')
  const parts = {
    mail: floor - mailless,
    'what is told PostgreSQL': floor - storeless,
    'lines of the log': storeless + mailless - floor - bare,
    'HTTP alone': bare,
  }
  if (Number.isNaN(floor + mailless + storeless + bare)) return []
  const words = Object.entries(parts).map(([name, ms]) => `${name} ${ms > 0 ? ms.toFixed(2) : 'within the noise'}`)
  const more = whole === null ? '' : ` It has no engine in it; with a login of the engine it is ${whole.toFixed(2)} ms.`
  return [`\nOf the floor's ${floor.toFixed(2)} ms of server CPU: ${words.join(', ')}.${more}`]
}

const engineOf = ({ entries }: Result, name: string) =>
  entries.find(({ operation, contender }) => operation === name && contender === 'engine')

const STORELESS: readonly ContenderName[] = ['engine', 'bytes', 'storeless', 'bare', 'other']

function row({ contender, samples, statements }: Entry, engine: Entry | undefined, words: Result['words']): string[] {
  const stores = !STORELESS.includes(contender)
  const ratio = (name: 'perSecond' | 'serverCpuMs') => {
    const value = engine ? medianOf(samples, name) / medianOf(engine.samples, name) : Number.NaN
    return Number.isNaN(value) ? '–' : value.toFixed(2)
  }
  const busy = medianOf(samples, 'clientsBusy')
  return [
    words[contender] ?? contender,
    spread(samples, 'perSecond', 0),
    spread(samples, 'p50Ms', 2),
    spread(samples, 'p99Ms', 2),
    spread(samples, 'serverCpuMs', 3),
    stores ? spread(samples, 'postgresCpuMs', 3) : '–',
    stores ? sumOf(statements).toFixed(1) : '–',
    stores ? spread(samples, 'walBytes', 0) : '–',
    ratio('perSecond'),
    ratio('serverCpuMs'),
    Number.isNaN(busy) ? '–' : busy.toFixed(2),
  ]
}

function statementWords({ operation, statements }: Entry): string {
  const own = engineStatements(statements)
  const engines = operation === 'sign-in' ? ` Of the engine's part: ${sumOf(own).toFixed(1)} (${listed(own)}).` : ''
  return `Statements of the service: ${listed(statements)}.${engines}`
}

function listed(statements: Record<string, number>): string {
  const names = Object.entries(statements).sort(([, a], [, b]) => b - a)
  return names.map(([name, count]) => `${name} ${Number(count.toFixed(2))}`).join(', ') || 'none'
}

function memoryBlock({ memory, words, dependenciesMb }: Result): string {
  const columns = ['server', 'ready after s', 'memory idle MB', 'memory peak MB']
  const rows = CONTENDERS.flatMap((name) => {
    const one = memory[name]
    return one ? [[words[name] ?? name, one.readySeconds.toFixed(2), one.idleMb.toFixed(0), one.peakMb.toFixed(0)]] : []
  })
  const bare = dependenciesMb === null ? [] : [['the dependencies of the service, imported', '–', dependenciesMb.toFixed(0), '–']]
  return ['### Start and memory\n', ...table(columns, [...rows, ...bare])].join('\n')
}

const DIGITS = { ms: 3, statements: 1, MB: 0, s: 2 } as const

/** Every goal with its figure: kept or missed; and the floor, where it was measured. */
function goalsBlock(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ goal, unit, figure, bound, kept, floor }) => {
    const shown = (value: number) => `${value.toFixed(DIGITS[unit])} ${unit}`
    const beyond =
      floor === null ? ['–', '–'] : [shown(floor) + (floor > bound ? ', **above the goal**' : ''), shown(figure - floor)]
    return [goal, shown(figure), shown(bound), kept ? 'kept' : '**missed**', ...beyond]
  })
  const kept = judgements.filter((one) => one.kept).length
  const summary = `${kept} of ${judgements.length} are kept.`
  const columns = ['goal', 'figure', 'at most', 'kept or missed', 'floor', "the service's own"]
  return ['### Goals\n', ...table(columns, rows), `\n${summary}`].join('\n')
}

function hotspotBlock({ operation, functions, places, parts }: Hotspots): string {
  const list = (shares: Hotspots['functions']) =>
    shares.map(({ name, share }) => `- ${(share * 100).toFixed(1)} % \`${name}\``).join('\n')
  const blocks = { 'What it was for': parts, 'By package or room': places, 'By function, own time': functions }
  const lists = Object.entries(blocks).map(([words, shares]) => `${words}:\n\n${list(shares)}`)
  return [`### Where the time goes: ${operation}`, ...lists].join('\n\n')
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const table = (columns: readonly string[], rows: readonly (readonly string[])[]) => [
  line(columns),
  line(columns.map(() => '---')),
  ...rows.map(line),
]
