// `npm run bench:admin`: every list and search of the admin API, over 100,000 people and 1,000,000 rows of the trail.
//   --quick         a tenth of it, and fewer questions          --json FILE   the result for machines
// Ends with 1 where one of them takes more than 100 ms at the median, or finds nothing where it should.
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { freePorts } from '../../test/support/ports.ts'
import { startMailSink } from '../mail-sink.ts'
import { startPostgres } from '../postgres.ts'
import { startServer } from '../server-process.ts'
import { createStage } from '../stage.ts'
import { fill } from './data.ts'
import { type Question, questions } from './questions.ts'

const LIMIT_MS = 100
const ISSUER = 'https://id.bench.example'
const API = `${ISSUER}/admin/api/v1`
const CLIENT = 'bench-auditor'
const TOKEN_SECONDS = 240

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
})
const sizes = flags.quick
  ? { accounts: 99_999, entries: 100_000, clients: 1000, messages: 20_000 }
  : { accounts: 100_000, entries: 1_000_000, clients: 1000, messages: 200_000 }
const times = flags.quick ? 10 : 60
const say = (words: string) => process.stderr.write(`${words}\n`)

interface Measured {
  name: string
  medianMs: number
  p95Ms: number
}

const { folder, atEnd, play } = await createStage('bench-admin')
await play(run)

async function run(): Promise<void> {
  const postgres = await startPostgres(join(folder, 'postgres'))
  atEnd(() => postgres.stop())
  const databaseUrl = await postgres.newDatabase('bench_admin')
  await fill(databaseUrl, sizes, say)
  const mails = await startMailSink()
  atEnd(() => mails.stop())
  const { base, secret } = await startService(databaseUrl, mails.url)
  const measured = await measureAll(base, secret)
  if (flags.json) await writeFile(flags.json, `${JSON.stringify({ sizes, measured }, null, 2)}\n`)
  process.stdout.write(`${table(measured, postgres.version)}\n`)
  const slow = measured.filter(({ medianMs }) => medianMs > LIMIT_MS)
  if (slow.length === 0) return
  say(`over ${LIMIT_MS} ms: ${slow.map(({ name }) => name).join('; ')}`)
  process.exitCode = 1
}

async function startService(databaseUrl: string, smtpUrl: string): Promise<{ base: string; secret: string }> {
  const [port] = await freePorts(3)
  const secret = randomBytes(32).toString('base64url')
  const clientsFile = join(folder, 'clients.yaml')
  await writeFile(clientsFile, stringify({ clients: [auditor()] }))
  const service = await startServer({
    args: ['src/main.ts'],
    core: null,
    logFile: join(folder, 'service.log'),
    probeUrl: `http://127.0.0.1:${port + 2}/readyz`,
    env: {
      NODE_ENV: 'production',
      ISSUER,
      HOST: '127.0.0.1',
      PORT: String(port),
      OPS_PORT: String(port + 2),
      TRUSTED_PROXIES: '0',
      DATABASE_URL: databaseUrl,
      SECRETS: randomBytes(32).toString('base64url'),
      SMTP_URL: smtpUrl,
      MAIL_FROM: 'Doorward <id@bench.example>',
      CLIENTS_FILE: clientsFile,
      BENCH_SECRET: secret,
      LIMITS: 'admin-api:1000000/1m',
    },
  })
  atEnd(() => service.stop())
  return { base: `http://127.0.0.1:${port}`, secret }
}

function auditor() {
  return {
    client_id: CLIENT,
    client_secret_env: 'BENCH_SECRET',
    grant_types: ['client_credentials'],
    resources: [API],
    admin_scopes: ['clients:read', 'accounts:read', 'messages:read', 'audit:read'],
  }
}

async function measureAll(base: string, secret: string): Promise<Measured[]> {
  const measured: Measured[] = []
  for (const question of questions) {
    const samples = await ask(question, base, await tokenFrom(base, secret))
    measured.push(samples)
    say(`${measured.length}/${questions.length} ${question.name}: ${samples.medianMs.toFixed(1)} ms`)
  }
  return measured
}

async function tokenFrom(base: string, secret: string): Promise<string> {
  const answer = await fetch(`${base}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${CLIENT}:${secret}`)}` },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      resource: API,
      scope: 'clients:read accounts:read messages:read audit:read',
    }),
    signal: AbortSignal.timeout(TOKEN_SECONDS * 1000),
  })
  const { access_token: token } = (await answer.json()) as { access_token?: string }
  if (!token) throw new Error(`no token: ${answer.status}`)
  return token
}

async function ask({ name, path, finds }: Question, base: string, token: string): Promise<Measured> {
  const samples: number[] = []
  // The first two are not counted: statements are prepared and pages read in.
  for (let n = -2; n < times; n++) {
    const began = performance.now()
    const answer = await fetch(`${base}/admin/api/v1${path(n + 2)}`, { headers: { authorization: `Bearer ${token}` } })
    const body = (await answer.json()) as { items?: unknown[] }
    const tookMs = performance.now() - began
    if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${JSON.stringify(body)}`)
    if (finds === (body.items?.length === 0))
      throw new Error(`${name}: ${path(n + 2)} should ${finds ? '' : 'not '}find something`)
    if (n >= 0) samples.push(tookMs)
  }
  samples.sort((a, b) => a - b)
  const at = (share: number) => samples[Math.floor(share * (samples.length - 1))] ?? 0
  return { name, medianMs: at(0.5), p95Ms: at(0.95) }
}

function table(measured: readonly Measured[], version: string): string {
  return [
    `- ${sizes.accounts} people, ${sizes.entries} rows of the trail, ${sizes.clients} applications, ${sizes.messages} messages`,
    `- ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, PostgreSQL ${version}; ${times} questions each, one after the other, over HTTP with a token`,
    '',
    '| Question | median ms | p95 ms |',
    '| --- | --- | --- |',
    ...measured.map(({ name, medianMs, p95Ms }) => `| ${name} | ${medianMs.toFixed(1)} | ${p95Ms.toFixed(1)} |`),
  ].join('\n')
}
