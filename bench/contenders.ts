import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { freePorts } from '../test/support/ports.ts'
import { createApplication } from './application.ts'
import { type BenchClients, benchClients } from './clients.ts'
import { connectTo, ENDPOINTS, type Target, targetOnPort } from './http.ts'
import type { MailSink } from './mail-sink.ts'
import type { ContenderName, Operation, Worker } from './operations.ts'
import { createCrowds } from './people.ts'
import type { Postgres } from './postgres.ts'
import { median } from './samples.ts'
import { type ServerProcess, type Starting, startServer } from './server-process.ts'
import { type GuardKey, newGuardKey, serviceEnvironment } from './service.ts'

export const CONTENDER_WORDS: Record<ContenderName, string> = {
  bytes: 'the same bytes by `node:http`',
  engine: 'bare engine, in memory',
  orm: 'ORM adapter, PostgreSQL',
  service: 'Doorward, PostgreSQL',
  floor: 'the floor',
  mailless: 'the floor without the mail',
  storeless: 'the floor without PostgreSQL',
  bare: 'the floor without mail, PostgreSQL and log',
  other: 'the other provider',
}

/** One server under test, running, with the clients that will drive it. */
export interface Contender {
  name: ContenderName
  words: string
  target: Target
  /** Its database; `null` in memory. */
  database: string | null
  /** `readySeconds` is the median of some starts. */
  process: ServerProcess
  workers: Worker[]
  /** What proves the client with a key, at the service. */
  guardKey: GuardKey | null
  /** How its process was started; null where it was there already. */
  starting: Starting | null
  /** What it is not asked, though others of its kind are. */
  leavesOut(operation: Operation): boolean
  /** Told which operation comes next; null while it is prepared. */
  tell?(operation: Operation | null): Promise<void>
}

export interface ContenderDeps {
  folder: string
  /** The core of the servers; `null`: not pinned. */
  core: number | null
  concurrency: number
  /** How often each is started, the last one to stay; once if not said. */
  starts?: number
  postgres: Postgres
  mails: MailSink
  /** Where the service keeps what it does for each request, if it does. */
  recording?: { tapeFile: string; database: string }
}

/** Starts the engine, the engine on the ORM adapter, or the service. */
export async function startContender(name: 'engine' | 'orm' | 'service', deps: ContenderDeps): Promise<Contender> {
  const clients = benchClients(() => randomBytes(32).toString('base64url'))
  const [port] = await freePorts(3)
  const target = targetOnPort(port)
  const { recording } = deps
  const database = name === 'engine' ? null : (recording?.database ?? `bench_${name}`)
  const databaseUrl = database ? await deps.postgres.newDatabase(database) : null
  const shared = { core: deps.core, logFile: join(deps.folder, `${name}.log`) }
  const guardKey = name === 'service' ? await newGuardKey() : null
  const starting: Starting = guardKey
    ? {
        ...shared,
        args: [...(recording ? ['--import', './bench/floor/recorder.ts'] : []), 'src/main.ts'],
        env: {
          ...(await serviceEnvironment({ ...deps, clients, guardKey, port, databaseUrl: databaseUrl ?? '' })),
          ...(recording ? { TAPE_FILE: recording.tapeFile } : {}),
        },
        probeUrl: `http://127.0.0.1:${port + 2}/readyz`,
      }
    : {
        ...shared,
        args: ['bench/engine/server.ts'],
        env: {
          ...{ NODE_ENV: 'production', PORT: String(port), CLIENTS: JSON.stringify(Object.values(clients)) },
          ...(databaseUrl ? { ADAPTER: 'orm', DATABASE_URL: databaseUrl } : { ADAPTER: 'memory' }),
        },
        probeUrl: `${target.connect}${ENDPOINTS.discovery}`,
      }
  const process = await startOften(starting, deps.starts ?? 1)
  const mails = name === 'service' ? deps.mails : null
  const workers = Array.from({ length: deps.concurrency }, (_, index) => createWorker(index, target, clients, mails))
  return {
    ...{ name, words: CONTENDER_WORDS[name], target, database, process, workers, guardKey, starting },
    leavesOut: () => false,
  }
}

/** Each start but the last ends at once. */
async function startOften(starting: Starting, times: number): Promise<ServerProcess> {
  const took: number[] = []
  for (let start = 1; ; start++) {
    const process = await startServer(starting)
    took.push(process.readySeconds)
    if (start >= times) return { ...process, readySeconds: median(took) }
    await process.stop()
  }
}

/** A server of `node:http` alone that answers what the service does to the two requests whose answers change seldom. */
export async function startBytes(service: Contender, deps: Pick<ContenderDeps, 'folder' | 'core'>): Promise<Contender> {
  const [port] = await freePorts(3)
  const paths = [ENDPOINTS.discovery, ENDPOINTS.jwks]
  const [worker] = service.workers
  const answers = await Promise.all(
    paths.map(async (path) => {
      if (!worker) throw new Error('nobody asks the service')
      const { headers, text } = await worker.application.get(path)
      const { date: _, connection: __, 'keep-alive': ___, ...own } = headers
      return { path, headers: own, text }
    }),
  )
  const target = targetOnPort(port)
  const starting: Starting = {
    core: deps.core,
    logFile: join(deps.folder, 'bytes.log'),
    args: ['bench/bytes.ts'],
    env: { PORT: String(port), ANSWERS: JSON.stringify(answers) },
    probeUrl: `${target.connect}${ENDPOINTS.discovery}`,
  }
  const process = await startServer(starting)
  const workers = service.workers.map(({ index, clients }) => createWorker(index, target, clients, null))
  return {
    ...{ name: 'bytes', words: CONTENDER_WORDS.bytes, target, database: null, process, workers, guardKey: null, starting },
    leavesOut: () => false,
  }
}

/** People of the service with an authenticator app, and its administrator, for all workers. */
export async function gatherCrowd(service: Contender, count: number, postgres: Postgres, mails: MailSink): Promise<void> {
  const { workers, target, database } = service
  const [first] = workers
  if (!first || !database) return
  const administrator = createWorker(workers.length, target, first.clients, mails).application
  const crowds = await createCrowds({
    ...{ count, administrator, clients: first.clients },
    through: workers.map(({ application }) => application),
    appoint: (email) => postgres.appoint(database, email),
  })
  for (const [at, worker] of workers.entries()) worker.crowd = crowds[at] ?? null
}

/** One more client of a server, with a browser, a connection and a network address of its own. */
export function createWorker(
  index: number,
  target: Target,
  clients: BenchClients,
  mails: MailSink | null,
  cookies: readonly string[] = [],
): Worker {
  const connection = connectTo(target, `203.0.113.${index + 1}`)
  const application = createApplication({ target, connection, clients, mails, cookies })
  const { issuer, endpoints } = target
  return { index, application, clients, issuer, endpoints, turns: 0, tokens: NO_TOKENS, crowd: null, page: '', adminToken: '' }
}

const NO_TOKENS = { access_token: '', refresh_token: '', id_token: '' }
