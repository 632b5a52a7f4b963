import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePorts } from '../test/support/ports.ts'
import { createApplication } from './application.ts'
import { type BenchClients, benchClients, clientsFileOf } from './clients.ts'
import { connectTo, ISSUER } from './http.ts'
import type { MailSink } from './mail-sink.ts'
import type { Worker } from './operations.ts'
import type { Postgres } from './postgres.ts'
import { type ServerProcess, startServer } from './server-process.ts'

export const CONTENDERS = ['engine', 'orm', 'service'] as const
export type ContenderName = (typeof CONTENDERS)[number]

export const CONTENDER_WORDS: Record<ContenderName, string> = {
  engine: 'bare engine, in memory',
  orm: 'ORM adapter, PostgreSQL',
  service: 'Doorward, PostgreSQL',
}

/** One server under test, running, with the clients that will drive it. */
export interface Contender {
  name: ContenderName
  /** Its database; `null` in memory. */
  database: string | null
  process: ServerProcess
  workers: Worker[]
}

export interface ContenderDeps {
  folder: string
  /** The core of the servers; `null`: not pinned. */
  core: number | null
  concurrency: number
  postgres: Postgres
  mails: MailSink
}

// Every limit is counted as always; none is reached.
const LIMITS =
  'email:1000000/15m email-day:1000000/1d email-known:1000000/15m ip:1000000/15m client:1000000/1m all:1000000/1m authorize-ip:1000000/1m token-ip:1000000/1m'

export async function startContender(name: ContenderName, deps: ContenderDeps): Promise<Contender> {
  const clients = benchClients(() => randomBytes(32).toString('base64url'))
  const [port] = await freePorts(3)
  const database = name === 'engine' ? null : `bench_${name}`
  const databaseUrl = database ? await deps.postgres.newDatabase(database) : null
  const shared = { core: deps.core, logFile: join(deps.folder, `${name}.log`) }
  const process =
    name === 'service'
      ? await startServer({
          ...shared,
          args: ['src/main.ts'],
          env: await serviceEnvironment({ ...deps, clients, port, databaseUrl: databaseUrl ?? '' }),
          probeUrl: `http://127.0.0.1:${port + 2}/readyz`,
        })
      : await startServer({
          ...shared,
          args: ['bench/engine/server.ts'],
          env: {
            ...{ NODE_ENV: 'production', PORT: String(port), CLIENTS: JSON.stringify(Object.values(clients)) },
            ...(databaseUrl ? { ADAPTER: 'orm', DATABASE_URL: databaseUrl } : { ADAPTER: 'memory' }),
          },
          probeUrl: `http://127.0.0.1:${port}/.well-known/openid-configuration`,
        })
  const workers = Array.from({ length: deps.concurrency }, (_, index) => createWorker(index, port, clients, mailsOf(name, deps)))
  return { name, database, process, workers }
}

// The very process that production starts, with every guard on.
async function serviceEnvironment(options: {
  folder: string
  port: number
  databaseUrl: string
  clients: BenchClients
  mails: MailSink
}): Promise<Record<string, string>> {
  const { folder, port, clients } = options
  const clientsFile = join(folder, 'clients.yaml')
  await writeFile(clientsFile, stringify(clientsFileOf(clients)))
  return {
    NODE_ENV: 'production',
    ISSUER,
    HOST: '127.0.0.1',
    PORT: String(port),
    OPS_PORT: String(port + 2),
    TRUSTED_PROXIES: '1',
    DATABASE_URL: options.databaseUrl,
    SECRETS: randomBytes(32).toString('base64url'),
    SMTP_URL: options.mails.url,
    MAIL_FROM: 'Doorward <id@bench.example>',
    CLIENTS_FILE: clientsFile,
    BENCH_WEB_SECRET: clients.web.secret,
    BENCH_MACHINE_SECRET: clients.machine.secret,
    LIMITS,
  }
}

const mailsOf = (name: ContenderName, { mails }: ContenderDeps) => (name === 'service' ? mails : null)

function createWorker(index: number, port: number, clients: BenchClients, mails: MailSink | null): Worker {
  const connection = connectTo(port, () => `203.0.113.${index + 1}`)
  return { index, clients, turns: 0, application: createApplication(connection, clients, mails), tokens: NO_TOKENS }
}

const NO_TOKENS = { access_token: '', refresh_token: '', id_token: '' }
