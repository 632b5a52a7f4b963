import type pg from 'pg'
import { addSeconds, type Clock, createLog, createMetrics, clock as ours } from '../../src/base/index.ts'
import { createSweep, openDatabase } from '../../src/store/index.ts'
import type { Contender } from '../contenders.ts'
import { drive } from '../measure.ts'
import { operations } from '../operations.ts'
import { addExpiring, type Population } from './population.ts'

/** How long a refresh takes, in milliseconds. */
export interface Waits {
  p50Ms: number
  p99Ms: number
  count: number
}

export interface Sweeping {
  rows: number
  seconds: number
  /** Of the same load just before and just after. */
  without: Waits
  during: Waits
  /** p99 while it sweeps, in parts of that without. */
  ratio: number
  kept: boolean
}

const RATIO_MAX = 1.2
const QUIET_MS = 10_000
const SLICE_MS = 500
/** The service's own sweep leaves them alone for so long; ours comes as if that time were over. */
const AHEAD_SECONDS = 3600
const SWEEP_SECONDS_MAX = 600

/** Sweeps as the service does, without its pause between two minutes, while its clients refresh. */
export async function sweepUnderLoad(
  deps: { contender: Contender; url: string; client: pg.Client; population: Population },
  say: (words: string) => void,
): Promise<Sweeping> {
  const { contender, url, client, population } = deps
  await addExpiring(client, population, addSeconds(ours.now(), AHEAD_SECONDS), say)
  const ahead: Clock = { ...ours, now: () => addSeconds(ours.now(), AHEAD_SECONDS + 120) }
  const log = createLog('silent')
  const db = openDatabase({ url, poolSize: 2, log, metrics: createMetrics(), clock: ours })
  const sweep = createSweep({ db, clock: ahead, log, secondsMax: SWEEP_SECONDS_MAX })
  try {
    await refreshFor(contender, 2000)
    const before = await refreshFor(contender, QUIET_MS)
    const started = performance.now()
    let report: Record<string, number> | undefined
    const sweeping = sweep().then((found) => {
      report = found
    })
    const meanwhile: number[] = []
    while (!report) meanwhile.push(...(await refreshFor(contender, SLICE_MS)))
    await sweeping
    const seconds = (performance.now() - started) / 1000
    const after = await refreshFor(contender, QUIET_MS)
    const without = waitsOf([...before, ...after])
    const during = waitsOf(meanwhile)
    const ratio = during.p99Ms / without.p99Ms
    const rows = Object.values(report).reduce((sum, count) => sum + count, 0)
    return { rows, seconds, without, during, ratio, kept: ratio <= RATIO_MAX }
  } finally {
    await db.close()
  }
}

async function refreshFor({ workers }: Contender, forMs: number): Promise<number[]> {
  const refresh = operations.find(({ name }) => name === 'refresh')
  if (!refresh) throw new Error('there is no operation refresh')
  const unsigned = workers.filter(({ tokens }) => tokens.refresh_token === '')
  await Promise.all(unsigned.map((worker) => refresh.prepare(worker)))
  return drive(workers, refresh, forMs)
}

function waitsOf(latencies: readonly number[]): Waits {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99), count: sorted.length }
}
