import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { tempFolder } from '../support/temp-folder.ts'
import { ROOT } from './blocks.ts'

/** One shell in a copy of the tree, as a reader of a page has it: what one block sets, the next one sees. */
export interface Shell {
  folder: string
  /** Runs a block to its end, services excepted, which go on. Answers what it wrote, and the status of what failed, or 0. */
  run(text: string): Promise<{ status: number; output: string }>
  /** What the services wrote. */
  log(): string
  write(path: string, text: string): void
  /** Ends what was started. */
  close(): Promise<void>
}

/** A line that starts something which goes on, and where that answers. */
export interface Server {
  line: RegExp
  url: string
}

const NEVER_COPIED = ['node_modules', '.git', 'var', '.screenshots', 'coverage']
const LIMIT_MS = 180_000

// What is the same at every reader's, and what exceptions.ts says of stand-ins. A service that was started goes before the
// next one on its port, as a reader would stop it.
const PRELUDE = `
set -uE -o pipefail
npm() {
  case "\${1-}" in
    ci | test) ;;
    start) shift; node src/main.ts "$@" ;;
    *) command npm "$@" ;;
  esac
}
doorward() { node src/cli.ts "$@"; }
serving() {
  for _ in {1..400}; do
    kill -0 -- -"$1" 2> /dev/null || return 1
    curl -s -o /dev/null -f "$2" && return 0
    sleep 0.1
  done
  return 1
}
leave() {
  test -z "\${1-}" || kill -- -"$1" 2> /dev/null || return 0
  for _ in {1..300}; do
    test -n "\${1-}" && kill -0 -- -"$1" 2> /dev/null || return 0
    sleep 0.1
  done
  kill -9 -- -"$1" 2> /dev/null
}
`

/** Opens it. `env` is all that the shell knows besides PATH and HOME. */
export async function openShell(env: Readonly<Record<string, string>>, servers: readonly Server[]): Promise<Shell> {
  const folder = await tempFolder('page')
  await chmod(folder, 0o711) // the embedded server may be another user's
  for (const name of readdirSync(ROOT).filter((one) => !NEVER_COPIED.includes(one)))
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))

  const { PATH = '', HOME = '', NODE_COMPILE_CACHE } = process.env
  const path = `${dirname(process.execPath)}:${PATH}`
  const given = { PATH: path, HOME, ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}), ...env }
  const log = join(folder, 'service.log')
  const bash = spawn('bash', ['--noprofile', '--norc'], { cwd: folder, env: given, stdio: ['pipe', 'pipe', 'pipe'] })
  let heard = ''
  let wake = () => {}
  for (const stream of [bash.stdout, bash.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      heard += text
      wake()
    })
  const ended = new Promise<void>((resolve) => bash.once('close', () => resolve()))
  bash.stdin.write(PRELUDE)

  async function run(text: string): Promise<{ status: number; output: string }> {
    const mark = randomUUID()
    const file = join(folder, `${mark}.sh`)
    writeFileSync(file, `${withServers(text, servers)}\n`)
    heard = ''
    const end = new RegExp(`\\n${mark} (\\d+)\\n`)
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; output: string }>()
    const overdue = setTimeout(() => reject(new Error(`no end of: ${text}\n${heard}\n${readLog()}`)), LIMIT_MS)
    wake = () => {
      const [whole, status] = end.exec(heard) ?? []
      if (whole) resolve({ status: Number(status), output: heard.replace(whole, '') })
    }
    bash.stdin.write(
      `failed=0; trap 'failed=$?' ERR; . ${file} < /dev/null; trap - ERR; rm ${file}; printf '\\n%s %s\\n' ${mark} "$failed"\n`,
    )
    try {
      return await Promise.race([promise, ended.then(() => ({ status: 255, output: heard }))])
    } finally {
      clearTimeout(overdue)
    }
  }

  const readLog = () => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  return {
    folder,
    run,
    log: readLog,
    write: (name, text) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    },
    close: async () => {
      const leaving = servers.map((_, index) => `leave "\${server_${index}-}"`)
      if (bash.exitCode === null) await run([...leaving, 'jobs -p | xargs -r kill || true'].join('\n')).catch(() => {})
      bash.stdin.end()
      const overdue = setTimeout(() => bash.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(overdue)
    },
  }
}

/** The block with each server in the background, and a wait until it answers. */
function withServers(text: string, servers: readonly Server[]): string {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => {
      const command = line.replace(/\s+#.*$/, '')
      const index = servers.findIndex((one) => one.line.test(command))
      if (index < 0) return line
      return `leave "\${server_${index}-}"
set -m; { ${command}; } >> service.log 2>&1 & server_${index}=$!; set +m
serving $server_${index} '${servers[index]?.url}'`
    })
    .join('\n')
}
