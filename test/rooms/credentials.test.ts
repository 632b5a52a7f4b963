import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addSeconds, createSecrets, newId } from '../../src/base/index.ts'
import { createCredentialFactors } from '../../src/factors/index.ts'
import { createCredentialStore, createSweep, type Database } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, open, silent } from './store-support.ts'
import { codeOf, seedBytes } from './totp-support.ts'

const START = new Date('2030-01-01T00:00:15Z')
const STEP = 30
let now = START
const clock = { now: () => now }
const secrets = createSecrets(['a secret that is long enough for a test, one'])
const { totp, recovery } = createCredentialFactors({ secrets, clock })

let url: string
/** Two instances of the service on one database. */
let instances: { db: Database; store: ReturnType<typeof createCredentialStore> }[]
let db: Database
let store: ReturnType<typeof createCredentialStore>

beforeAll(async () => {
  url = await freshDatabase()
  instances = [open(url, { poolSize: 10 }), open(url, { poolSize: 10 })].map((one) => ({
    db: one,
    store: createCredentialStore(one),
  }))
  ;[{ db, store }] = instances as [{ db: Database; store: typeof store }]
})
afterAll(closeAll)

async function newAccount(): Promise<string> {
  const id = newId()
  await query(url, `insert into account (id, state, profile, locale, created_at) values ($1, 'active', '{}', 'en', $2)`, [
    id,
    START,
  ])
  return id
}

/** An authenticator that counts. */
async function enrol(accountId: string, label = ''): Promise<{ id: string; seed: string }> {
  const { data, key } = totp.newSeed(accountId)
  const id = newId()
  await db.transact((tx) => store.add(tx, accountId, { id, kind: 'totp', data, label, provenAt: START, now: START }))
  return { id, seed: key.replaceAll(' ', '') }
}

async function addSet(accountId: string, by = instances[0], set = recovery.newSet()): Promise<string[]> {
  const { codes, data } = await set
  await by?.db.transact(async (tx) => {
    await by.store.removeKind(tx, accountId, 'recovery')
    for (const one of data) {
      await by.store.add(tx, accountId, { id: newId(), kind: 'recovery', data: one, label: '', provenAt: START, now: START })
    }
  })
  return codes
}

/** Reads, judges and uses up, as a sign-in does; `by` is the instance that is asked. */
async function use(factor: typeof totp | typeof recovery, accountId: string, typed: string, by = instances[0]): Promise<boolean> {
  const answer = factor.read(typed)
  const found = answer && by && (await factor.judge(await by.store.ofAccount(accountId), accountId, answer))
  return found ? by.db.transact((tx) => by.store.burn(tx, found.credentialId, found.counter, now)) : false
}

function atOnce<T>(times: number, work: (by: (typeof instances)[number], round: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, round) => work(instances[round % 2] as (typeof instances)[number], round)))
}

const wins = (outcomes: readonly boolean[]) => outcomes.filter(Boolean).length

describe('the code of an authenticator app', () => {
  test('R-105 works once: fifty at once over two instances, one is let in', async () => {
    const accountId = await newAccount()
    const { seed } = await enrol(accountId)
    const code = codeOf(seed, now.getTime() / 1000)
    expect(wins(await atOnce(50, (by) => use(totp, accountId, code, by)))).toBe(1)
    expect(wins(await atOnce(4, (by) => use(totp, accountId, code, by)))).toBe(0)
  })

  test('R-105 burnt by everybody at once has one winner, also for those who judged before it was used', async () => {
    const accountId = await newAccount()
    const { id } = await enrol(accountId)
    expect(wins(await atOnce(50, (by) => by.db.transact((tx) => by.store.burn(tx, id, 7n, now))))).toBe(1)
    for (const counter of [6n, 7n]) expect(await db.transact((tx) => store.burn(tx, id, counter, now))).toBe(false)
    expect(await db.transact((tx) => store.burn(tx, id, 8n, now))).toBe(true)
  })

  test('R-105 of an older step is refused after a newer one, on either instance', async () => {
    const accountId = await newAccount()
    const { seed } = await enrol(accountId)
    const codeAfter = (steps: number) => codeOf(seed, now.getTime() / 1000 + steps * STEP)
    expect(await use(totp, accountId, codeAfter(0))).toBe(true)
    for (const by of instances) expect(await use(totp, accountId, codeAfter(-1), by)).toBe(false)
    expect(await use(totp, accountId, codeAfter(1), instances[1])).toBe(true)
    for (const by of instances) expect(await use(totp, accountId, codeAfter(0), by)).toBe(false)
    expect((await store.ofAccount(accountId))[0]).toMatchObject({ counter: BigInt(Math.floor(now.getTime() / 30_000)) + 1n })
  })

  test('R-105 that came in newer and older at once leaves the newer one used', async () => {
    const accountId = await newAccount()
    const { id } = await enrol(accountId)
    const counters = [5n, 4n, 3n, 2n, 1n]
    const outcomes = await atOnce(50, (by, round) =>
      by.db.transact((tx) => by.store.burn(tx, id, counters[round % 5] ?? 0n, now)),
    )
    expect(wins(outcomes)).toBeLessThanOrEqual(5)
    expect((await store.ofAccount(accountId))[0]?.counter).toBe(5n)
  })

  test('R-107 makes an authenticator count, once, and is used by that', async () => {
    const accountId = await newAccount()
    const { data, key } = totp.newSeed(accountId)
    const id = newId()
    await db.transact((tx) => store.add(tx, accountId, { id, kind: 'totp', data, label: '', provenAt: null, now }))
    const code = codeOf(key.replaceAll(' ', ''), now.getTime() / 1000)
    expect(await use(totp, accountId, code)).toBe(false)
    expect(await db.transact((tx) => store.burn(tx, id, 1n, now))).toBe(false)
    const step = BigInt(Math.floor(now.getTime() / 30_000))
    expect(wins(await atOnce(20, (by) => by.db.transact((tx) => by.store.proven(tx, id, step, now))))).toBe(1)
    expect(await use(totp, accountId, code)).toBe(false)
    now = addSeconds(START, STEP)
    expect(await use(totp, accountId, codeOf(key.replaceAll(' ', ''), now.getTime() / 1000))).toBe(true)
    now = START
  })

  test('R-108 of another account is worth nothing, even where its seed is copied in the table', async () => {
    const [ada, eve] = [await newAccount(), await newAccount()]
    const { id: hers } = await enrol(ada)
    const { seed } = await enrol(eve)
    await query(url, `update credential set data = (select data from credential where account_id = $1) where id = $2`, [
      eve,
      hers,
    ])
    expect(await use(totp, ada, codeOf(seed, now.getTime() / 1000))).toBe(false)
    expect(await use(totp, eve, codeOf(seed, now.getTime() / 1000))).toBe(true)
  })
})

