// `npm run bench`: three servers, one after the other in each round, each driven from another process on another core.
//   --quick            one short round; shows that it works, the figures are rough
//   --rounds 5         rounds, three if not said          --seconds 3   length of one measurement
//   --only sign-in     one operation                      --json FILE   the result for machines
//   --profile          where the service spends its time in authorize and refresh
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CONTENDER_WORDS, CONTENDERS, type Contender, startContender } from './contenders.ts'
import { checkGuards } from './guards.ts'
import { type Cores, memoryOf, pinThisProcess, syncMsIn } from './machine.ts'
import { startMailSink } from './mail-sink.ts'
import { countStatements, measure } from './measure.ts'
import { operations, prepare } from './operations.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import { profile } from './profile.ts'
import { type Entry, type Memory, type Result, report } from './report.ts'

const CONCURRENCY = 8
const PROFILED = ['authorize', 'refresh']

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
})
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 3))
const load = {
  warmUpMs: flags.quick ? 100 : 400,
  runMs: Number(flags.seconds ?? (flags.quick ? 0.5 : 3)) * 1000,
}
const chosen = operations.filter(({ name }) => !flags.only || name === flags.only)
const say = (words: string) => process.stderr.write(`${words}\n`)

const cores = pinThisProcess()
const folder = await mkdtemp(join(tmpdir(), 'doorward-bench-'))
await chmod(folder, 0o711) // as root, PostgreSQL runs as another user, who must come through
const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
let closing: Promise<void> | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void closeAll().finally(() => process.exit(1)))
try {
  await run(cores)
} finally {
  await closeAll()
}

// A signal stops the servers under the running load, which fails then: both ways lead here, and wait for the same end.
function closeAll(): Promise<void> {
  closing ??= (async () => {
    for (const close of closers.reverse()) await close()
  })()
  return closing
}

async function run(pinned: Cores | null): Promise<void> {
  const loadBefore = loadavg()[0] ?? 0
  say(`load of the machine before: ${loadBefore.toFixed(2)}`)
  const postgres = await startPostgres(join(folder, 'postgres'))
  closers.push(() => postgres.stop())
  const mails = await startMailSink()
  closers.push(() => mails.stop())
  const contenders: Contender[] = []
  for (const name of CONTENDERS) {
    const deps = { folder, core: pinned?.server ?? null, concurrency: CONCURRENCY, postgres, mails }
    const contender = await startContender(name, deps)
    closers.push(() => contender.process.stop())
    contenders.push(contender)
    say(`${CONTENDER_WORDS[name]} is ready`)
  }
  const idleMb = contenders.map(({ process: { pid } }) => memoryOf(pid).nowMb)
  const entries = await measureAll(contenders, postgres)
  const result: Result = {
    machine: machine(postgres, pinned, loadBefore),
    entries,
    memory: Object.fromEntries(contenders.map((one, at) => [one.name, memory(one, idleMb[at] ?? 0)])),
    hotspots: flags.profile ? await profileService(contenders) : [],
  }
  if (flags.json) await writeFile(flags.json, `${JSON.stringify(result, null, 2)}\n`)
  process.stdout.write(`${report(result, chosen)}\n`)
}

async function measureAll(contenders: readonly Contender[], postgres: Postgres): Promise<Entry[]> {
  for (const contender of contenders) await Promise.all(contender.workers.map(prepare))
  for (const contender of contenders) if (contender.name === 'service') await checkGuards(contender)
  const entries: Entry[] = []
  for (const operation of chosen) {
    for (const contender of contenders) {
      const statements = Object.fromEntries(await countStatements(contender, operation, postgres))
      entries.push({ operation: operation.name, contender: contender.name, samples: [], statements })
    }
  }
  let done = 0
  // Round 0 counts for nothing: V8 compiles in it what will be hot.
  for (let round = 0; round <= rounds; round++) {
    for (const entry of entries) {
      const contender = contenders.find(({ name }) => name === entry.contender) as Contender
      const operation = operations.find(({ name }) => name === entry.operation) as (typeof operations)[number]
      const sample = await measure(contender, operation, load, postgres)
      if (round > 0) entry.samples.push(sample)
      const progress = `${++done}/${(rounds + 1) * entries.length}`
      say(
        `${progress} ${round > 0 ? `round ${round}` : 'warm-up'}: ${entry.operation}, ${CONTENDER_WORDS[entry.contender]}: ${sample.perSecond.toFixed(0)}/s`,
      )
    }
  }
  return entries
}

function memory({ process: { pid, readySeconds } }: Contender, idleMb: number): Memory {
  return { readySeconds, idleMb, peakMb: memoryOf(pid).peakMb }
}

async function profileService(contenders: readonly Contender[]): Promise<Result['hotspots']> {
  const service = contenders.find(({ name }) => name === 'service') as Contender
  const result: Result['hotspots'] = []
  for (const operation of operations.filter(({ name }) => PROFILED.includes(name))) {
    say(`profile of ${operation.name}`)
    result.push(await profile(service, operation, load))
  }
  return result
}

function machine(postgres: Postgres, pinned: Cores | null, loadBefore: number): Result['machine'] {
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    Node: process.version,
    PostgreSQL: `${postgres.version}, settings as delivered with the trial, durable`,
    pinning: pinned
      ? `servers on core ${pinned.server}; clients, mail server and PostgreSQL on core ${pinned.others}`
      : 'none: taskset or a second core is missing',
    rounds: `${rounds}, of ${load.runMs / 1000} s for each figure, after one that is not counted; ${CONCURRENCY} clients at once`,
    'one fdatasync': `${syncMsIn(folder).toFixed(3)} ms (median)`,
    'load of the machine before': loadBefore.toFixed(2),
  }
}
