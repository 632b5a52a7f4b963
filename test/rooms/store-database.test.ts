import { afterEach, describe, expect, test } from '@jest/globals'
import { Refusal, type Tx } from '../../src/base/index.ts'
import { afterCommit, type Database, runIn, type Statement } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { freePorts } from '../support/ports.ts'
import { closeAll, eventually, open } from './store-support.ts'

afterEach(closeAll)

const at = new Date('2026-01-01T00:00:00Z')
const INSERT: Statement = { name: 't_insert', text: 'insert into replay (id, expires_at) values ($1, $2)' }
const TOUCH: Statement = { name: 't_touch', text: 'update replay set expires_at = $2 where id = $1' }
const TOUCH_ALL: Statement = { name: 't_touch_all', text: 'update replay set expires_at = $1' }
const WAITING = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
const IDS: Statement = { name: 't_ids', text: 'select id from replay order by id' }
const ALL: Statement = { name: 't_all', text: 'select * from replay' }
const SLOW: Statement = { name: 't_slow', text: 'select pg_sleep(30)' }
const FALL: Statement = { name: 't_fall', text: 'select pg_terminate_backend(pg_backend_pid())' }
const LOSE: Statement = { name: 't_lose', text: `do $$ begin raise exception 'lost' using errcode = '40001'; end $$` }
const SWITCH: Statement = { name: 't_switch', text: 'set transaction isolation level serializable' }

const idsOf = async (db: Database) => (await db.run<{ id: string }>(IDS, [])).map((row) => row.id)
const unavailable = { name: 'Refusal', code: 'unavailable' }

/** Resolves when `count` callers have come. */
function meeting(count: number): () => Promise<void> {
  let here = 0
  let open = () => {}
  const all = new Promise<void>((resolve) => {
    open = resolve
  })
  return async () => {
    here++
    if (here === count) open()
    await all
  }
}

describe('a transaction', () => {
  test('keeps its rows and then runs what waited for that', async () => {
    const db = open(await freshDatabase())
    const seen: string[] = []
    const result = await db.transact(async (tx) => {
      afterCommit(tx, () => seen.push('first'))
      afterCommit(tx, () => {
        throw new Error('must not reach anybody')
      })
      afterCommit(tx, () => seen.push('second'))
      await runIn(tx, INSERT, ['a', at])
      expect(seen).toEqual([])
      return 'done'
    })
    expect([result, seen, await idsOf(db)]).toEqual(['done', ['first', 'second'], ['a']])
  })

  test('that fails leaves no row, runs nothing afterwards, and hands on the error itself', async () => {
    const db = open(await freshDatabase())
    const fault = new Error('no')
    const seen: string[] = []
    const failing = db.transact(async (tx) => {
      afterCommit(tx, () => seen.push('ran'))
      await runIn(tx, INSERT, ['a', at])
      throw fault
    })
    await expect(failing).rejects.toBe(fault)
    expect([seen, await idsOf(db)]).toEqual([[], []])
  })

  test('is not reported as kept when an error inside it was passed over', async () => {
    const db = open(await freshDatabase())
    const passedOver = db.transact(async (tx) => {
      await runIn(tx, INSERT, ['a', at])
      await runIn(tx, INSERT, ['a', at]).catch(() => {})
    })
    await expect(passedOver).rejects.toThrow(/passed over/)
    expect(await idsOf(db)).toEqual([])
  })

  test('is refused to whoever keeps it beyond its end', async () => {
    const db = open(await freshDatabase())
    const kept = await db.transact(async (tx: Tx) => tx)
    await expect(runIn(kept, IDS, [])).rejects.toThrow(/after its end/)
  })

  test('F-11 that meets another in a deadlock is tried again, and both are kept', async () => {
    const db = open(await freshDatabase())
    for (const id of ['a', 'b']) await db.run(INSERT, [id, at])
    const met = meeting(2)
    let tries = 0
    const cross = (one: string, other: string) =>
      db.transact(async (tx) => {
        tries++
        await runIn(tx, TOUCH, [one, at])
        if (tries <= 2) await met()
        await runIn(tx, TOUCH, [other, at])
      })
    await Promise.all([cross('a', 'b'), cross('b', 'a')])
    expect(tries).toBeGreaterThanOrEqual(3) // the one that is tried again may meet the other once more
  })

  test('F-11 that meets a lone statement in a deadlock: that one is tried again, and both are kept', async () => {
    const url = await freshDatabase()
    const db = open(url)
    for (const id of ['a', 'b']) await db.run(INSERT, [id, at])
    const later = new Date('2027-01-01T00:00:00Z')
    const alone = await db.transact(async (tx) => {
      await runIn(tx, TOUCH, ['b', at])
      const both = { inTheEnd: db.run(TOUCH_ALL, [later]) } // holds `a`, and waits for `b`
      await eventually(async () => (await query(url, WAITING)).length === 1)
      await runIn(tx, TOUCH, ['a', at])
      return both
    })
    expect(await alone.inTheEnd).toEqual([])
    expect((await db.run<{ expires_at: Date }>(ALL, [])).map((row) => row.expires_at)).toEqual([later, later])
  })

  test('F-11 that loses a race of serializable transactions is tried again, and no update is lost', async () => {
    const db = open(await freshDatabase())
    const met = meeting(2)
    let tries = 0
    const addOne = () =>
      db.transact(async (tx) => {
        tries++
        await runIn(tx, SWITCH, [])
        const { length } = await runIn(tx, ALL, [])
        if (tries <= 2) await met()
        await runIn(tx, INSERT, [`row ${length}`, at])
      })
    await Promise.all([addOne(), addOne()])
    expect([tries, await idsOf(db)]).toEqual([3, ['row 0', 'row 1']])
  })
})

