// `npm run bench:scale`: what operations write, how large the tables of ten million people are, whether anything is slower
// among them, whether the sweep is felt, and what a second process gives.
//   --accounts 10000000   people; a third is signed in, and there are as many rows of the trail
//   --expired 500000      records to sweep                     --rounds 5    of the empty and the full database by turns
//   --json FILE           the result for machines
// Ten million take some 30 GB of disk and most of an hour, a million 3 GB and ten minutes. The folder goes at the end.
import { mkdir, statfs, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { type Contender, startContender } from '../contenders.ts'
import { startMailSink } from '../mail-sink.ts'
import { operations } from '../operations.ts'
import { startPostgres } from '../postgres.ts'
import { createStage } from '../stage.ts'
import { type Changes, changesBetween, readCounters } from './changes.ts'
import { growthBetween, WATCHED } from './growth.ts'
import { indexesOf, type Population, populate, sizesOf } from './population.ts'
import { throughputs } from './processes.ts'
import { sweepUnderLoad } from './sweeping.ts'
import { type Outcome, words } from './words.ts'

const COUNTED = 100
const BYTES_A_PERSON = 2700
// As a database of this size is run; as delivered with the trial it would mostly wait for its checkpoints.
const LARGE = { shared_buffers: '4GB', max_wal_size: '6GB', checkpoint_timeout: '30min' }
const WAL_BYTES = 7e9

const { values: flags } = parseArgs({
  options: {
    accounts: { type: 'string', default: '10000000' },
    expired: { type: 'string', default: '500000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
})
const accounts = Number(flags.accounts)
const population: Population = {
  ...{ accounts, signedIn: Math.round(accounts / 3), entries: accounts, expired: Number(flags.expired) },
}
const say = (text: string) => process.stderr.write(`${text}\n`)
const { folder, atEnd, play } = await createStage('bench-scale')
await play(run)

async function run(): Promise<void> {
  await expectRoom()
  const postgres = await startPostgres(join(folder, 'postgres'), LARGE)
  atEnd(() => postgres.stop())
  const mails = await startMailSink()
  atEnd(() => mails.stop())

  async function start(name: string): Promise<Contender> {
    const own = join(folder, name)
    await mkdir(own)
    const newDatabase = () => postgres.newDatabase(name)
    const deps = { folder: own, core: null, concurrency: 2, postgres: { ...postgres, newDatabase }, mails }
    const contender = await startContender('service', deps)
    atEnd(() => contender.process.stop())
    return contender
  }

  const full = await start('scale_full')
  const url = postgres.urlFor('scale_full')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  atEnd(() => client.end())
  const written = await writtenBy(full, client)
  await populate(client, population, say)
  const sizes = await sizesOf(client)
  const indexes = await indexesOf(client)
  const empty = await start('scale_empty')
  const growth = await growthBetween({ empty, full, postgres }, Number(flags.rounds), say)
  const throughput = await throughputs({ contender: full, postgres, mails }, say)
  const sweep = await sweepUnderLoad({ contender: full, url, client, population }, say)
  const result: Outcome = {
    ...{ population, postgres: postgres.version, cores: cpus().length },
    ...{ written, sizes, indexes, growth, throughput, sweep },
  }
  if (flags.json) await writeFile(flags.json, `${JSON.stringify(result, (_key, value) => plain(value), 2)}\n`)
  process.stdout.write(`${words(result)}\n`)
}

async function expectRoom(): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const needed = accounts * BYTES_A_PERSON + WAL_BYTES
  if (bavail * bsize < needed)
    throw new Error(`${folder} has no room for ${(needed / 1e9).toFixed(0)} GB; --accounts takes fewer`)
}

/** Rows, transactions and bytes of each operation, with all that the jobs write for it. */
async function writtenBy(contender: Contender, client: pg.Client): Promise<[string, Changes][]> {
  const [worker] = contender.workers
  if (!worker) throw new Error('nobody works')
  const found: [string, Changes][] = []
  for (const operation of operations.filter(({ name }) => WATCHED.includes(name))) {
    await operation.prepare(worker)
    await operation.run(worker)
    const before = await readCounters(client)
    for (let turn = 0; turn < COUNTED; turn++) await operation.run(worker)
    found.push([operation.name, changesBetween(before, await readCounters(client), COUNTED)])
    say(`${operation.name}: written rows are counted`)
  }
  return found
}

function plain(value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}
