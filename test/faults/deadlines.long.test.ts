import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { clock, createLog, createMetrics, Refusal, withPatience } from '../../src/base/index.ts'
import { type Database, keepsItsSession, migrate, openDatabase, runIn } from '../../src/store/index.ts'
import { createNotifications } from '../../src/store/notifications.ts'
import { createPresence } from '../../src/store/presence.ts'
import { createQueue } from '../../src/store/queue.ts'
import { shareOf } from '../../src/store/share.ts'
import { freshDatabase } from '../support/database.ts'
import { until } from './fault-tools.ts'
import { type Line, lineTo } from './line.ts'

// Each way to the database, and a line on which nothing passes from some moment on: nobody waits for ever. The numbers
// are those of docs/faults.md.

const log = createLog('silent')
const ONE = { name: 'deadline_one', text: 'select 1 as one' }
const SLOW = { name: 'deadline_slow', text: 'select pg_sleep(60)' }
const SPARE_SECONDS = 1.5

let databaseUrl: string
let line: Line
const open: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  databaseUrl = await freshDatabase()
  line = await lineTo(databaseUrl)
})
afterEach(async () => {
  line.mend()
  line.cut()
  await Promise.all(open.splice(0).map((close) => close()))
})
afterAll(() => line.stop())

function database(poolSize = 2): Database {
  const db = openDatabase({ url: line.url, poolSize, log, metrics: createMetrics(), clock })
  open.push(() => db.close())
  return db
}

async function secondsOf(work: Promise<unknown>): Promise<{ seconds: number; error: unknown }> {
  const began = performance.now()
  const error = await work.then(
    () => null,
    (fault: unknown) => fault,
  )
  return { seconds: (performance.now() - began) / 1000, error }
}

const expectUnavailable = (error: unknown) => expect(error).toMatchObject({ code: 'unavailable' })

