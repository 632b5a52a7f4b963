// `npm run bench:hand-over`: how long people wait for their mail while others sign in too. Whole sign-ins begin at a
// steady rate, whatever has become of those before, at the service as production starts it.
//   --rate 50   sign-ins begun in a second          --seconds 20   how long it is measured, after a quarter of it that is not
// Ends with 1 where a sign-in failed; a missed goal is told, and is no failure.
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Application, createApplication } from './application.ts'
import { type Contender, startContender } from './contenders.ts'
import { type Connection, connectTo } from './http.ts'
import { cpuMsOf, cpuMsOfTree, pinThisProcess } from './machine.ts'
import { type MailSink, startMailSink } from './mail-sink.ts'
import { startPostgres } from './postgres.ts'
import { createStage } from './stage.ts'

const GOAL_MS = 150
const TOLD_EVERY_MS = 2000
const FAILURES_SHOWN = 3

const { values: flags } = parseArgs({
  options: { rate: { type: 'string', default: '50' }, seconds: { type: 'string', default: '20' } },
})
const rate = Number(flags.rate)
const runMs = Number(flags.seconds) * 1000
const warmUpMs = runMs / 4
const say = (words: string) => process.stderr.write(`${words}\n`)

/** When each person's address was sent, until their mail is here. */
const asked = new Map<string, number>()
const handOverMs: number[] = []
const signInMs: number[] = []
const failures: string[] = []
let mailsHere = 0

const cores = pinThisProcess()
const { folder, atEnd, play } = await createStage('hand-over')
await play(run)

async function run(): Promise<void> {
  const loadBefore = loadavg()[0] ?? 0
  const postgres = await startPostgres(join(folder, 'postgres'))
  atEnd(() => postgres.stop())
  const mails = await startMailSink(heard)
  atEnd(() => mails.stop())
  const deps = { folder, core: cores?.server ?? null, concurrency: 1, postgres, mails }
  const service = await startContender('service', deps)
  atEnd(() => service.process.stop())
  const { pid } = service.process
  if (Number.isNaN(pid)) throw new Error('the service has no process here')

  const read = () => ({ server: cpuMsOf(pid), postgres: cpuMsOfTree(postgres.pid), mails: mailsHere })
  say(`${rate} sign-ins a second for ${runMs / 1000} s, after ${warmUpMs / 1000} s that are not counted`)
  const crowd = createCrowd(service, mails)
  await keepPace(crowd, warmUpMs)
  for (const list of [handOverMs, signInMs]) list.splice(0)
  const before = read()
  await keepPace(crowd, runMs)
  const after = read()
  const signedIn = signInMs.length
  await crowd.ended()
  if (signedIn === 0) throw new Error(`nobody was signed in: ${failures[0]}`)

  const each = (name: 'server' | 'postgres') => ((after[name] - before[name]) / signedIn).toFixed(2)
  const second = (count: number) => ((count / runMs) * 1000).toFixed(1)
  process.stdout.write(`
| At ${rate} sign-ins begun in a second | |
| --- | --- |
| mail handed over, from the POST to the whole mail: median, p95, p99 | ${shares(handOverMs)} ms |
| sign-in from its first request to the tokens, mail included: median, p95, p99 | ${shares(signInMs)} ms |
| signed in, in a second | ${second(signedIn)} |
| mails handed over, in a second | ${second(after.mails - before.mails)} |
| server CPU, PostgreSQL CPU for each sign-in | ${each('server')}, ${each('postgres')} ms |
| sign-ins that failed | ${failures.length} |
| load of the machine before, after | ${loadBefore.toFixed(1)}, ${(loadavg()[0] ?? 0).toFixed(1)} |

Goal (median at most ${GOAL_MS} ms): ${share(handOverMs, 0.5) <= GOAL_MS ? 'kept' : 'missed'}
`)
  for (const words of failures.slice(0, FAILURES_SHOWN)) say(words)
  if (failures.length > 0) process.exitCode = 1
}

function heard(address: string): void {
  mailsHere++
  const at = asked.get(address)
  if (at === undefined) return
  asked.delete(address)
  handOverMs.push(performance.now() - at)
}

interface Crowd {
  /** The next person begins to sign in. */
  begin(): void
  underWay(): number
  ended(): Promise<unknown>
}

/** As many browsers as there are sign-ins under way; each comes back as somebody else. */
function createCrowd(service: Contender, mails: MailSink): Crowd {
  const free: Application[] = []
  const running = new Set<Promise<void>>()
  let browsers = 0
  let people = 0

  async function signIn(email: string): Promise<void> {
    const browser = free.pop() ?? createBrowser(service, mails, browsers++)
    const began = performance.now()
    try {
      browser.newBrowser()
      await browser.signIn({ email, authenticator: null })
      signInMs.push(performance.now() - began)
      free.push(browser)
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
    }
  }

  return {
    begin() {
      const done = signIn(`person-${++people}@bench.example`).finally(() => running.delete(done))
      running.add(done)
    },
    underWay: () => running.size,
    ended: () => Promise.all(running),
  }
}

function createBrowser({ target, workers }: Contender, mails: MailSink, index: number): Application {
  const [worker] = workers
  if (!worker) throw new Error('nobody may ask the service')
  const connection = connectTo(target, `203.0.113.${(index % 250) + 1}`)
  const send: Connection['send'] = (path, sending) => {
    if (path.endsWith('/identify')) asked.set(sending?.form?.identifier ?? '', performance.now())
    return connection.send(path, sending)
  }
  return createApplication({ target, connection: { ...connection, send }, clients: worker.clients, mails })
}

/** For so long, as many begin as the rate says, also when those before are late. */
async function keepPace(crowd: Crowd, forMs: number): Promise<void> {
  const start = performance.now()
  let toldAt = start
  let begun = 0
  for (let now = start; now - start < forMs; now = performance.now()) {
    for (; begun < ((now - start) / 1000) * rate; begun++) crowd.begin()
    if (now - toldAt >= TOLD_EVERY_MS) {
      toldAt = now
      const median = share(handOverMs, 0.5).toFixed(0)
      say(`${((now - start) / 1000).toFixed(0)} s: ${begun} begun, ${crowd.underWay()} under way, median hand-over ${median} ms`)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

function share(list: readonly number[], part: number): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length * part)] ?? Number.NaN
}

function shares(list: readonly number[]): string {
  return [0.5, 0.95, 0.99].map((part) => share(list, part).toFixed(1)).join(', ')
}
