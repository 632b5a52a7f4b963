import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addSeconds, hashOf, newId, newSecret } from '../../src/base/index.ts'
import { createDeviceStore, createSweep, type Database } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, open, silent } from './store-support.ts'

const now = new Date('2030-01-01T00:00:15Z')
const clock = { now: () => now }

let url: string
let db: Database
let devices: ReturnType<typeof createDeviceStore>

beforeAll(async () => {
  url = await freshDatabase()
  db = open(url)
  devices = createDeviceStore(db)
})
afterAll(closeAll)

async function newAccount(): Promise<string> {
  const id = newId()
  await query(url, `insert into account (id, state, profile, locale, created_at) values ($1, 'active', '{}', 'en', $2)`, [
    id,
    now,
  ])
  return id
}

describe('a remembered device', () => {
  const DAY = 86_400

  async function remember(accountId: string, seconds = 30 * DAY) {
    const id = hashOf(newSecret())
    const device = {
      id,
      accountId,
      label: 'Firefox on Linux',
      createdAt: now,
      lastUsedAt: now,
      expiresAt: addSeconds(now, seconds),
    }
    await db.transact((tx) => devices.remember(tx, device))
    return device
  }

  /** What a page asks and what a proof does say the same. */
  async function use({ id, accountId }: { id: string; accountId: string }, at: Date): Promise<boolean> {
    const stands = await devices.stands(id, accountId, at)
    expect(await db.transact((tx) => devices.use(tx, id, accountId, at))).toBe(stands)
    return stands
  }

  test('R-121 is its person’s until it expires, to the second, and notes when it was used', async () => {
    const device = await remember(await newAccount(), 60)
    const almost = addSeconds(now, 59)
    expect(await use(device, almost)).toBe(true)
    expect(await devices.ofAccount(device.accountId, almost)).toEqual([{ ...device, lastUsedAt: almost }])
    expect(await use(device, addSeconds(now, 60))).toBe(false)
    expect(await use({ ...device, id: hashOf(newSecret()) }, now)).toBe(false)
    expect(await use({ ...device, accountId: await newAccount() }, now)).toBe(false)
    expect(await devices.ofAccount(device.accountId, almost)).toHaveLength(1)
    expect(await devices.ofAccount(device.accountId, addSeconds(now, 60))).toEqual([])
  })

  test('R-121 is forgotten by its own person, one or all, and nobody else’s with it', async () => {
    const [ada, eve] = [await newAccount(), await newAccount()]
    const [one, two, hers] = [await remember(ada), await remember(ada), await remember(eve)]
    expect(await db.transact((tx) => devices.forget(tx, eve, one.id))).toBe(false)
    expect(await db.transact((tx) => devices.forget(tx, ada, one.id))).toBe(true)
    expect(await use(one, now)).toBe(false)
    await db.transact((tx) => devices.forgetAll(tx, ada))
    expect(await use(two, now)).toBe(false)
    expect(await use(hers, now)).toBe(true)
  })

  test('is swept away once it has expired', async () => {
    const accountId = await newAccount()
    await remember(accountId, -61)
    const stays = await remember(accountId, 1)
    expect(await createSweep({ db, clock, log: silent })()).toEqual({ remembered_device: 1 })
    expect(await query(url, 'select id from remembered_device where account_id = $1', [accountId])).toEqual([{ id: stays.id }])
  })
})