describe('a recovery code', () => {
  test('R-116 works once: twenty at once over two instances, one is let in', async () => {
    const accountId = await newAccount()
    const [code = '', next = ''] = await addSet(accountId)
    expect(wins(await atOnce(20, (by) => use(recovery, accountId, code, by)))).toBe(1)
    expect(await use(recovery, accountId, code)).toBe(false)
    expect(await use(recovery, accountId, next)).toBe(true)
  })

  test('R-116 ends with the next set', async () => {
    const accountId = await newAccount()
    const [old = '', older = ''] = await addSet(accountId)
    expect(await use(recovery, accountId, older)).toBe(true)
    const [fresh = ''] = await addSet(accountId)
    expect(await use(recovery, accountId, old)).toBe(false)
    expect(await use(recovery, accountId, fresh)).toBe(true)
  })

  test('R-116 is one of ten: of several new sets at once one stays, whole', async () => {
    const accountId = await newAccount()
    await addSet(accountId)
    const made = await Promise.all(Array.from({ length: 4 }, () => recovery.newSet()))
    await atOnce(4, (by, round) => addSet(accountId, by, Promise.resolve(made[round] ?? { codes: [], data: [] })))
    const stored = (await store.ofAccount(accountId)).map(({ data }) => data).sort()
    expect(made.map(({ data }) => data.toSorted())).toContainEqual(stored)
  })

  test('R-119 of one account is none of another', async () => {
    const [ada, eve] = [await newAccount(), await newAccount()]
    const [code = ''] = await addSet(eve)
    await addSet(ada)
    expect(await use(recovery, ada, code)).toBe(false)
  })
})

