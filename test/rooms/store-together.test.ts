import { afterEach, describe, expect, test } from '@jest/globals'
import { patienceLeftMs, withPatience } from '../../src/base/index.ts'
import type { Statement } from '../../src/store/index.ts'
import { freshDatabase } from '../support/database.ts'
import { closeAll, open } from './store-support.ts'

afterEach(closeAll)

const WHERE: Statement = {
  name: 't_where',
  together: true,
  text: 'select pg_backend_pid() as pid, now()::text as at, $1::int as value',
}
const OTHER: Statement = {
  name: 't_other',
  together: true,
  text: 'select pg_backend_pid() as pid, now()::text as at, $1::int as value',
}
const DIVIDE: Statement = { name: 't_divide', together: true, text: 'select 1 / $1::int as value' }
const SLOW: Statement = { name: 't_slow', together: true, text: 'select pg_sleep(30)' }
const ALONE: Statement = { name: 't_alone', text: 'select pg_backend_pid() as pid, now()::text as at, $1::int as value' }

interface Row {
  pid: number
  /** The same for all of one message: PostgreSQL takes it for one transaction. */
  at: string
  value: number
}

const asRequest = <T>(work: () => T): T => withPatience(15_000, work)

describe('reads that may go together', () => {
  test('asked at one moment they are one message on one connection, each with its own answer', async () => {
    const db = open(await freshDatabase())
    const [first, second] = await asRequest(() => Promise.all([db.run<Row>(WHERE, [1]), db.run<Row>(OTHER, [2])]))
    expect(first[0]).toMatchObject({ pid: second[0]?.pid, at: second[0]?.at, value: 1 })
    expect(second[0]?.value).toBe(2)
  })

  test('what is asked later, or is no such read, goes by itself', async () => {
    const db = open(await freshDatabase())
    const at = await asRequest(async () => {
      const [first, alone] = await Promise.all([db.run<Row>(WHERE, [1]), db.run<Row>(ALONE, [2])])
      const later = await db.run<Row>(OTHER, [3])
      return [first, alone, later].map(([row]) => row?.at)
    })
    expect(new Set(at).size).toBe(3)
  })

  test('one that fails fails the others, and the connection serves on', async () => {
    const db = open(await freshDatabase(), { poolSize: 1 })
    const [before] = await db.run<Row>(WHERE, [1])
    const asked = await asRequest(() => Promise.allSettled([db.run<Row>(WHERE, [1]), db.run(DIVIDE, [0])]))
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const [[after]] = await asRequest(() => Promise.all([db.run<Row>(WHERE, [1]), db.run(DIVIDE, [1])]))
    expect(after?.pid).toBe(before?.pid)
  })

  test('those of another request are another message, and what fails the one is nothing to the other', async () => {
    const db = open(await freshDatabase())
    const requests = [
      asRequest(() => Promise.all([db.run<Row>(WHERE, [1]), db.run(DIVIDE, [0])])),
      asRequest(() => db.run<Row>(WHERE, [2])),
      withPatience(0, () => db.run<Row>(WHERE, [3])),
      db.run<Row>(WHERE, [4]),
      db.run<Row>(DIVIDE, [0]),
    ]
    const asked = await Promise.allSettled(requests)
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected'])
  })

  test('F-08: none waits past the patience of its request', async () => {
    const db = open(await freshDatabase())
    const reads = () => [db.run<Row>(WHERE, [1]), db.run(SLOW, [])]
    const asked = await Promise.allSettled(withPatience(200, reads))
    const unavailable = { status: 'rejected', reason: expect.objectContaining({ name: 'Refusal', code: 'unavailable' }) }
    expect(asked).toEqual([unavailable, unavailable])
    expect((await db.run<Row>(WHERE, [2]))[0]?.value).toBe(2)
  })

  test('F-08: waiting for a connection costs patience too', async () => {
    const db = open(await freshDatabase(), { poolSize: 1 })
    const holding = db.run({ name: 't_hold', text: 'select pg_sleep(2)' }, [])
    const asked = await withPatience(2500, async () => {
      const statuses = await Promise.allSettled([db.run<Row>(WHERE, [1]), db.run(SLOW, [])])
      return [...statuses.map(({ status }) => status), patienceLeftMs() > 0]
    })
    expect(asked).toEqual(['rejected', 'rejected', false])
    await holding
  })
})