describe('nobody waits for the database for ever', () => {
  test('F-08 to connect: five seconds', async () => {
    line.silence()
    const { seconds, error } = await secondsOf(database().run(ONE, []))
    expectUnavailable(error)
    expect(seconds).toBeLessThan(5 + SPARE_SECONDS)
  }, 30_000)

  test('F-08 a statement: six seconds here, five at the server', async () => {
    const db = database()
    const { seconds: atServer, error } = await secondsOf(db.run(SLOW, []))
    expectUnavailable(error)
    expect(atServer).toBeGreaterThan(4.5)
    expect(atServer).toBeLessThan(5 + SPARE_SECONDS)
    await db.run(ONE, [])
    line.silence()
    const { seconds, error: lost } = await secondsOf(db.run(ONE, []))
    expectUnavailable(lost)
    expect(seconds).toBeLessThan(6 + SPARE_SECONDS)
  }, 30_000)

  test('F-08 a transaction: each of its parts, COMMIT too, and its connection serves nobody again', async () => {
    const db = database(1)
    await db.run(ONE, [])
    const { seconds, error } = await secondsOf(
      db.transact(async (tx) => {
        await runIn(tx, ONE, [])
        line.silence()
      }),
    )
    expectUnavailable(error)
    expect(seconds).toBeLessThan(6 + SPARE_SECONDS)
    line.mend()
    await expect(db.run(ONE, [])).resolves.toEqual([{ one: 1 }])
  }, 30_000)

  test('F-07 all that one request asks for: its patience, and nothing is asked after it', async () => {
    const db = database(1)
    await db.run(ONE, [])
    line.delay(400)
    let asked = 0
    const { seconds, error } = await secondsOf(
      withPatience(1500, async () => {
        for (;;) {
          await db.run(ONE, [])
          asked++
        }
      }),
    )
    expectUnavailable(error)
    expect(asked).toBe(3)
    expect(seconds).toBeLessThan(1.5 + SPARE_SECONDS)
  })

  test('F-07 a connection of the pool: five seconds, and at once where fifty wait for each', async () => {
    const db = database(1)
    const holding = db.run(SLOW, []).catch(() => null)
    const waiting = Array.from({ length: 60 }, () => secondsOf(db.run(ONE, [])))
    const ended = await Promise.all(waiting)
    for (const { error } of ended) if (error) expectUnavailable(error)
    const atOnce = ended.filter(({ seconds, error }) => error && seconds < 1)
    expect(atOnce).toHaveLength(10)
    for (const { seconds } of ended) expect(seconds).toBeLessThan(5 + SPARE_SECONDS)
    await holding
  }, 30_000)

  test('F-09 a turn among administrators: five seconds', async () => {
    const db = shareOf(database(2), 1)
    const holding = db.run(SLOW, []).catch(() => null)
    const { seconds, error } = await secondsOf(db.run(ONE, []))
    if (error) expect(error).toBeInstanceOf(Refusal)
    expect(seconds).toBeLessThan(5 + SPARE_SECONDS)
    await holding
  }, 30_000)

  test('F-08 the ORM, and the look at health: like a statement', async () => {
    const db = database()
    await (await db.orm()).account.count()
    await db.health()
    line.silence()
    const orm = await db.orm()
    const [asked, health] = await Promise.all([secondsOf(orm.account.count()), secondsOf(db.health())])
    expectUnavailable(asked.error)
    expect(health.error).toBeNull()
    for (const { seconds } of [asked, health]) expect(seconds).toBeLessThan(6 + SPARE_SECONDS)
  }, 30_000)

  test('F-08 the job queue: it begins, and ends, on a line that says nothing; and works once it speaks', async () => {
    const db = database()
    let done = 0
    const deps = { databaseUrl: line.url, db, log, metrics: createMetrics(), crontab: '', concurrency: 2, soonAtOnce: 2 }
    const queue = createQueue({
      ...deps,
      tasks: {
        note: async () => {
          done++
        },
      },
    })
    await queue.start()
    await db.transact((tx) => queue.add(tx, 'note', {}))
    await until('a job is done', () => done === 1)
    line.silence()
    // Longer than its longest deadline: all that waits has given up, and asks again.
    await until('it asked, and asks on new connections', () => line.taken > 12, 40)
    line.mend()
    line.cut()
    await until('the database answers', () =>
      db
        .transact((tx) => queue.add(tx, 'note', {}))
        .then(() => true)
        .catch(() => false),
    )
    await until('the next job is done', () => done === 2, 30)
    line.silence()
    const { seconds } = await secondsOf(queue.stop(2))
    expect(seconds).toBeLessThan(2 + 9 + SPARE_SECONDS) // grace, presence, supervisor, pool
  }, 120_000)

  test('F-08 whoever shows that they live, and whoever listens: five seconds, and then anew', async () => {
    const presence = createPresence({ databaseUrl: line.url, log, lookEveryMs: 100_000 })
    await presence.show('pool-one')
    let heard = 0
    const notices = createNotifications({ databaseUrl: line.url, channels: { deadlines: () => void heard++ }, log })
    line.silence()
    const [shown, begun] = await Promise.all([secondsOf(presence.show('pool-two')), secondsOf(notices.start())])
    expect(shown.error).not.toBeNull()
    for (const { seconds } of [shown, begun]) expect(seconds).toBeLessThan(5 + SPARE_SECONDS)
    line.mend()
    await until('it listens', () => heard > 0)
    await presence.show('pool-three')
    line.silence()
    const ends = await Promise.all([secondsOf(presence.stop()), secondsOf(notices.stop())])
    for (const { seconds } of ends) expect(seconds).toBeLessThan(10 + SPARE_SECONDS)
  }, 60_000)

  test('F-08 migrations, and the question whether the way is direct: five seconds to connect', async () => {
    line.silence()
    const [migrating, asking] = await Promise.all([
      secondsOf(migrate({ url: line.url, log })),
      secondsOf(keepsItsSession(line.url)),
    ])
    for (const { seconds, error } of [migrating, asking]) {
      expect(error).not.toBeNull()
      expect(seconds).toBeLessThan(5 + SPARE_SECONDS)
    }
  }, 30_000)
})
