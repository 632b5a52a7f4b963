import { Argument, type Command } from 'commander'
import type { PlannedEntry } from '../clients/index.ts'
import type { CommonOptions } from './connect.ts'
import { CommandFault, exits } from './exits.ts'
import type { Finding } from './finding.ts'
import { asCommandFault } from './local-door.ts'
import { cell } from './print.ts'
import { jsonText, plain, type Terminal } from './terminal.ts'
import { addUpkeepCommands, migrateStatus, STATUS, type UpkeepVerbs } from './upkeep-commands.ts'

/** What the link of a sign-in under way is printed as. */
export interface SignInLink {
  link: string | null
  code: string | null
  device: string
  createdAt: Date
  expiresAt: Date
}

/** What became of `grant-admin`. */
export type GrantedAdmin = { outcome: 'made' | 'was_one'; accountId: string } | { outcome: 'invited'; expiresAt: Date }

/** What only whoever has the database and its secrets can do. Each opens what it needs, and closes it. */
export interface LocalVerbs extends UpkeepVerbs {
  migrate(): Promise<{ applied: readonly string[] }>
  /** Throws `CommandFault` or `AdminFault`. */
  grantAdmin(address: string): Promise<GrantedAdmin>
  /** Null where there is no sign-in of an administrator under way for this address. */
  signInLink(address: string): Promise<SignInLink | null>
  /** What a clients file would change: the one of the settings where `path` is null. Throws `CommandFault` with its faults. */
  plan(path: string | null): Promise<readonly PlannedEntry[]>
  /** The same, and does it. Answers what it did. */
  apply(path: string | null): Promise<readonly PlannedEntry[]>
  /** Leaves what a clients file has declared to the console; answers the ids of it. Throws `CommandFault` where one is set. */
  releaseClientsFile(): Promise<readonly string[]>
  doctor(): Promise<Finding[]>
  /** Writes the pages that come from the code, or tells which differ; answers their paths. */
  manual(options: { check: boolean }): Promise<readonly string[]>
}

export interface LocalUse {
  terminal: Terminal
  local: LocalVerbs
}

/** Commands that work on the database that the settings name. */
export function addLocalCommands(program: Command, use: () => LocalUse): void {
  const add = (
    name: string,
    description: string,
    work: (use: LocalUse, options: Options, given: string[]) => Promise<void>,
    parent = program,
  ) => {
    const command = parent.command(name).description(description)
    command.action(async (...given: unknown[]) => {
      const texts = given
        .slice(0, command.registeredArguments.length)
        .filter((text) => text !== undefined)
        .map(String)
      try {
        await work(use(), command.optsWithGlobals<Options>(), texts)
      } catch (error) {
        throw asCommandFault(error)
      }
    })
    return command
  }
  add(
    'migrate',
    'Bring the database up to date (DATABASE_DIRECT_URL, or DATABASE_URL); with `status`, only tell where it stands',
    (used, options, [what]) => (what === STATUS ? migrateStatus : migrate)(used, options),
  ).addArgument(new Argument('[what]').choices([STATUS]))
  addUpkeepCommands(program, add)
  add('plan', 'Show what the clients file would change (CLIENTS_FILE, or another)', plan)
    .argument('[file]')
    .option('--exit-code', `exit with ${exits.changes.code} where it would change something`)
  add('apply', 'Make the registrations equal to the clients file', apply).argument('[file]')
  add('release-clients-file', 'Leave what a clients file has declared to the console, as it is', releaseClientsFile)
  add('grant-admin', 'Make the person of an address an administrator, or invite them as one', grantAdmin).argument('<address>')
  add('sign-in-link', 'Print the link of a sign-in that an administrator has begun, when mail is down', signInLink).argument(
    '<address>',
  )
  add('doctor', 'Look at settings, database, keys, mail, texts, clients and administrators, and say what to do', doctor)
  add('manual', 'Write the pages of the documentation that come from the code', manual).option(
    '--check',
    'fail when one of them differs from the code',
  )
}

type Options = CommonOptions & { check?: boolean; exitCode?: boolean }

