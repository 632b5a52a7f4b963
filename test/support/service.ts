import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { stringify } from 'yaml'
import { freshDatabase } from './database.ts'
import { freePorts } from './ports.ts'
import { tempFolder } from './temp-folder.ts'

/** One running instance of the service, as a process of its own. */
export interface Service {
  issuer: string
  /** Where this instance listens; for the first instance also the issuer's port. */
  port: number
  opsUrl: string
  databaseUrl: string
  /** What the process was started with. */
  env: Readonly<Record<string, string>>
  readonly pid: number
  readonly running: boolean
  /** How far its clock was moved, in all. */
  readonly clockSeconds: number
  /** Everything it wrote to standard output and standard error so far, restarts included. */
  output(): string
  /** Moves the clock of the process, forwards or backwards; several moves add up and survive a restart. */
  moveClock(seconds: number): Promise<void>
  /** Asks it to end and answers its exit code (`null` when a signal ended it). */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Ends it without any warning. */
  kill9(): Promise<void>
  /** Stops it where it runs, and starts it with the same settings. */
  restart(): Promise<void>
}

/** Starts the process with this environment. One that takes no notice of the seconds has a clock that cannot be moved. */
export type Program = (env: Readonly<Record<string, string>>, clockSeconds: number) => ChildProcess

export interface ServiceOptions {
  /** Further settings, or other values for the usual ones. */
  env?: Record<string, string>
  databaseUrl?: string
  smtpUrl?: string
  /** The content of the clients file. */
  clients?: object
  /** In place of the sources of this project. */
  program?: Program
  /** Where to listen; the issuer is `http://localhost:<port>`. `port + 2` is for operations. */
  port?: number
}

const ROOT = join(import.meta.dirname, '../..')
const READY_SECONDS = 30
const STOP_SECONDS = 40
const POLL_MS = 50

/** For `LIMITS`, where a test asks often for what it does not test. */
export const GENEROUS_LIMITS =
  'email:10000/15m email-day:10000/1d email-known:10000/15m ip:100000/15m client:100000/1m all:100000/1m authorize-ip:100000/1m token-ip:100000/1m sms:10000/15m sms-day:10000/1d sms-known:10000/15m sms-ip:100000/1h digits:10000/1d digits-known:10000/1d slow-ip:10000/1h account-address:10000/1h account-change:10000/1h rescue:10000/1d admin-api:100000/1m'

/** Starts the service on a database of its own and waits until it is ready. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const port = options.port ?? (await freePorts(3))[0]
  const databaseUrl = options.databaseUrl ?? (await freshDatabase())
  const folder = await tempFolder('service')
  const env: Record<string, string> = {
    PORT: String(port),
    OPS_PORT: String(port + 2),
    HOST: '127.0.0.1',
    ISSUER: `http://localhost:${port}`,
    DATABASE_URL: databaseUrl,
    DATA_DIR: folder,
    SECRETS: randomBytes(32).toString('base64url'),
    MAIL_FROM: 'Doorward <id@doorward.example>',
    CLOCK_SKEW_MAX: '1000000000s', // tests move the clock of the process, not the database's
    LOG_LEVEL: 'info',
    SHUTDOWN_DELAY: '0', // no balancer looks
  }
  if (options.smtpUrl) env.SMTP_URL = options.smtpUrl
  if (options.clients) {
    env.CLIENTS_FILE = join(folder, 'clients.yaml')
    await writeFile(env.CLIENTS_FILE, stringify(options.clients))
  }
  return launch({ ...env, ...options.env }, options.program)
}

/**
 * Two instances of one installation, on one database with one issuer and the same secrets. The second
 * listens on another port: reach it by `http.ts`'s `via`.
 */
export async function startPair(options: ServiceOptions = {}): Promise<[Service, Service]> {
  const first = await startService(options)
  return [first, await startAnother(first)]
}

/** One more instance of the installation that `first` belongs to, on a port of its own, with these settings changed. */
export async function startAnother(first: Service, env: Record<string, string> = {}): Promise<Service> {
  const [port] = await freePorts(3)
  return launch({ ...first.env, PORT: String(port), OPS_PORT: String(port + 2), ...env })
}

async function launch(env: Readonly<Record<string, string>>, program: Program = sources): Promise<Service> {
  const opsUrl = `http://127.0.0.1:${env.OPS_PORT}`
  let output = ''
  let clockSeconds = 0
  let child = start()

  function start(): ChildProcess {
    const started = program(env, clockSeconds)
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    return started
  }

  async function ready(): Promise<void> {
    try {
      await waitUntilReady(child, `${opsUrl}/readyz`)
    } catch (error) {
      child.kill('SIGKILL')
      throw new Error(`${(error as Error).message}\n${output}`)
    }
  }

  await ready()
  const service: Service = {
    issuer: env.ISSUER as string,
    port: Number(env.PORT),
    opsUrl,
    databaseUrl: env.DATABASE_URL as string,
    env,
    get pid() {
      return child.pid as number
    },
    get running() {
      return isRunning(child)
    },
    get clockSeconds() {
      return clockSeconds
    },
    output: () => output,
    moveClock: async (seconds) => {
      clockSeconds = await moveClock(child, seconds)
    },
    stop: async (signal = 'SIGTERM') => end(child, signal, () => output),
    kill9: async () => {
      await end(child, 'SIGKILL', () => output)
    },
    restart: async () => {
      await end(child, 'SIGTERM', () => output)
      child = start()
      await ready()
    },
  }
  return service
}

/** The sources of this project, with a clock that can be moved. */
function sources(env: Readonly<Record<string, string>>, clockSeconds: number): ChildProcess {
  const clock = `${pathToFileURL(join(import.meta.dirname, 'clock.ts')).href}?seconds=${clockSeconds}`
  return spawn(process.execPath, ['--import', clock, 'src/main.ts'], {
    cwd: ROOT,
    env: { ...systemEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}

async function waitUntilReady(child: ChildProcess, url: string): Promise<void> {
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  const end = performance.now() + READY_SECONDS * 1000
  while (performance.now() < end) {
    if (failure) throw failure
    if (!isRunning(child)) throw new Error(`the service ended with ${child.exitCode ?? child.signalCode} before it was ready`)
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error(`the service was not ready within ${READY_SECONDS} s`)
}

async function moveClock(child: ChildProcess, seconds: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const heard = (message: unknown): void => {
    if (typeof message === 'object' && message !== null && 'clockSet' in message) resolve(Number(message.clockSet))
  }
  const gone = (): void => reject(new Error('the service ended while its clock was moved'))
  child.on('message', heard).once('exit', gone)
  try {
    if (!isRunning(child)) throw new Error('the clock of a stopped service cannot be moved')
    child.send({ clockSeconds: seconds })
    return await promise
  } finally {
    child.off('message', heard).off('exit', gone)
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals, output: () => string): Promise<number | null> {
  if (!isRunning(child)) return child.exitCode
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('close', () => resolve())
  child.kill(signal)
  const overdue = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000)
  await promise
  clearTimeout(overdue)
  if (signal !== 'SIGKILL' && child.signalCode === 'SIGKILL')
    throw new Error(`no end within ${STOP_SECONDS} s after ${signal}\n${output()}`)
  return child.exitCode
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

// What a process needs to run at all; nothing of the tests' own environment reaches the service.
function systemEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'TZ', 'NODE_COMPILE_CACHE']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] as string]])),
  )
}
