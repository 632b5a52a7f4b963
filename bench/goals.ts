import type { ContenderName } from './operations.ts'
import { medianOf, type Sample } from './samples.ts'
import { engineStatements, ownStatements, sumOf } from './statement-log.ts'

/** What was measured of one operation at one server. */
export interface Entry {
  operation: string
  contender: ContenderName
  samples: Sample[]
  /** Statements by name, each with how often for one operation. */
  statements: Record<string, number>
}

export interface Memory {
  readySeconds: number
  idleMb: number
  peakMb: number
}

/** What goals are judged by. */
export interface Figures {
  entries: readonly Entry[]
  memory: Partial<Record<ContenderName, Memory>>
  /** A process that has imported what the service imports, and does nothing. Null: not measured. */
  dependenciesMb: number | null
}

export interface Judgement {
  goal: string
  unit: 'ms' | 'statements' | 'MB' | 's'
  figure: number
  bound: number
  kept: boolean
  /**
   * The same figure where only what the service promises is done, and nothing of its own; null where that was not measured.
   * A goal below it is out of reach of the present statements, messages and lines of the log.
   */
  floor: number | null
}

/** What one statement may cost the server, in milliseconds, and how much more than the engine's own work is allowed. */
const STATEMENT_MS = 0.03
const ALLOWANCE = 1.1
const BYTES_ALLOWANCE = 1.2
/** A whole sign-in through its screens, in logins of the bare engine without one. */
const LOGINS = 4
/** PostgreSQL's processor time of a sign-in, against the server's. */
const POSTGRES_SHARE = 0.5
const LOGIN_STATEMENTS = 8
const LOGIN_REQUESTS = 4
const SIGN_IN_REQUESTS = 7
const IDLE_MB = 40
const LOAD_MB = 100
const READY_SECONDS = 1.5

/** Statements that an operation may take at most; refreshing rotates. */
const STATEMENTS: Readonly<Record<string, number>> = {
  'client credentials': 1,
  'client credentials, JWT': 0,
  refresh: 3,
  'refresh, JWT': 3,
  userinfo: 1,
  introspection: 1,
  authorize: 4,
}
const PREPARED = ['discovery', 'keys']
const LOGIN = 'code-flow login'
const SIGN_IN = 'sign-in'

/** Every goal for which there are figures, with whether it is kept. */
export function judge(figures: Figures): Judgement[] {
  return [
    ...PREPARED.map((name) => ratioGoal(figures, name)),
    ...Object.keys(STATEMENTS).flatMap((name) => [cpuGoal(figures, name), statementGoal(figures, name)]),
    loginGoal(figures),
    ...signInGoals(figures),
    ...memoryGoals(figures),
  ].filter((one) => one !== null)
}

/** How much server CPU the service may take for an operation, in milliseconds; null where no goal is set or known. */
export function cpuBound(figures: Pick<Figures, 'entries'>, operation: string): number | null {
  const of = (contender: ContenderName, name = operation) => cpuOf(figures, name, contender)
  const times = (cpu: number | null, factor: number, more = 0) => (cpu === null ? null : cpu * factor + more)
  if (PREPARED.includes(operation)) return times(of('bytes'), BYTES_ALLOWANCE)
  if (operation === SIGN_IN) return times(of('engine', LOGIN), LOGINS)
  const statements = STATEMENTS[operation]
  return statements === undefined ? null : times(of('engine'), ALLOWANCE, STATEMENT_MS * statements)
}

function entryOf({ entries }: Pick<Figures, 'entries'>, operation: string, contender: ContenderName): Entry | null {
  const found = entries.find((entry) => entry.operation === operation && entry.contender === contender)
  return found && found.samples.length > 0 ? found : null
}

function cpuOf(figures: Pick<Figures, 'entries'>, operation: string, contender: ContenderName): number | null {
  const entry = entryOf(figures, operation, contender)
  return entry && medianOf(entry.samples, 'serverCpuMs')
}