async function migrate({ terminal, local }: LocalUse, { json }: Options): Promise<void> {
  const { applied } = await local.migrate()
  if (json) terminal.out(jsonText({ applied }))
  else terminal.out(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`)
}

async function plan({ terminal, local }: LocalUse, { json, exitCode }: Options, [file]: string[]): Promise<void> {
  const entries = await local.plan(file ?? null)
  if (json) terminal.out(jsonText(entries, 2))
  else for (const line of planLines(entries)) terminal.out(line)
  if (exitCode && entries.some(({ action }) => action !== 'wait'))
    throw new CommandFault('changes', 'the file would change something')
}

async function apply({ terminal, local }: LocalUse, { json }: Options, [file]: string[]): Promise<void> {
  const entries = await local.apply(file ?? null)
  if (json) terminal.out(jsonText(entries, 2))
  else for (const line of planLines(entries)) terminal.out(line)
}

async function releaseClientsFile({ terminal, local }: LocalUse, { json }: Options): Promise<void> {
  const released = await local.releaseClientsFile()
  if (json) terminal.out(jsonText({ released }))
  else if (released.length === 0) terminal.out('Nothing is owned by a clients file.')
  else terminal.out(`Can be changed in the console from now on: ${released.join(', ')}`)
}

const SIGNS = { create: '+', change: '~', 'take-over': '~', remove: '-', wait: '…' } as const
const ACTIONS = { create: 'new', change: 'changed', 'take-over': 'taken over', remove: 'gone', wait: 'waits' } as const

/** What a plan says, entry by entry, with each field as it is and as it would be. */
function planLines(entries: readonly PlannedEntry[]): string[] {
  if (entries.length === 0) return ['Nothing to do: what is registered is what the file says.']
  return entries.flatMap(({ kind, id, action, changes, words }) => [
    `${SIGNS[action]} ${kind === 'client' ? 'client' : 'API'} ${plain(id)} (${ACTIONS[action]})${words ? `: ${plain(words)}` : ''}`,
    ...changes.map(({ field, before, after }) => `    ${field}: ${cell(before)} → ${cell(after)}`),
  ])
}

async function grantAdmin({ terminal, local }: LocalUse, { json }: Options, [address = '']: string[]): Promise<void> {
  const granted = await local.grantAdmin(address)
  if (json) return terminal.out(jsonText(granted))
  const words = {
    made: 'is an administrator from now on.',
    was_one: 'was an administrator already.',
    invited: 'has no account yet: whoever signs in with it first is an administrator.',
  }
  terminal.out(`${plain(address)} ${words[granted.outcome]}`)
  if (granted.outcome === 'invited') terminal.out(`The invitation is good until ${granted.expiresAt.toISOString()}.`)
}

async function signInLink({ terminal, local }: LocalUse, { json }: Options, [address = '']: string[]): Promise<void> {
  const found = await local.signInLink(address)
  if (!found) {
    throw new CommandFault(
      'failed',
      'no sign-in of an administrator is under way for this address: begin one in the browser, then run this again',
    )
  }
  if (json) return terminal.out(jsonText(found))
  terminal.err(
    `Begun on ${plain(found.device)} at ${found.createdAt.toISOString()}; good until ${found.expiresAt.toISOString()}. It is as secret as the mail.`,
  )
  if (found.link) terminal.out(`link: ${found.link}`)
  if (found.code) terminal.out(`code: ${found.code}`)
}

const MARKS = { ok: 'ok    ', look: 'look  ', broken: 'broken' } as const

async function doctor({ terminal, local }: LocalUse, { json }: Options): Promise<void> {
  const findings = await local.doctor()
  if (json) terminal.out(jsonText(findings, 2))
  else for (const finding of findings) for (const line of linesOf(finding)) terminal.out(line)
  const count = findings.filter(({ state }) => state === 'broken').length
  if (count > 0) throw new CommandFault('failed', count === 1 ? 'one thing is broken' : `${count} things are broken`)
}

function linesOf({ about, state, words, todo }: Finding): string[] {
  const line = `${MARKS[state]}  ${about}: ${plain(words)}`
  return todo === null ? [line] : [line, `        ${plain(todo)}`]
}

async function manual({ terminal, local }: LocalUse, { check = false }: Options): Promise<void> {
  const paths = await local.manual({ check })
  for (const path of paths) {
    if (check) terminal.err(`${path} differs from the code: run \`npm run manual\``)
    else terminal.out(`written: ${path}`)
  }
  if (check && paths.length > 0) throw new CommandFault('failed', 'the pages are not what the code says')
}
