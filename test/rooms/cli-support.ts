import { clock } from '../../src/base/index.ts'
import { type CommandDeps, CommandFault, type LocalVerbs, runCommandLine, type Terminal } from '../../src/cli/index.ts'

/** What a command line ended with, and what it wrote. */
export interface Ran {
  code: number
  out: string[]
  err: string[]
}

const notHere = async (): Promise<never> => {
  throw new CommandFault('usage', 'not in this test')
}

const NO_VERBS: LocalVerbs = {
  migrate: notHere,
  grantAdmin: notHere,
  signInLink: notHere,
  releaseClientsFile: notHere,
  plan: notHere,
  apply: notHere,
  doctor: notHere,
  migrateStatus: notHere,
  secretsStatus: notHere,
  afterRestore: notHere,
  manual: notHere,
}

/** Runs a command line in this process, with files that exist in memory only. */
export async function run(
  args: readonly string[],
  options: {
    env?: Record<string, string>
    files?: Readonly<Record<string, string>>
    columns?: number
    local?: Partial<LocalVerbs>
    browse?: (url: string) => void
    openHouse?: CommandDeps['openHouse']
  } = {},
): Promise<Ran> {
  const ran: Ran = { code: -1, out: [], err: [] }
  const { files = {} } = options
  const textOf = (path: string) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error(`ENOENT ${path}`), { syscall: 'open', code: 'ENOENT' })
    return text
  }
  const terminal: Terminal = {
    out: (line) => void ran.out.push(...line.split('\n')),
    err: (line) => void ran.err.push(...line.split('\n')),
    columns: options.columns ?? null,
    interactive: false,
    readFile: textOf,
    async *lines(path) {
      yield* textOf(path).replace(/\n$/, '').split('\n')
    },
    browse: options.browse ?? (() => {}),
  }
  const deps = { terminal, clock, env: options.env ?? {}, openHouse: options.openHouse ?? notHere }
  ran.code = await runCommandLine(args, { ...deps, local: { ...NO_VERBS, ...options.local } })
  return ran
}
