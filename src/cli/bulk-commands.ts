import type { Command } from 'commander'
import type { OperationName } from '../admin/index.ts'
import type { CommonOptions } from './connect.ts'
import type { Door, Input } from './door.ts'
import { CommandFault } from './exits.ts'
import { pagesOf } from './lists.ts'
import { groupOf, type Use } from './operation-commands.ts'
import { isRecord } from './print.ts'
import { jsonText, type Terminal } from './terminal.ts'

const BATCH = 500
const EXPORT_PAGE = 1000
const TELL_EVERY = 10_000

/** Commands that make many requests: import and export of people, export and check of the audit log. */
export function addBulkCommands(program: Command, use: () => Use): void {
  const accounts = groupOf(program, 'accounts')
  accounts
    .command('import')
    .description('Add people from NDJSON, one on each line; whoever is there already is left as they are')
    .argument('<file>', 'the file; - for standard input')
    .option('--from-line <number>', 'begin at this line, where an import stopped')
    .action(withDoor(accounts, use, 'import', importPeople))
  accounts
    .command('export')
    .description('Write all people as NDJSON, oldest first, as `accounts import` takes them')
    .action(withDoor(accounts, use, 'export', (door, terminal) => exportAll(door, terminal, 'accounts.export', {})))

  const audit = groupOf(program, 'audit')
  audit
    .command('export')
    .description('Write the audit log as NDJSON, newest first')
    .option('--account-id <id>', 'about this person')
    .option('--client-id <id>', 'about this application')
    .option('--actor-id <id>', 'done by this administrator')
    .option('--event <event>', 'an event, or the beginning of some: `client.*`')
    .option('--from <moment>', 'since then, such as 2026-11-01T00:00:00Z')
    .option('--to <moment>', 'until then')
    .action(withDoor(audit, use, 'export', exportAudit))
  audit
    .command('verify')
    .description('Check the chain of the audit log from its beginning; names the first row that is not as it was written')
    .action(withDoor(audit, use, 'verify', verify))
}

type Options = CommonOptions & Record<string, unknown>
type Work = (door: Door, terminal: Terminal, options: Options, given: readonly string[]) => Promise<void>

function withDoor(group: Command, use: () => Use, name: string, work: Work) {
  return async (...given: unknown[]): Promise<void> => {
    const command = group.commands.find((one) => one.name() === name) as Command
    const options = command.optsWithGlobals<Options>()
    const { terminal, door: open } = use()
    const door = await open(options)
    try {
      await work(door, terminal, options, given.slice(0, command.registeredArguments.length).map(String))
    } finally {
      await door.close()
    }
  }
}

interface Tally {
  created: number
  there_already: number
  refused: number
}

/** Whole batches, one after the other: where it stops, what came before that line is done, and nothing after it is. */
async function importPeople(door: Door, terminal: Terminal, options: Options, [file = '-']: readonly string[]): Promise<void> {
  const from = lineNumber(options.fromLine)
  const tally: Tally = { created: 0, there_already: 0, refused: 0 }
  let batch: { line: number; account: unknown }[] = []
  let line = 0
  const send = async () => {
    if (batch.length === 0) return
    await importBatch(door, terminal, batch, tally).catch((error: unknown) =>
      stopped(terminal, tally, batch[0]?.line ?? line, onLines(error, batch)),
    )
    terminal.err(`line ${line}: ${words(tally)}`)
    batch = []
  }
  for await (const text of linesOf(terminal, file)) {
    line++
    if (line < from || text.trim() === '') continue
    const account = await accountOn(text, line).catch(async (error: unknown) => {
      await send()
      return stopped(terminal, tally, line, error)
    })
    batch.push({ line, account })
    if (batch.length === BATCH) await send()
  }
  await send()
  if (options.json) terminal.out(jsonText({ lines: line, ...tally }))
  else terminal.out(`${line} lines: ${words(tally)}`)
  if (tally.refused > 0) throw new CommandFault('failed', `${tally.refused} were refused, see above`)
}

