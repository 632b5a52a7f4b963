import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onCore } from './machine.ts'

export interface ServerProcess {
  /** Not a number where another provider does not say which process it is. */
  pid: number
  /** From the start of the process to its first right answer. */
  readySeconds: number
  stop(): Promise<void>
}

/** How one server is started. */
export interface Starting {
  args: readonly string[]
  env: Readonly<Record<string, string>>
  /** The core it is pinned to; `null`: none. */
  core: number | null
  logFile: string
  /** Answers 200 once it is ready. */
  probeUrl: string
}

const ROOT = join(import.meta.dirname, '..')
const READY_SECONDS = 30
const POLL_MS = 20

/** Starts one server in a process of its own, on its core, and waits until `probeUrl` answers 200. */
export async function startServer(starting: Starting): Promise<ServerProcess> {
  const { args, env, core, logFile, probeUrl } = starting
  const [file = '', ...rest] = onCore(core, [process.execPath, ...args])
  const output = openSync(logFile, 'a')
  const start = performance.now()
  const child = spawn(file, rest, {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', output, output],
  })
  for (;;) {
    const seconds = (performance.now() - start) / 1000
    if (await answers(probeUrl)) return { pid: child.pid as number, readySeconds: seconds, stop: () => end(child) }
    if (child.exitCode !== null || seconds > READY_SECONDS) {
      child.kill('SIGKILL')
      throw new Error(`${args.at(-1)} was not ready: ${readFileSync(logFile, 'utf8').slice(-2000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

const TROUBLES = 10

/** The last lines of a log at which somebody should look: warnings and errors. */
export function troubles(logFile: string): string[] {
  if (!existsSync(logFile)) return []
  const lines = readFileSync(logFile, 'utf8').split('\n')
  return lines.filter((line) => /"level":(?:"(?:warn|error|fatal)"|[456]0)/.test(line)).slice(-TROUBLES)
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => null)
  await answer?.body?.cancel()
  return answer?.status === 200
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
