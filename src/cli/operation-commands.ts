import { type Command, InvalidArgumentError, Option } from 'commander'
import type { OperationName, OperationSpec } from '../admin/index.ts'
import type { CommonOptions } from './connect.ts'
import type { Door, Input } from './door.ts'
import { type Field, fieldsOf, specs } from './fields.ts'
import { isPage, type Page, pagesOf } from './lists.ts'
import { blocks, record, table } from './print.ts'
import { jsonText, type Terminal } from './terminal.ts'
import { fieldValue, optionName } from './values.ts'

/** What an action is given by whoever runs the program. */
export interface Use {
  terminal: Terminal
  door(options: CommonOptions): Promise<Door>
}

type Options = CommonOptions & Record<string, unknown> & { all?: boolean; ifMatch?: string; idempotencyKey?: string }

/** Operations that have a command of their own, which does more than one request. */
const APART: readonly OperationName[] = ['accounts.import', 'accounts.export', 'audit.export', 'audit.verify', 'clients.try']

/** One command for each operation of the catalogue: `clients list`. */
export function addOperations(program: Command, use: () => Use): void {
  for (const [name, spec] of specs) {
    if (!APART.includes(name)) addOperation(program, name, spec, use)
  }
}

/** The command of a group, such as `clients`; made where it is not there yet. */
export function groupOf(program: Command, name: string): Command {
  const there = program.commands.find((command) => command.name() === name)
  return there ?? program.command(name).description(GROUPS[name] ?? name)
}

const GROUPS: Readonly<Record<string, string>> = {
  clients: 'Applications that people sign in to, and machines',
  'clients-file': 'The clients file of the service',
  'resource-servers': 'APIs that access tokens are meant for',
  accounts: 'People',
  invitations: 'People who may join',
  administrators: 'Who may administer',
  messages: 'What was sent to whom',
  suppressions: 'Addresses that take no messages',
  keys: 'Signing keys',
  audit: 'The audit log',
  stats: 'Counted by day',
  me: 'Yourself',
}

function addOperation(program: Command, name: OperationName, spec: OperationSpec, use: () => Use): void {
  const [group = '', verb = ''] = name.split('.')
  const command = groupOf(program, group).command(verb).description(spec.summary)
  const fields = fieldsOf(spec)
  for (const field of fields) {
    if (field.inPath) command.argument(`<${field.name}>`, field.help)
    else for (const option of optionsOf(field)) command.addOption(option)
  }
  const paged = fields.some((field) => field.name === 'cursor')
  if (paged) command.option('--all', 'every page, not only the first')
  if (spec.method !== 'GET') {
    if (spec.method !== 'POST') command.option('--if-match <version>', 'only where this is still its version')
    command.option('--idempotency-key <key>', 'with the same key the same request is done once')
  }
  command.action(async (...given: unknown[]) => {
    const options = command.optsWithGlobals<Options>()
    const { terminal, door: open } = use()
    const input = inputFrom(fields, given.slice(0, command.registeredArguments.length), options, terminal)
    const door = await open(options)
    try {
      if (paged && options.all) return await showAll(door, name, input, { terminal, options })
      const output = await door.perform(name, input, {
        ifMatch: options.ifMatch ?? null,
        idempotencyKey: options.idempotencyKey ?? null,
      })
      show(name, output, terminal, options)
    } finally {
      await door.close()
    }
  })
}

function optionsOf(field: Field): Option[] {
  const name = optionName(field.name)
  const needed = field.required ? ' (needed)' : ''
  const help = `${field.help}${needed}`.trim()
  if (field.kind === 'boolean') {
    return [new Option(name, help), new Option(name.replace('--', '--no-'), `not ${name}`).hideHelp()]
  }
  const many = field.kind === 'list' || field.kind === 'record'
  const shape = { text: 'text', number: 'number', list: 'text', record: 'name=value' }[field.kind]
  const option = new Option(`${name} <${shape}>`, many ? `${help}${help ? '; ' : ''}may be repeated` : help)
  if (field.choices) option.choices(field.nullable ? [...field.choices, 'null'] : field.choices)
  if (many) option.argParser((text: string, before: string[] = []) => [...before, chosen(field, text)])
  return [option.makeOptionMandatory(field.required)]
}

// A parser of one's own takes the place of the check of choices.
function chosen({ choices }: Field, text: string): string {
  if (choices && !choices.includes(text)) throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`)
  return text
}

/** What was written, as the operation's input; what was not written is left out. */
function inputFrom(fields: readonly Field[], given: readonly unknown[], options: Options, terminal: Terminal): Input {
  const inPath = fields.filter((field) => field.inPath)
  const written = (field: Field) =>
    (field.inPath ? given[inPath.indexOf(field)] : options[camel(field.name)]) as Parameters<typeof fieldValue>[1] | undefined
  return Object.fromEntries(
    fields.flatMap((field) => {
      const text = written(field)
      return text === undefined ? [] : [[field.name, fieldValue(field, text, terminal.readFile)]]
    }),
  )
}

const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** Shows an output: JSON for machines; for people a table, or one record as lines. */
function show(name: OperationName, output: unknown, terminal: Terminal, { json }: CommonOptions): void {
  if (json) terminal.out(jsonText(output, 2))
  // In a table, texts to paste would be cut and on one line.
  else if (name === 'clients.snippets' && isPage(output)) for (const line of blocks(output.items)) terminal.out(line)
  else if (isPage(output)) showPage(output, terminal)
  else for (const line of record(output, terminal.columns)) terminal.out(line)
}

function showPage({ items, next }: Page, terminal: Terminal): void {
  if (items.length === 0) terminal.err('none')
  else for (const line of table(items, terminal.columns)) terminal.out(line)
  if (next) terminal.err(`there are more: --all, or --cursor ${next}`)
}

/** Every page: with `--json` one item on each line, as it comes. */
async function showAll(
  door: Door,
  name: OperationName,
  input: Input,
  { terminal, options }: { terminal: Terminal; options: CommonOptions },
): Promise<void> {
  const items: Record<string, unknown>[] = []
  for await (const page of pagesOf(door, name, input)) {
    if (options.json) for (const item of page.items) terminal.out(jsonText(item))
    else items.push(...page.items)
  }
  if (!options.json) show(name, { items, next: null }, terminal, options)
}