describe('a transaction that loses every time', () => {
  test('F-11 is tried four times in all, and then its failure is told', async () => {
    const db = open(await freshDatabase())
    let tries = 0
    const losing = db.transact(async (tx) => {
      tries++
      await runIn(tx, INSERT, [`try ${tries}`, at])
      await runIn(tx, LOSE, [])
    })
    await expect(losing).rejects.toMatchObject({ code: '40001' })
    expect([tries, await idsOf(db)]).toEqual([4, []])
  })
})

describe('when the database cannot be asked', () => {
  test('F-01 a refused connection is `unavailable`, and health says why', async () => {
    const [port] = await freePorts(1)
    const db = open(`postgresql://a:secret@127.0.0.1:${port}/x`)
    await expect(db.run(IDS, [])).rejects.toMatchObject(unavailable)
    await expect(db.transact(async () => {})).rejects.toMatchObject(unavailable)
    await expect((await db.orm()).account.count()).rejects.toMatchObject(unavailable)
    const health = await db.health()
    expect(health).toMatchObject({ reachable: false, writable: false, schema: 'unknown', clockSkewSeconds: null })
    expect(health.reason).toContain('ECONNREFUSED')
    expect(health.reason).not.toContain('secret')
  })

  test('F-04 a connection cut inside a transaction is `unavailable`, keeps nothing, and the next one works', async () => {
    const db = open(await freshDatabase())
    const seen: string[] = []
    const cut = db.transact(async (tx) => {
      afterCommit(tx, () => seen.push('ran'))
      await runIn(tx, INSERT, ['a', at])
      await runIn(tx, FALL, [])
    })
    await expect(cut).rejects.toMatchObject(unavailable)
    await db.run(INSERT, ['b', at])
    expect([seen, await idsOf(db)]).toEqual([[], ['b']])
  })

  test('F-05 all connections may be cut again and again: the pool fills itself', async () => {
    const url = await freshDatabase()
    const db = open(url)
    for (let round = 0; round < 20; round++) {
      await Promise.all([1, 2, 3, 4, 5].map(() => db.run(IDS, []).catch((error) => expect(error).toMatchObject(unavailable))))
      await query(
        url,
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      )
    }
    // Whatever was cut last is met once, at the latest when all are asked for.
    await Promise.all([1, 2, 3, 4, 5].map(() => db.run(IDS, []).catch(() => {})))
    expect(await idsOf(db)).toEqual([])
    const count = "select from pg_stat_activity where application_name = 'doorward' and datname = current_database()"
    // Those that were cut are gone from the list a moment after whoever had them knows.
    await eventually(async () => (await query(url, count)).length <= 5)
  })

  test('F-06 a connection that turned read-only is dropped; the next one writes', async () => {
    const url = await freshDatabase()
    const name = new URL(url).pathname.slice(1)
    await query(url, `alter database ${name} set default_transaction_read_only = on`)
    const db = open(url)
    expect((await db.health()).writable).toBe(false)
    await expect(db.run(INSERT, ['a', at])).rejects.toMatchObject(unavailable)
    await query(url, `begin read write; alter database ${name} reset default_transaction_read_only; commit`)
    await db.run(INSERT, ['b', at])
    expect([await idsOf(db), (await db.health()).writable]).toEqual([['b'], true])
  })

  test('F-07 a statement that takes too long ends by its own deadline', async () => {
    const db = open(await freshDatabase(), { statementTimeoutMs: 200, poolSize: 1 })
    await expect(db.run(SLOW, [])).rejects.toMatchObject(unavailable)
    await expect(db.transact((tx) => runIn(tx, SLOW, []))).rejects.toMatchObject(unavailable)
    expect(await idsOf(db)).toEqual([])
  })
})

describe('the pool', () => {
  test('F-42 a migration under a prepared statement is not noticed by anybody', async () => {
    const url = await freshDatabase()
    const db = open(url, { poolSize: 1 })
    await db.run(ALL, [])
    await query(url, 'alter table replay add column note text')
    expect(await db.run(ALL, [])).toEqual([])
    await query(url, 'alter table replay drop column note')
    expect(await db.transact((tx) => runIn(tx, ALL, []))).toEqual([])
  })

  test('a fault of a statement is an error of its own and keeps its connection', async () => {
    const url = await freshDatabase()
    const db = open(url, { poolSize: 1 })
    const PID: Statement = { name: 't_pid', text: 'select pg_backend_pid() as pid' }
    const before = await db.run(PID, [])
    await db.run(INSERT, ['a', at])
    const twice = await db.run(INSERT, ['a', at]).catch((error) => error)
    expect(twice).not.toBeInstanceOf(Refusal)
    expect(twice.code).toBe('23505')
    expect(await db.run(PID, [])).toEqual(before)
  })

  test('F-08 fifty may wait for each connection; whoever comes then is told at once that it is in vain', async () => {
    const db = open(await freshDatabase(), { poolSize: 1 })
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    const { promise: held, resolve: holds } = Promise.withResolvers<void>()
    const holding = db.transact(async (tx) => {
      await runIn(tx, ALL, [])
      holds()
      await over
    })
    await held
    const waiting = Array.from({ length: 50 }, () => db.run(ALL, []))
    await expect(db.run(ALL, [])).rejects.toMatchObject(unavailable)
    end()
    await holding
    expect(await Promise.all(waiting)).toHaveLength(50)
  })

  test('the clock of the database is compared with our own', async () => {
    const { clockSkewSeconds } = await open(await freshDatabase()).health()
    expect(Math.abs(clockSkewSeconds ?? 99)).toBeLessThan(1)
  })
})
