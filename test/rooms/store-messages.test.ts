import { afterEach, describe, expect, test } from '@jest/globals'
import { withPatience } from '../../src/base/index.ts'
import { beforeCommit } from '../../src/store/database.ts'
import { afterCommit, type Database, runIn, type Statement } from '../../src/store/index.ts'
import { lineTo } from '../faults/line.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, eventually, listeningLog, open } from './store-support.ts'

// What goes to the database as one message, and what each who asked is told.

afterEach(closeAll)

const at = new Date('2026-01-01T00:00:00.123Z')
const INSERT: Statement = { name: 'm_insert', text: 'insert into replay (id, expires_at) values ($1, $2)' }
const IDS: Statement = { name: 'm_ids', text: 'select id from replay order by id' }
const PID: Statement = { name: 'm_pid', text: 'select pg_backend_pid() as pid' }
const ECHO: Statement = {
  name: 'm_echo',
  text: `select $1::text as text, $2::timestamptz as at, $3::bytea as bytes, $4::text[] as list, $5::jsonb as json, $6::int as number,
    $7::bool as bool, $8::text as nothing`,
}

const idsOf = async (db: Database) => (await db.run<{ id: string }>(IDS, [])).map((row) => row.id)

describe('statements that are asked at once inside a transaction', () => {
  test('are one message, with `begin`; each gets its own answer', async () => {
    const line = await lineTo(await freshDatabase())
    const db = open(line.url, { poolSize: 1 })
    await db.run(IDS, [])
    const messages = line.messages
    const answers = await db.transact((tx) =>
      Promise.all([runIn(tx, INSERT, ['a', at]), runIn(tx, IDS, []), runIn(tx, INSERT, ['b', at]), runIn(tx, IDS, [])]),
    )
    expect(answers).toEqual([[], [{ id: 'a' }], [], [{ id: 'a' }, { id: 'b' }]])
    expect(line.messages - messages).toBe(2) // the second commits
    await closeAll()
    await line.stop()
  })

  test('fail together, by the error of the first that fails, and nothing stays', async () => {
    const db = open(await freshDatabase(), { poolSize: 1 })
    const seen: unknown[] = []
    const failing = db.transact(async (tx) => {
      afterCommit(tx, () => seen.push('committed'))
      const all = [runIn(tx, INSERT, ['a', at]), runIn(tx, INSERT, ['a', at]), runIn(tx, IDS, [])]
      seen.push(...(await Promise.allSettled(all)).map((one) => (one.status === 'rejected' ? one.reason.code : one.value)))
      await Promise.all(all)
    })
    await expect(failing).rejects.toMatchObject({ code: '23505' })
    expect([seen, await idsOf(db)]).toEqual([['23505', '23505', '23505'], []])
  })

  test('that nobody waits for are done before COMMIT all the same, or the transaction fails', async () => {
    const db = open(await freshDatabase(), { poolSize: 1 })
    await db.transact(async (tx) => void runIn(tx, INSERT, ['a', at]))
    expect(await idsOf(db)).toEqual(['a'])
    const failing = db.transact(async (tx) => {
      runIn(tx, INSERT, ['b', at]).catch(() => {})
      runIn(tx, INSERT, ['a', at]).catch(() => {})
    })
    await expect(failing).rejects.toMatchObject({ code: '23505' })
    expect(await idsOf(db)).toEqual(['a'])
  })
})

test('a transaction does not commit when a statement of it could not be asked, whoever passes over that', async () => {
  const db = open(await freshDatabase(), { poolSize: 1 })
  const circle: Record<string, unknown> = {}
  circle.of = circle
  const passedOver = db.transact(async (tx) => {
    await runIn(tx, INSERT, ['a', at])
    await Promise.allSettled([runIn(tx, INSERT, ['b', at]), runIn(tx, INSERT, [circle, at])])
  })
  await expect(passedOver).rejects.toThrow(/passed over/)
  expect(await idsOf(db)).toEqual([])
})

describe('what is kept for the end of a transaction', () => {
  test('goes out with COMMIT, after everything else', async () => {
    const line = await lineTo(await freshDatabase())
    const db = open(line.url, { poolSize: 1 })
    await db.run(IDS, [])
    const messages = line.messages
    await db.transact(async (tx) => {
      let last = 'x'
      beforeCommit(tx, () => ({ statement: INSERT, values: [last, at] }))
      await runIn(tx, INSERT, ['a', at])
      last = 'z'
    })
    expect([await idsOf(db), line.messages - messages]).toEqual([['a', 'z'], 3])
    await closeAll()
    await line.stop()
  })

  test('takes the transaction down when it fails', async () => {
    const db = open(await freshDatabase(), { poolSize: 1 })
    const seen: string[] = []
    const failing = db.transact(async (tx) => {
      afterCommit(tx, () => seen.push('committed'))
      beforeCommit(tx, () => ({ statement: INSERT, values: ['a', at] }))
      await runIn(tx, INSERT, ['a', at])
    })
    await expect(failing).rejects.toMatchObject({ code: '23505' })
    expect([seen, await idsOf(db)]).toEqual([[], []])
  })
})

