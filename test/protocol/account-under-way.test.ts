import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog, createMetrics } from '../../src/base/index.ts'
import { openDatabase, runIn } from '../../src/store/database.ts'
import type { Page } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { objectingOn } from './account-objecting.ts'
import { shownBy } from './account-person.ts'
import { countOf } from './second-standing.ts'
import { withField } from './text-walk.ts'

let stage: Stage
let db: ReturnType<typeof openDatabase>
let on: ReturnType<typeof objectingOn>
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = objectingOn(stage)
  const clock = { now: () => new Date() }
  const url = stage.service.databaseUrl
  db = openDatabase({ url, poolSize: 2, log: createLog('silent'), metrics: createMetrics(), clock })
})
afterAll(async () => {
  await db?.close()
  await stage?.stop()
})

const DONE = '/account/notice-done'
const mine = 'account_id = (select account_id from address where canonical = $1)'
const openNotices = (address: string) => countOf(stage.service, `notice where objected_at is null and ${mine}`, [address])

/** Resolves once so many connections wait for a lock, or `enough` is settled. */
async function waiting(count: number, enough: Promise<unknown> = new Promise(() => {})): Promise<void> {
  const sql = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  let over = false
  enough.then(
    () => (over = true),
    () => (over = true),
  )
  while (!over && (await on.rows(sql, [])).length < count);
}

/** While the account's row is held nobody changes addresses; an objection stands in its middle. */
async function whileHeld(address: string, work: () => Promise<void>): Promise<void> {
  const accountId = await on.accountOf(address)
  await db.transact(async (tx) => {
    await runIn(tx, { name: 'hold_account', text: 'select 1 from account where id = $1 for no key update' }, [accountId])
    await work()
  })
}

describe('requests of a thief that are under way when the owner objects', () => {
  test('R-135, R-109 write nothing when they come in the middle of it: no authenticator is added, none removed', async () => {
    const address = 'in-the-middle@fabrikam.example'
    const { one: thief, added } = await on.settled(address)
    await stage.moveClock(60)
    const page = await on.open(thief, '/account/authenticators/new')
    const shows = shownBy(page, stage.service)
    const link = await on.linkAbout(address, 'device_new')
    const told = await on.toldOf(address)
    const pressed: Promise<unknown>[] = []
    let posts: Promise<Page[]> = Promise.resolve([])
    await whileHeld(address, async () => {
      pressed.push(on.object(link))
      await waiting(1)
      posts = Promise.all([
        on.remove(thief, added),
        thief.visitor.submit(withField(page, 'code'), { code: shows(), name: 'Thief' }),
      ])
      await waiting(3, posts)
    })
    expect(await Promise.all(pressed)).toEqual([DONE])
    for (const { status, location } of await posts) {
      expect([status, new URL(location ?? '').pathname]).toEqual([303, expect.stringMatching(/remove$|new$/)])
    }
    expect(await on.authenticatorsOf(address)).toEqual(['Old phone'])
    expect(await on.toldOf(address)).toEqual(told)
    expect(await on.isIn(thief)).toBe(false)
  })

  test('R-135, R-109 leave no codes and no address behind, whichever comes first', async () => {
    const [address, evil] = ['at-once@fabrikam.example', 'at-once@evil.example']
    const thief = await on.member(address)
    await on.add(thief, 'Thief')
    const code = await on.askAddress(thief, evil)
    const posts = Array.from({ length: 4 }, () => on.post(thief, '/account/codes/new'))
    const proofs = [0, 1].map(() => on.post(thief, '/account/addresses/prove', { code }))
    const done = on.objectTo(address, 'factor_added')
    expect(await done).toBe(DONE)
    for (const { status } of await Promise.all([...posts, ...proofs])) expect(status).toBe(303)
    expect([await on.authenticatorsOf(address), await on.codesLeft(address)]).toEqual([[], 0])
    expect((await on.rowsOf(address)).map((row) => row.address)).toEqual([address])
    expect(await openNotices(address)).toBe(0)
    expect(await on.isIn(thief)).toBe(false)
  })
})