function judged(
  goal: string,
  unit: Judgement['unit'],
  figure: number | null | undefined,
  bound: number | null,
  floor: number | null = null,
): Judgement | null {
  if (figure === null || figure === undefined || bound === null || Number.isNaN(figure) || Number.isNaN(bound)) return null
  return { goal, unit, figure, bound, kept: figure <= bound, floor }
}

function ratioGoal(figures: Figures, name: string): Judgement | null {
  const words = `${name}: CPU ≤ ${BYTES_ALLOWANCE} × the same bytes by \`node:http\``
  return judged(words, 'ms', cpuOf(figures, name, 'service'), cpuBound(figures, name), cpuOf(figures, name, 'bytes'))
}

function cpuGoal(figures: Figures, name: string): Judgement | null {
  const words = `${name}: CPU ≤ engine + 10 % + ${STATEMENTS[name]} × ${STATEMENT_MS} ms`
  return judged(words, 'ms', cpuOf(figures, name, 'service'), cpuBound(figures, name), cpuFloor(figures, name))
}

function statementGoal(figures: Figures, name: string): Judgement | null {
  const entry = entryOf(figures, name, 'service')
  const figure = entry && sumOf(ownStatements(entry.statements))
  return judged(`${name}: statements`, 'statements', figure, STATEMENTS[name] ?? null)
}

function loginGoal(figures: Figures): Judgement | null {
  const entry = entryOf(figures, SIGN_IN, 'service')
  const figure = entry && sumOf(engineStatements(entry.statements))
  return judged(`${LOGIN}: statements of the engine in a sign-in`, 'statements', figure, LOGIN_STATEMENTS)
}

function signInGoals(figures: Figures): (Judgement | null)[] {
  const entry = entryOf(figures, SIGN_IN, 'service')
  const cpu = cpuOf(figures, SIGN_IN, 'service')
  const postgres = entry && medianOf(entry.samples, 'postgresCpuMs')
  const floor = entryOf(figures, SIGN_IN, 'floor')
  const floors = { cpu: cpuFloor(figures, SIGN_IN), postgres: floor && medianOf(floor.samples, 'postgresCpuMs') }
  return [
    judged(`${SIGN_IN}: CPU ≤ ${LOGINS} × a ${LOGIN} at the engine`, 'ms', cpu, cpuBound(figures, SIGN_IN), floors.cpu),
    judged(
      `${SIGN_IN}: PostgreSQL CPU ≤ half the server's`,
      'ms',
      postgres,
      cpu === null ? null : cpu * POSTGRES_SHARE,
      floors.postgres,
    ),
  ]
}

/**
 * Server CPU of what an operation must do, in milliseconds; null where it was not measured. The floor of a sign-in answers with
 * recorded bytes, so that the engine's part of it, a login, is added; HTTP of a login's four requests is in both, and counts once.
 */
export function cpuFloor(figures: Pick<Figures, 'entries'>, operation: string): number | null {
  if (operation !== SIGN_IN) return cpuOf(figures, operation, 'floor')
  const [floor, bare, login] = [
    cpuOf(figures, SIGN_IN, 'floor'),
    cpuOf(figures, SIGN_IN, 'bare'),
    cpuOf(figures, LOGIN, 'engine'),
  ]
  if (floor === null || bare === null || login === null) return null
  return floor + login - (bare * LOGIN_REQUESTS) / SIGN_IN_REQUESTS
}

function memoryGoals({ memory: { service }, dependenciesMb }: Figures): (Judgement | null)[] {
  if (!service) return []
  const idleBound = dependenciesMb === null ? null : dependenciesMb + IDLE_MB
  return [
    judged(`memory idle ≤ ${IDLE_MB} MB above importing the dependencies`, 'MB', service.idleMb, idleBound),
    judged(`memory at its peak ≤ ${LOAD_MB} MB above idle`, 'MB', service.peakMb, service.idleMb + LOAD_MB),
    judged('ready after the start of the process', 's', service.readySeconds, READY_SECONDS),
  ]
}
