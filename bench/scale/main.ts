// `npm run bench:scale`: what a sign-in and a refresh write, how large the tables of ten million people are, how fast the
// sweep is, and whether a sign-in is slower among them.
//   --accounts 10000000   people; a third is signed in, and there are as many rows of the trail
//   --expired 1000000     records to sweep                     --json FILE   the result for machines
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { clock, createLog, createMetrics } from '../../src/base/index.ts'
import { createSweep, openDatabase } from '../../src/store/index.ts'
import { type Contender, startContender } from '../contenders.ts'
import { startMailSink } from '../mail-sink.ts'
import { measure } from '../measure.ts'
import { operations, prepare } from '../operations.ts'
import { type Postgres, startPostgres } from '../postgres.ts'
import { type Changes, changesBetween, readCounters } from './changes.ts'
import { type Population, populate, sizesOf, type TableSize } from './population.ts'

const COUNTED = 100
// As a database of this size is run; as delivered with the trial it would mostly wait for its checkpoints.
const LARGE = { shared_buffers: '4GB', max_wal_size: '16GB', checkpoint_timeout: '30min' }
const WATCHED = ['sign-in', 'authorize', 'refresh', 'userinfo']

const { values: flags } = parseArgs({
  options: {
    accounts: { type: 'string', default: '10000000' },
    expired: { type: 'string', default: '1000000' },
    json: { type: 'string' },
  },
})
const accounts = Number(flags.accounts)
const population: Population = {
  ...{ accounts, signedIn: Math.round(accounts / 3), entries: accounts, expired: Number(flags.expired) },
}
const say = (words: string) => process.stderr.write(`${words}\n`)
const folder = await mkdtemp(join(tmpdir(), 'doorward-bench-scale-'))
await chmod(folder, 0o711) // as root, PostgreSQL runs as another user, who must come through
const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
try {
  await run()
} finally {
  for (const close of closers.reverse()) await close()
}

async function run(): Promise<void> {
  const postgres = await startPostgres(join(folder, 'postgres'), LARGE)
  closers.push(() => postgres.stop())
  const mails = await startMailSink()
  closers.push(() => mails.stop())
  const contender = await startContender('service', { folder, core: null, concurrency: 2, postgres, mails })
  closers.push(() => contender.process.stop())
  const client = new pg.Client({ connectionString: postgres.urlFor('bench_service') })
  await client.connect()
  closers.push(() => client.end())
  const written = await writtenBy(contender, client)
  const before = await latencies(contender, postgres)
  await populate(client, population, say)
  const sizes = await sizesOf(client)
  const after = await latencies(contender, postgres)
  const sweep = await sweepAll(postgres.urlFor('bench_service'), client)
  const result = { population, postgres: postgres.version, cores: cpus().length, written, before, after, sizes, sweep }
  if (flags.json) await writeFile(flags.json, `${JSON.stringify(result, (_key, value) => plain(value), 2)}\n`)
  process.stdout.write(`${words(result)}\n`)
}

/** Rows, transactions and bytes of each operation, with all that the jobs write for it. */
async function writtenBy(contender: Contender, client: pg.Client): Promise<[string, Changes][]> {
  const [worker] = contender.workers
  if (!worker) throw new Error('nobody works')
  const found: [string, Changes][] = []
  for (const operation of operations.filter(({ name }) => WATCHED.includes(name))) {
    await prepare(worker)
    await operation.run(worker)
    const before = await readCounters(client)
    for (let turn = 0; turn < COUNTED; turn++) await operation.run(worker)
    found.push([operation.name, changesBetween(before, await readCounters(client), COUNTED)])
    say(`${operation.name}: written rows are counted`)
  }
  return found
}

/** Milliseconds of each operation: the median that a client waits, and what PostgreSQL works, which depends less on who else is here. */
async function latencies(contender: Contender, postgres: Postgres): Promise<[string, number, number][]> {
  const found: [string, number, number][] = []
  for (const operation of operations.filter(({ name }) => WATCHED.includes(name))) {
    const { p50Ms, postgresCpuMs } = await measure(contender, operation, { warmUpMs: 500, runMs: 6000 }, postgres)
    found.push([operation.name, p50Ms, postgresCpuMs])
    say(`${operation.name}: ${p50Ms.toFixed(1)} ms`)
  }
  return found
}

/** Deletes what is over as the service does, without its pause between two minutes. */
async function sweepAll(url: string, client: pg.Client): Promise<{ rows: number; seconds: number }> {
  const log = createLog('silent')
  const db = openDatabase({ url, poolSize: 2, log, metrics: createMetrics(), clock })
  const sweep = createSweep({ db, clock, log, secondsMax: 3600 })
  const ask = async () =>
    Number((await client.query("select count(*) from oidc_record where expires_at < '2021-06-01'")).rows[0].count)
  const total = await ask()
  const started = performance.now()
  const progress = setInterval(async () => say(`sweep: ${total - (await ask())} of ${total} rows`), 5000)
  try {
    const report = await sweep()
    const seconds = (performance.now() - started) / 1000
    return { rows: Object.values(report).reduce((sum, count) => sum + count, 0), seconds }
  } finally {
    clearInterval(progress)
    await db.close()
  }
}

function plain(value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}

function few(map: Map<string, number>): string {
  return [...map].map(([name, count]) => `${name} ${count.toFixed(1)}`).join(', ') || '–'
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}

interface Outcome {
  population: Population
  postgres: string
  cores: number
  written: [string, Changes][]
  before: [string, number, number][]
  after: [string, number, number][]
  sizes: TableSize[]
  sweep: { rows: number; seconds: number }
}

function words({ postgres, cores, written, before, after, sizes, sweep }: Outcome): string {
  const lines = [
    `PostgreSQL ${postgres}, ${cores} cores, ${population.accounts} accounts, ${population.signedIn} of them signed in`,
    '',
    '| operation | inserted | updated | deleted | commits | WAL bytes |',
    '| --- | --- | --- | --- | --- | --- |',
    ...written.map(
      ([name, { inserted, updated, deleted, commits, walBytes }]) =>
        `| ${name} | ${few(inserted)} | ${few(updated)} | ${few(deleted)} | ${commits.toFixed(1)} | ${Math.round(walBytes)} |`,
    ),
    '',
    '| table | rows | MB of rows | MB of indexes | bytes a row |',
    '| --- | --- | --- | --- | --- |',
    ...sizes.map(
      ({ table, rows, heapBytes, indexBytes }) =>
        `| ${table} | ${rows} | ${mega(heapBytes)} | ${mega(indexBytes)} | ${Math.round((heapBytes + indexBytes) / rows)} |`,
    ),
    '',
    '| operation | p50 ms, empty | PostgreSQL CPU ms | p50 ms, full | PostgreSQL CPU ms |',
    '| --- | --- | --- | --- | --- |',
    ...before.map(([name, p50, cpu], at) => {
      const [, p50Full = Number.NaN, cpuFull = Number.NaN] = after[at] ?? []
      return `| ${name} | ${p50.toFixed(1)} | ${cpu.toFixed(2)} | ${p50Full.toFixed(1)} | ${cpuFull.toFixed(2)} |`
    }),
    '',
    `sweep: ${sweep.rows} rows in ${sweep.seconds.toFixed(1)} s, ${Math.round(sweep.rows / sweep.seconds)} a second`,
  ]
  return lines.join('\n')
}