describe('the table of credentials', () => {
  test('R-170 holds no seed and no code: neither as it was shown nor in another spelling', async () => {
    const accountId = await newAccount()
    const { seed } = await enrol(accountId)
    const codes = await addSet(accountId)
    await use(totp, accountId, codeOf(seed, now.getTime() / 1000))
    await use(recovery, accountId, codes[0] ?? '')
    const rows = await query<{ text: string }>(url, 'select c::text as text from credential c where account_id = $1', [accountId])
    expect(rows).toHaveLength(11)
    const table = rows.map(({ text }) => text.toUpperCase()).join('\n')
    const bytes = seedBytes(seed)
    const secret = codes.flatMap((code) => [code.slice(5), code.slice(5).replaceAll('-', '')])
    for (const clear of [seed, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, ''), ...secret]) {
      expect(table).not.toContain(clear.toUpperCase())
    }
  })

  test('is read whole, the one used last first, and by its own person only', async () => {
    const [ada, eve] = [await newAccount(), await newAccount()]
    const [phone, tablet] = [await enrol(ada, 'Phone'), await enrol(ada, 'Tablet')]
    await enrol(eve)
    await use(totp, ada, codeOf(tablet.seed, now.getTime() / 1000))
    const own = await store.ofAccount(ada)
    expect(own.map(({ id, label, lastUsedAt }) => ({ id, label, lastUsedAt }))).toEqual([
      { id: tablet.id, label: 'Tablet', lastUsedAt: now },
      { id: phone.id, label: 'Phone', lastUsedAt: null },
    ])
    expect(own[1]).toMatchObject({ kind: 'totp', counter: 0n, provenAt: START, createdAt: START })
    expect(await db.transact((tx) => store.ofAccountIn(tx, ada))).toEqual(own)
  })

  test('is named anew, and gives up what its own person removes, once', async () => {
    const [ada, eve] = [await newAccount(), await newAccount()]
    const { id } = await enrol(ada, 'Phone')
    await db.transact((tx) => store.rename(tx, eve, id, 'Hers'))
    await db.transact((tx) => store.rename(tx, ada, id, 'Old phone'))
    expect((await store.ofAccount(ada))[0]?.label).toBe('Old phone')
    expect(await db.transact((tx) => store.remove(tx, eve, id, now))).toBe(false)
    expect(wins(await atOnce(10, (by) => by.db.transact((tx) => by.store.remove(tx, ada, id, now))))).toBe(1)
    expect(await store.ofAccount(ada)).toEqual([])
  })

  test('R-109 lets what was removed prove nothing, whatever judged it before', async () => {
    const ada = await newAccount()
    const { id, seed } = await enrol(ada, 'Phone')
    await db.transact((tx) => store.remove(tx, ada, id, now))
    expect(await use(totp, ada, codeOf(seed, now.getTime() / 1000))).toBe(false)
    expect(await db.transact((tx) => store.burn(tx, id, 1n, now))).toBe(false)
    expect(await db.transact((tx) => store.ofAccountIn(tx, ada))).toEqual([])
    await db.transact((tx) => store.rename(tx, ada, id, 'Mine'))
    expect(await query(url, 'select label from credential where id = $1', [id])).toEqual([{ label: 'Phone' }])
  })

  test('lets no authenticator begin to count that was removed while it was set up', async () => {
    const ada = await newAccount()
    const id = newId()
    const { data } = totp.newSeed(ada)
    await db.transact((tx) => store.add(tx, ada, { id, kind: 'totp', data, label: '', provenAt: null, now }))
    await db.transact((tx) => store.remove(tx, ada, id, now))
    expect(await db.transact((tx) => store.proven(tx, id, 1n, now))).toBe(false)
  })

  test('R-109 gives back what was removed, to its own person, once, and with it what was used of it', async () => {
    const [ada, eve] = [await newAccount(), await newAccount()]
    const { id, seed } = await enrol(ada)
    const code = codeOf(seed, now.getTime() / 1000)
    expect(await use(totp, ada, code)).toBe(true)
    const [before] = await store.ofAccount(ada)
    expect(await db.transact((tx) => store.restore(tx, ada, id))).toBe(false)
    await db.transact((tx) => store.remove(tx, ada, id, now))
    expect(await db.transact((tx) => store.restore(tx, eve, id))).toBe(false)
    expect(wins(await atOnce(10, (by) => by.db.transact((tx) => by.store.restore(tx, ada, id))))).toBe(1)
    expect(await store.ofAccount(ada)).toEqual([before])
    expect(await use(totp, ada, code)).toBe(false)
  })

  test('gives up what was begun and never proven: of one person at once, of all an hour later', async () => {
    const [ada, eve] = [await newAccount(), await newAccount()]
    const { id: counts } = await enrol(ada)
    await query(url, 'update credential set created_at = $2 where id = $1', [counts, addSeconds(now, -365 * 86_400)])
    const begin = async (accountId: string, at: Date, label = '') => {
      const id = newId()
      const { data } = totp.newSeed(accountId)
      await db.transact((tx) => store.add(tx, accountId, { id, kind: 'totp', data, label, provenAt: null, now: at }))
      return id
    }
    await begin(ada, now, 'session one')
    const elsewhere = await begin(ada, now, 'session two')
    await db.transact((tx) => store.removeUnproven(tx, ada, 'totp', 'session one'))
    expect((await store.ofAccount(ada)).map(({ id }) => id).toSorted()).toEqual([counts, elsewhere].toSorted())
    await db.transact((tx) => store.removeUnproven(tx, ada, 'totp', 'session two'))
    expect((await store.ofAccount(ada)).map(({ id }) => id)).toEqual([counts])
    await begin(eve, addSeconds(now, -3601))
    const late = await begin(eve, addSeconds(now, -3599))
    expect(await createSweep({ db, clock, log: silent })()).toEqual({ credential: 1 })
    expect((await store.ofAccount(eve)).map(({ id }) => id)).toEqual([late])
    expect((await store.ofAccount(ada)).map(({ id }) => id)).toEqual([counts])
  })

  test('goes with its account', async () => {
    const accountId = await newAccount()
    await enrol(accountId)
    await query(url, 'delete from account where id = $1', [accountId])
    expect(await store.ofAccount(accountId)).toEqual([])
  })
})