describe('a statement', () => {
  test('takes and answers values of every kind', async () => {
    const db = open(await freshDatabase())
    const list = ['a', 'with "quotes", {braces} and \\', '', 'ü€😀']
    const values = ['ü€😀', at, Buffer.from([0, 255, 92]), list, { a: [1, 'x'] }, -7, true, null]
    for (let round = 0; round < 2; round++) {
      const [row] = await db.run<Record<string, unknown>>(ECHO, values)
      expect(Object.values(row ?? {})).toEqual(values)
    }
  })

  test('that cannot be written, or fails when it is first asked, leaves its connection whole', async () => {
    const db = open(await freshDatabase(), { poolSize: 1 })
    const before = await db.run(PID, [])
    const circle: Record<string, unknown> = {}
    circle.of = circle
    await expect(db.run(ECHO, [circle])).rejects.toThrow(/circular/i)
    await expect(db.run(INSERT, ['a', 'no moment'])).rejects.toMatchObject({ code: '22007' })
    await db.run(INSERT, ['a', at])
    const later = { name: 'm_later', text: 'select id from later' }
    await expect(db.run(later, [])).rejects.toMatchObject({ code: '42P01' })
    await db.run({ name: '', text: 'create table later (id text)' }, [])
    expect([await db.run(later, []), await idsOf(db), await db.run(PID, [])]).toEqual([[], ['a'], before])
  })

  test('S-1 is done once it is committed, not when its rows are there', async () => {
    const url = await freshDatabase()
    await query(url, 'create table once (id int unique deferrable initially deferred)')
    const db = open(url)
    const ONCE: Statement = { name: 'm_once', text: 'insert into once values ($1) returning id' }
    await db.run(ONCE, [1])
    await expect(db.run(ONCE, [1])).rejects.toMatchObject({ code: '23505' })
    await expect(db.transact((tx) => runIn(tx, ONCE, [1]))).rejects.toMatchObject({ code: '23505' })
    expect(await query(url, 'select id from once')).toEqual([{ id: 1 }])
  })
})

test('F-05 an idle connection that the server ends is told once in the log, and nobody meets it', async () => {
  const url = await freshDatabase()
  const { log, lines } = listeningLog()
  const db = open(url, { poolSize: 1, log })
  const before = await db.run<{ pid: number }>(PID, [])
  await query(url, 'select pg_terminate_backend($1)', [before[0]?.pid])
  await eventually(() => lines.length > 0)
  const after = await db.run<{ pid: number }>(PID, [])
  expect(after[0]?.pid).not.toBe(before[0]?.pid)
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['an idle database connection was lost'])
})

test('F-06 once somebody was told of a read-only server, no connection of before serves anybody again', async () => {
  const db = open(await freshDatabase(), { poolSize: 2 })
  const pidsOf = async () => {
    const two = await Promise.all([db.run<{ pid: number }>(PID, []), db.run<{ pid: number }>(PID, [])])
    return two.map(([row]) => row?.pid)
  }
  const before = await pidsOf()
  const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const inUse = db.transact(async (tx) => {
    const [row] = await runIn<{ pid: number }>(tx, PID, [])
    begun.resolve()
    await held.promise
    return row?.pid
  })
  await begun.promise
  db.distrust()
  held.resolve()
  expect(before).toContain(await inUse)
  expect((await pidsOf()).filter((pid) => before.includes(pid))).toEqual([])
})

test('F-05 whoever comes while a connection is being made for somebody who left is not told of its end', async () => {
  const line = await lineTo(await freshDatabase())
  line.silence()
  const db = open(line.url, { poolSize: 1 })
  await expect(withPatience(200, () => db.run(IDS, []))).rejects.toMatchObject({ code: 'unavailable' })
  expect(line.taken).toBe(1) // and is still waited for
  line.mend()
  const newcomer = db.run(IDS, [])
  await new Promise(setImmediate)
  line.cut()
  expect(await newcomer).toEqual([])
  await closeAll()
  await line.stop()
})
