// `npm run bench:soak`: hours of steady use, and whether the service grows by it. Ends by itself, with 1 where it does.
//   --minutes 60     how long          --rate 20     operations a second, mixed; 0: as fast as eight clients can
//   --json FILE      the looks and the verdict for machines
import { writeFile } from 'node:fs/promises'

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Contender, startContender } from '../contenders.ts'
import { memoryOf } from '../machine.ts'
import { startMailSink } from '../mail-sink.ts'
import { prepare } from '../operations.ts'
import { startPostgres } from '../postgres.ts'
import { createStage } from '../stage.ts'
import { startLoad } from './load.ts'
import { createLooker } from './look.ts'
import { type Look, leastOf, verdictOf } from './trend.ts'

const CONCURRENCY = 8
const LOOK_MS = 5000
const LOOKS_A_LINE = 12 // one line a minute
const MINUTES_MIN = 30 // by less, the growth of an hour is guessed from a few collections

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '20' },
    json: { type: 'string' },
  },
})
const minutes = Number(flags.minutes)
const rate = Number(flags.rate)
const say = (words: string) => process.stderr.write(`${words}\n`)
const { folder, atEnd, play } = await createStage('bench-soak')
await play(run)

async function run(): Promise<void> {
  const postgres = await startPostgres(join(folder, 'postgres'))
  atEnd(() => postgres.stop())
  const mails = await startMailSink()
  atEnd(() => mails.stop())
  const service = await startContender('service', { folder, core: null, concurrency: CONCURRENCY, postgres, mails })
  atEnd(() => service.process.stop())
  const { pid } = service.process
  const probeUrl = service.starting?.probeUrl
  if (Number.isNaN(pid) || !probeUrl) throw new Error('nobody knows which process the service is')
  const idleMb = memoryOf(pid).nowMb
  say(`idle: ${idleMb.toFixed(0)} MB; ${minutes} minutes ${rate === 0 ? 'at full load' : `of ${rate} operations a second`}`)
  await Promise.all(service.workers.map(prepare))
  const looks = await soak(service, pid, probeUrl)
  const { peakMb } = memoryOf(pid)
  const verdict = verdictOf(looks)
  if (flags.json) await writeFile(flags.json, `${JSON.stringify({ minutes, rate, idleMb, peakMb, verdict, looks }, null, 2)}\n`)
  process.stdout.write(`idle ${idleMb.toFixed(0)} MB, peak ${peakMb.toFixed(0)} MB\n`)
  if (minutes < MINUTES_MIN) process.stdout.write(`no verdict: it takes ${MINUTES_MIN} minutes at least\n`)
  else process.stdout.write(`${verdict.words}\n`)
  if (minutes >= MINUTES_MIN && !verdict.flat) process.exitCode = 1
}

async function soak(service: Contender, pid: number, probeUrl: string): Promise<Look[]> {
  const look = createLooker(pid, probeUrl)
  const load = startLoad(service.workers, rate)
  atEnd(load.stop)
  const looks: Look[] = []
  let window: Look[] = []
  for (const end = performance.now() + minutes * 60_000; performance.now() < end; ) {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, LOOK_MS)), load.failed])
    const found = await look()
    window.push(found)
    if (window.length < LOOKS_A_LINE) continue
    const least = leastOf([found, ...window])
    looks.push(least)
    window = []
    say(
      `minute ${Math.round(found.minutes)}: ${load.done()} operations, ${found.rssMb.toFixed(0)} MB resident, heap ${least.heapMb.toFixed(1)} of ${found.heapTotalMb.toFixed(0)} MB, ${least.externalMb.toFixed(1)} MB outside, ${found.handles} handles${load.waiting() > 0 ? `, ${load.waiting()} operations wait` : ''}`,
    )
  }
  await load.stop()
  return looks
}
