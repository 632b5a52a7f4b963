// `npm run bench`: servers that are driven one after the other in each round, from another process on another core.
//   --quick            one short round; shows that it works, the figures are rough
//   --rounds 5         rounds, three if not said          --seconds 3     length of one measurement
//   --no-floor         leaves out what the operations cost at the least
//   --only sign-in     this operation; may be repeated    --provider FILE another provider in place of the service
//   --json FILE        the result for machines            --markdown FILE the tables     --svg FILE the chart
//   --profile          where the service spends its time; the profiles go to bench-profiles, or with --profiles FOLDER there
// Ends with 1 where a guard is off or an answer is wrong; missed goals are told, and are no failure.
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { cachesWords, lookAtCaches } from './caches.ts'
import { chart } from './chart.ts'
import { type Contender, type ContenderDeps, gatherCrowd, startBytes, startContender } from './contenders.ts'
import { startDependenciesOnly } from './dependencies.ts'
import { FLOORS, startFloors } from './floor/floor.ts'
import type { Entry, Memory } from './goals.ts'
import { checkGuards, GuardsOff } from './guards.ts'
import { type Cores, forgetPeakOf, memoryOf, pinThisProcess, syncMsIn } from './machine.ts'
import { type MailSink, startMailSink } from './mail-sink.ts'
import { countStatements, measure, warmUp } from './measure.ts'
import { type ContenderName, type Operation, PEOPLE, prepare } from './operations.ts'
import { profiledOf, readOptions } from './options.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import { profile } from './profile.ts'
import { connectToProvider } from './provider.ts'
import { type Result, report } from './report.ts'
import { troubles } from './server-process.ts'
import { createStage } from './stage.ts'

const CONCURRENCY = 8
/** So few say nothing. */
const OPERATIONS_MIN = 5
/** What is done by people with an authenticator app. */
const CROWDED = ['sign-in, TOTP', 'admin list', 'admin search']

const options = readOptions(process.argv.slice(2))
const { chosen, load, rounds } = options
const say = (words: string) => process.stderr.write(`${words}\n`)

const cores = pinThisProcess()
const { folder, atEnd, play } = await createStage('bench')
await play(async () => {
  try {
    await run(cores)
  } catch (error) {
    for (const line of troubles(join(folder, 'service.log'))) say(`the service said: ${line}`)
    if (!(error instanceof GuardsOff)) throw error
    say(error.message)
    process.exitCode = 1
  }
})

