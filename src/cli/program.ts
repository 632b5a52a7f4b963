import { Argument, Command, CommanderError } from 'commander'
import { addBulkCommands } from './bulk-commands.ts'
import { completionScript, SHELLS, type Shell } from './completion.ts'
import { addresses, type CommonOptions, type ConnectDeps, connect } from './connect.ts'
import { CommandFault, type Exit, exits } from './exits.ts'
import { addLocalCommands, type LocalVerbs } from './local-commands.ts'
import { addOperations } from './operation-commands.ts'
import { jsonText, plain } from './terminal.ts'
import { personToken } from './tokens.ts'
import { addTryCommand } from './try-command.ts'
import { optionName } from './values.ts'

export interface CommandDeps extends ConnectDeps {
  local: LocalVerbs
}

/** The whole command line. `use` is asked only when a command runs. */
export function createProgram(use: () => CommandDeps): Command {
  const program = new Command('doorward')
    .description('Administers Doorward: over its API, or in place with the database and the settings of the service.')
    .option('--url <origin>', 'where the service is (DOORWARD_URL); without it, in place')
    .option('--issuer <origin>', 'the issuer, where the API has an address of its own (DOORWARD_ISSUER)')
    .option('--token <token>', 'an access token (DOORWARD_TOKEN, which other users of the machine do not see)')
    .option('--login', 'sign in in the browser for this one command')
    .option('--local', 'in place, also where DOORWARD_URL is set')
    .option('--json', 'for machines: JSON, and one object on each line with --all')
    .helpOption('-h, --help', 'help for a command')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
  const door = () => {
    const deps = use()
    return { terminal: deps.terminal, door: (options: CommonOptions) => connect(deps, options) }
  }
  addOperations(program, door)
  addBulkCommands(program, door)
  addTryCommand(program, door)
  addLogin(program, use)
  addLocalCommands(program, use)
  program
    .command('completion')
    .description('Print a script that completes commands in a shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => use().terminal.out(completionScript(shell, program).trimEnd()))
  for (const command of everyCommand(program)) command.exitOverride()
  return program
}

function addLogin(program: Command, use: () => CommandDeps): void {
  const command = program.command('login').description('Sign in in the browser, and print the token as a line for eval')
  command.action(async () => {
    const deps = use()
    const options = command.optsWithGlobals<CommonOptions>()
    const url = options.url ?? deps.env.DOORWARD_URL
    if (!url) throw new CommandFault('usage', 'login needs --url or DOORWARD_URL')
    const { origin, issuer } = addresses(deps, options, url)
    const { value, expiresAt } = await personToken({ ...deps, issuer })
    deps.terminal.err(`Good until ${expiresAt.toISOString()}. It is kept nowhere but where you put it.`)
    if (options.json) return deps.terminal.out(jsonText({ access_token: value, expires_at: expiresAt }))
    deps.terminal.out(`export DOORWARD_URL='${origin}' DOORWARD_ISSUER='${issuer}' DOORWARD_TOKEN='${shellSafe(value)}'`)
  })
}

/** A token is printed to be run by a shell: nothing but its own letters (RFC 6750 §2.1) may stand in it. */
function shellSafe(token: string): string {
  if (!/^[A-Za-z0-9._~+/=-]+$/.test(token)) throw new CommandFault('failed', 'the token holds what no token may hold')
  return token
}

export function everyCommand(command: Command): Command[] {
  return command.commands.flatMap((sub) => [sub, ...everyCommand(sub)])
}

/** Runs one command line, without the program's own name, and answers the exit code. */
export async function runCommandLine(args: readonly string[], deps: CommandDeps): Promise<number> {
  const { terminal } = deps
  const program = createProgram(() => deps)
  for (const command of [program, ...everyCommand(program)]) {
    command.configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      getOutHelpWidth: () => terminal.columns ?? 100,
      getErrHelpWidth: () => terminal.columns ?? 100,
    })
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exits.ok.code
  } catch (error) {
    return exits[exitOf(error, deps)].code
  }
}

function exitOf(error: unknown, { terminal }: CommandDeps): Exit {
  if (error instanceof CommanderError) {
    if (error.code === 'commander.unknownOption') terminal.err('An id that begins with - stands after --')
    return error.exitCode === 0 && error.code !== 'commander.help' ? 'ok' : 'usage'
  }
  if (error instanceof CommandFault) {
    terminal.err(plain(error.message))
    for (const { field, words } of error.faults) terminal.err(`  ${plain(field ? `${optionOf(field)}: ${words}` : words)}`)
    return error.exit
  }
  // A bug, or what nobody foresaw: its own words, for whoever runs this.
  terminal.err(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return 'failed'
}

/** `redirect_uris[0]` as it was written: `--redirect-uris [0]`. */
function optionOf(field: string): string {
  const [, name = field, rest = ''] = /^([a-z_]+)(.*)$/.exec(field) ?? []
  return /^[a-z_]+$/.test(name) ? `${optionName(name)}${rest ? ` ${rest}` : ''}` : field
}
