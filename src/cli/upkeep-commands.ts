import type { Command } from 'commander'
import type { CommonOptions } from './connect.ts'
import { CommandFault } from './exits.ts'
import { table } from './print.ts'
import { jsonText, type Terminal } from './terminal.ts'

/** Where the database stands, seen from this version. */
export interface MigrationReport {
  /** `ahead-compatible`: a newer version migrated it, and this one still fits. `ahead`: it does not. */
  state: 'ready' | 'behind' | 'ahead-compatible' | 'ahead'
  applied: readonly { name: string; at: Date }[]
  waiting: readonly string[]
  unknown: readonly { name: string; at: Date; contracting: boolean }[]
  halfDone: readonly string[]
  invalidIndexes: readonly string[]
  /** The last migration of the job queue's own tables; null where there is none. */
  queue: number | null
}

/** One secret of `SECRETS`, or one that something is still sealed with; it is named by its id, which says nothing about it. */
export interface SecretState {
  id: string
  newest: boolean
  listed: boolean
  seeds: number
  signingKeys: number
  /** Rows that end by themselves. */
  shortLived: number
  /** When the newest of them was made. */
  lastUsedAt: Date | null
  /** When another one came to the front. */
  replacedAt: Date | null
  mayGo: 'yes' | 'wait' | 'no'
  because: string
}

/** What `after-restore` ended, or would end, and what nobody can know. */
export interface AfterRestore {
  done: boolean
  ends: object
  stays: object
}

/** What keeps an installation in order, done by whoever has the database and its secrets. */
export interface UpkeepVerbs {
  /** Changes nothing. */
  migrateStatus(): Promise<MigrationReport>
  secretsStatus(): Promise<readonly SecretState[]>
  /** Throws `CommandFault` while a service works on the database. */
  afterRestore(options: { yes: boolean }): Promise<AfterRestore>
}

interface UpkeepUse {
  terminal: Terminal
  local: UpkeepVerbs
}

type Options = CommonOptions & { yes?: boolean }
type Work = (use: UpkeepUse, options: Options) => Promise<void>
type Add = (name: string, description: string, work: Work, parent?: Command) => Command

export const STATUS = 'status'

export function addUpkeepCommands(program: Command, add: Add): void {
  const secrets = program.command('secrets').description('The secrets that seal and sign (SECRETS)')
  add(STATUS, 'Tell what each secret still seals, and whether it may be taken out of SECRETS', secretsStatus, secrets)
  add(
    'after-restore',
    'After a restore to an earlier moment: end all that could have been used since, so that nobody uses it again',
    afterRestore,
  ).option('--yes', 'do it; without it, only tell what would end')
}

/** Says where the database stands, and ends by it. */
export async function migrateStatus({ terminal, local }: UpkeepUse, { json }: Options): Promise<void> {
  const report = await local.migrateStatus()
  if (json) terminal.out(jsonText(report, 2))
  else for (const line of linesOf(report)) terminal.out(line)
  if (report.state === 'ahead') throw new CommandFault('newer', 'a newer version took away what this one needs: start that one')
  if (report.state === 'behind' || report.queue === null || report.invalidIndexes.length > 0 || report.halfDone.length > 0)
    throw new CommandFault('failed', 'run `doorward migrate`')
}

function linesOf({ applied, waiting, unknown, halfDone, invalidIndexes, queue }: MigrationReport): string[] {
  return [
    ...applied.map(({ name, at }) => `applied   ${name}  ${at.toISOString()}`),
    ...unknown.map(({ name, at, contracting }) => `newer     ${name}  ${at.toISOString()}${contracting ? '  contracting' : ''}`),
    ...halfDone.map((name) => `half-done ${name}  (by another tool: resolve it there)`),
    ...waiting.map((name) => `waiting   ${name}`),
    ...invalidIndexes.map((name) => `invalid   index ${name}`),
    queue === null ? 'waiting   the tables of the job queue' : `applied   the tables of the job queue, up to ${queue}`,
  ]
}

async function secretsStatus({ terminal, local }: UpkeepUse, { json }: Options): Promise<void> {
  const secrets = await local.secretsStatus()
  if (json) return terminal.out(jsonText(secrets, 2))
  const rows = secrets.map(({ because: _told, replacedAt, lastUsedAt, mayGo, ...facts }) => ({
    ...{ ...facts, replaced: replacedAt?.toISOString() ?? '', last_used: lastUsedAt?.toISOString() ?? '', may_go: mayGo },
  }))
  for (const line of table(rows, terminal.columns)) terminal.out(line)
  terminal.out('')
  for (const { id, mayGo, because, listed } of secrets) {
    terminal.out(`${id} ${GOES[mayGo]}: ${because}${listed ? '' : '. SECRETS lacks it: put it back behind the others'}`)
  }
}

const GOES = {
  yes: 'may be taken out of SECRETS',
  wait: 'may be taken out of SECRETS later',
  no: 'must stay in SECRETS',
} as const

async function afterRestore({ terminal, local }: UpkeepUse, { json, yes = false }: Options): Promise<void> {
  const report = await local.afterRestore({ yes })
  if (json) terminal.out(jsonText(report, 2))
  else {
    terminal.out(report.done ? 'Ended:' : 'Would end:')
    for (const line of counted(report.ends)) terminal.out(line)
    terminal.out('Stays as it was at the moment of the backup, whatever was changed since (docs/backup.md says what to do):')
    for (const line of counted(report.stays)) terminal.out(line)
  }
  if (!report.done) throw new CommandFault('failed', 'nothing was ended: add --yes')
}

const counted = (counts: object) =>
  Object.entries(counts).map(([name, value]) => {
    const words = value instanceof Date ? value.toISOString() : (value ?? 'none')
    return `  ${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}: ${words}`
  })