async function run(pinned: Cores | null): Promise<void> {
  const loadBefore = loadavg()[0] ?? 0
  say(`load of the machine before: ${loadBefore.toFixed(2)}`)
  const postgres = await startPostgres(join(folder, 'postgres'))
  atEnd(() => postgres.stop())
  const mails = await startMailSink()
  atEnd(() => mails.stop())
  const caches = cachesWords(await lookAtCaches(await postgres.newDatabase('bench_caches'), pinned?.server ?? null))
  const { contenders, dependencies } = await startAll(pinned, postgres, mails)
  const idleMb = contenders.map(memoryNow)
  const dependenciesMb = dependencies && memoryOf(dependencies.pid).nowMb
  await dependencies?.stop()
  const service = contenders.find(({ name }) => name === 'service')
  if (service) {
    await makeReady(service, { postgres, mails })
    forgetPeakOf(service.process.pid)
  }
  const entries = await measureAll(contenders, postgres)
  const result: Result = {
    machine: { ...machine(postgres, pinned, loadBefore), ...caches },
    words: Object.fromEntries(contenders.map(({ name, words }) => [name, words])),
    entries,
    memory: Object.fromEntries(contenders.flatMap((one, at) => memory(one, idleMb[at] ?? 0))),
    dependenciesMb,
    hotspots: await profileService(contenders),
  }
  const markdown = `${report(result, chosen)}\n`
  if (options.json) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`)
  if (options.markdown) await writeFile(options.markdown, markdown)
  if (options.svg) await writeFile(options.svg, chart(result, chosen))
  process.stdout.write(markdown)
}

/** The servers under test, in the order in which they take turns. */
async function startAll(pinned: Cores | null, postgres: Postgres, mails: MailSink) {
  const deps = { folder, core: pinned?.server ?? null, concurrency: CONCURRENCY, starts: options.starts, postgres, mails }
  const contenders: Contender[] = []
  async function add(starting: Promise<Contender>): Promise<Contender> {
    const contender = await starting
    atEnd(() => contender.process.stop())
    contenders.push(contender)
    say(`${contender.words}: ready`)
    return contender
  }

  await add(startContender('engine', deps))
  if (options.provider) {
    await add(connectToProvider(options.provider, CONCURRENCY))
    return { contenders, dependencies: null }
  }
  await add(startContender('orm', deps))
  const service = await add(startContender('service', deps))
  await add(startBytes(service, deps))
  const dependencies = service.starting && (await startDependenciesOnly(service.starting, folder))
  if (dependencies) atEnd(() => dependencies.stop())
  if (options.floor) await addFloors(deps, contenders)
  return { contenders, dependencies }
}

async function addFloors(deps: ContenderDeps, contenders: Contender[]): Promise<void> {
  say('the service is recorded')
  const floors = await startFloors(deps, chosen)
  const [first] = floors
  if (first) atEnd(() => first.process.stop())
  for (const floor of floors) contenders.push(floor)
}

/** Looks at the guards of the service, and lets people set up what they sign in by. */
async function makeReady(service: Contender, { postgres, mails }: { postgres: Postgres; mails: MailSink }): Promise<void> {
  await Promise.all(service.workers.map(prepare))
  say('the guards, while the service is under load')
  await checkGuards(service, { mails, postgres }, say)
  if (!chosen.some(({ name }) => CROWDED.includes(name))) return
  say(`${options.crowd} people set up an authenticator app`)
  await gatherCrowd(service, options.crowd, postgres, mails)
}

async function measureAll(contenders: readonly Contender[], postgres: Postgres): Promise<Entry[]> {
  const turns: { entry: Entry; operation: Operation; contender: Contender }[] = []
  for (const operation of chosen) {
    for (const contender of contenders.filter(({ name, leavesOut }) => operation.at.includes(name) && !leavesOut(operation))) {
      const warmTurns = operation.name === 'sign-in' ? 2 * PEOPLE : 1
      const statements = await countStatements(contender, operation, postgres, warmTurns)
      turns.push({
        entry: { operation: operation.name, contender: contender.name, samples: [], statements },
        operation,
        contender,
      })
    }
  }
  let done = 0
  // Round 0 counts for nothing: V8 compiles in it what will be hot.
  for (let round = 0; round <= rounds; round++) {
    for (const { entry, operation, contender } of turns) {
      if (round === 0 && !options.quick) await warmUp(contender, operation)
      const sample = await measure(contender, operation, load, postgres)
      const enough = sample.operations >= OPERATIONS_MIN
      if (round > 0 && enough) entry.samples.push(sample)
      const progress = `${++done}/${(rounds + 1) * turns.length}`
      const when = round > 0 ? `round ${round}` : 'warm-up'
      const rate = enough ? `${sample.perSecond.toFixed(0)}/s` : 'too little was left to do it with: not counted'
      const { pid } = contender.process
      const holds = Number.isNaN(pid) ? '' : `; it holds ${memoryOf(pid).nowMb.toFixed(0)} MB`
      say(`${progress} ${when}: ${operation.name}, ${contender.words}: ${rate}${holds}`)
    }
  }
  return turns.map(({ entry }) => entry)
}

function memoryNow({ process: { pid } }: Contender): number {
  return Number.isNaN(pid) ? 0 : memoryOf(pid).nowMb
}

function memory({ name, process: { pid, readySeconds } }: Contender, idleMb: number): [ContenderName, Memory][] {
  return name === 'other' || name in FLOORS ? [] : [[name, { readySeconds, idleMb, peakMb: memoryOf(pid).peakMb }]]
}

async function profileService(contenders: readonly Contender[]): Promise<Result['hotspots']> {
  const service = contenders.find(({ name }) => name === 'service')
  const { profiles } = options
  if (!profiles || !service) return []
  await mkdir(profiles, { recursive: true })
  const result: Result['hotspots'] = []
  for (const operation of profiledOf(options).filter(({ at }) => at.includes('service'))) {
    say(`profile of ${operation.name}, to ${profiles}`)
    result.push(await profile(service, operation, load, profiles))
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
    'load of the machine before and after': `${loadBefore.toFixed(2)}, ${(loadavg()[0] ?? 0).toFixed(2)}`,
  }
}