async function importBatch(door: Door, terminal: Terminal, batch: readonly { line: number; account: unknown }[], tally: Tally) {
  const answer = await door.perform('accounts.import', { accounts: batch.map(({ account }) => account) })
  const results = isRecord(answer) && Array.isArray(answer.results) ? answer.results : []
  for (const [at, result] of results.entries()) {
    const outcome = isRecord(result) ? (result.outcome as keyof Tally) : 'refused'
    tally[outcome]++
    if (outcome === 'refused')
      terminal.err(`line ${batch[at]?.line}: ${String((result as { words?: unknown }).words ?? 'refused')}`)
  }
}

const OF_BATCH = /^accounts\[(\d+)\]\.?(.*)$/

/** A refusal that names the lines of the file, as whoever wrote it counts them; in no words of the command line. */
function onLines(error: unknown, batch: readonly { line: number }[]): unknown {
  if (!(error instanceof CommandFault)) return error
  const told = error.faults.map(({ field, words }) => {
    const [, at, name] = OF_BATCH.exec(field) ?? []
    const line = at === undefined ? undefined : batch[Number(at)]?.line
    return line === undefined ? { field, words } : { field: '', words: `line ${line}: ${name ? `${name}: ` : ''}${words}` }
  })
  return new CommandFault(error.exit, error.message, { faults: told, cause: error })
}

function stopped(terminal: Terminal, tally: Tally, line: number, error: unknown): never {
  terminal.err(`stopped at line ${line}: ${words(tally)}; go on with --from-line ${line}`)
  throw error
}

async function accountOn(text: string, line: number): Promise<unknown> {
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandFault('failed', `line ${line} is no JSON`)
  }
}

async function* linesOf(terminal: Terminal, file: string): AsyncGenerator<string> {
  try {
    yield* terminal.lines(file)
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause)
      throw new CommandFault('usage', `the file ${file} cannot be read`, { cause })
    throw cause
  }
}

function lineNumber(text: unknown): number {
  if (text === undefined) return 1
  const line = Number(text)
  if (!Number.isInteger(line) || line < 1) throw new CommandFault('usage', '--from-line must be the number of a line, from 1')
  return line
}

const words = (tally: Tally) => `${tally.created} created, ${tally.there_already} there already, ${tally.refused} refused`

async function exportAudit(door: Door, terminal: Terminal, options: Options): Promise<void> {
  const names = ['account_id', 'client_id', 'actor_id', 'event', 'from', 'to']
  const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const filter = names.flatMap((name) => (options[camel(name)] === undefined ? [] : [[name, options[camel(name)]]]))
  await exportAll(door, terminal, 'audit.export', Object.fromEntries(filter))
}

async function exportAll(door: Door, terminal: Terminal, name: OperationName, filter: Input): Promise<void> {
  let count = 0
  for await (const page of pagesOf(door, name, { ...filter, limit: EXPORT_PAGE })) {
    for (const item of page.items) terminal.out(jsonText(item))
    const told = Math.floor(count / TELL_EVERY)
    count += page.items.length
    if (Math.floor(count / TELL_EVERY) > told) terminal.err(`${count} …`)
  }
  terminal.err(`${count} in all`)
}

interface Stretch {
  checked: number
  rows: number
  broken: { entry_id: string | null; place: number; words: string } | null
  head: string | null
  next: string | null
}

async function verify(door: Door, terminal: Terminal, options: Options): Promise<void> {
  for (let cursor: string | undefined; ; ) {
    const stretch = (await door.perform('audit.verify', cursor === undefined ? {} : { cursor })) as Stretch
    const { checked, rows, broken, head, next } = stretch
    if (broken || !next) {
      if (options.json) terminal.out(jsonText({ whole: !broken, checked, rows, broken, head }))
      else if (!broken) terminal.out(`${checked} rows are as they were written; the chain's head is ${head ?? 'not there yet'}`)
    }
    if (broken) {
      const row = broken.entry_id === null ? 'a row that is gone' : `row ${broken.entry_id}`
      throw new CommandFault('failed', `the chain is broken at place ${broken.place}, ${row}: ${broken.words}`)
    }
    if (!next) return
    terminal.err(`${checked} of ${rows}`)
    cursor = next
  }
}
