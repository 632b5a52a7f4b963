import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Address, addSeconds, type EmailAddress } from '../../src/base/index.ts'
import type { Database } from '../../src/store/index.ts'
import { query } from '../support/database.ts'
import { type AccountsStage, email, phone, proofOf, startAccounts } from './accounts-stage.ts'

let stage: AccountsStage
let both: Database[]

beforeAll(async () => {
  stage = await startAccounts()
  both = [stage.one, stage.two]
})
afterEach(() => stage.at(0))
afterAll(async () => {
  await stage.stop()
})

const ROUNDS = 10
const HOLD_SECONDS = 3 * 86_400
const named = (name: string) => email(`${name}@fabrikam.example`)
const held = () => addSeconds(stage.clock.now(), HOLD_SECONDS)
const addressesOf = async (id: string) => stage.addressesOn(stage.one).ofAccount(id)

function add(db: Database, id: string, address: EmailAddress): Promise<string> {
  const added = { kind: 'email', address, usableFrom: stage.clock.now(), primaryFrom: null } as const
  return db.transact((tx) => stage.addressesOn(db).add(tx, id, added))
}

const prove = (db: Database, address: Address) => db.transact((tx) => stage.accountsOn(db).prove(tx, proofOf(address)))

/** Does the same on both instances in turn, `times` times at once. */
function atOnce<T>(times: number, work: (db: Database, n: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, n) => work(both[n % 2] as Database, n)))
}

describe('at once, on two instances,', () => {
  test('F-25 of two people who add one address one has it', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const ids = [await stage.begun(named(`two-a${round}`)), await stage.begun(named(`two-b${round}`))]
      const address = named(`two-${round}`)
      const outcomes = await atOnce(2, (db, n) => add(db, ids[n] ?? '', address))
      expect(outcomes.toSorted()).toEqual(['added', 'taken'])
      const owner = await stage.accountsOn(stage.one).byAddress(address)
      expect(owner?.id).toBe(ids[outcomes.indexOf('added')])
    }
  })

  test('F-25 of twenty people who change theirs to one address one has it, and the others keep what they had', async () => {
    const people = Array.from({ length: 20 }, (_, n) => named(`swap-${n}`))
    const ids: string[] = []
    for (const one of people) ids.push(await stage.begun(one))
    const refs = await Promise.all(ids.map(async (id) => (await addressesOf(id))[0]?.ref ?? ''))
    const change = { address: named('swapped'), from: held() }
    const outcomes = await atOnce(20, (db, n) =>
      db.transact((tx) => stage.addressesOn(db).replace(tx, ids[n] ?? '', refs[n] ?? '', change)),
    )
    expect(outcomes.toSorted()).toEqual(['changing', ...Array<string>(19).fill('taken')])
    stage.at(HOLD_SECONDS)
    const winner = outcomes.indexOf('changing')
    for (const [n, id] of ids.entries()) {
      const account = await stage.accountsOn(stage.one).find(id)
      expect(account?.email).toBe(n === winner ? 'swapped@fabrikam.example' : people[n])
    }
  })

  test('F-25 an address that is added and begins an account belongs to one of both', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = await stage.begun(named(`begin-a${round}`))
      const address = named(`begin-${round}`)
      const [added, proven] = await Promise.all([add(stage.one, id, address), prove(stage.two, address)])
      const owner = (await stage.accountsOn(stage.one).byAddress(address))?.id
      if (added === 'added') expect([owner, proven]).toMatchObject([id, { outcome: 'existing', account: { id } }])
      else expect([added, proven]).toMatchObject(['taken', { outcome: 'created', account: { id: owner } }])
    }
    expect(await query(stage.url, 'select id from account where id not in (select account_id from address)')).toEqual([])
  })

  test('R-094 of the removals of all addresses one is refused: one address stays', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = await stage.begun(named(`last-0-${round}`))
      for (const n of [1, 2, 3]) await add(stage.one, id, named(`last-${n}-${round}`))
      const refs = (await addressesOf(id)).map(({ ref }) => ref)
      const outcomes = await atOnce(4, (db, n) =>
        db.transact((tx) => stage.addressesOn(db).remove(tx, id, refs[n] ?? '', held())),
      )
      expect(outcomes.toSorted()).toEqual(['last', 'removing', 'removing', 'removing'])
      stage.at(HOLD_SECONDS)
      const left = await addressesOf(id)
      expect(left).toHaveLength(1)
      expect((await stage.accountsOn(stage.one).find(id))?.email).toBe(left[0]?.address)
      stage.at(0)
    }
  })

  test('R-094 a removal and the objection to the other address leave one', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [own, evil] = [named(`object-own-${round}`), named(`object-evil-${round}`)]
      const id = await stage.begun(own)
      await add(stage.one, id, evil)
      const ref = (await addressesOf(id)).find(({ address }) => address === own)?.ref ?? ''
      await Promise.all([
        stage.one.transact((tx) => stage.addressesOn(stage.one).remove(tx, id, ref, held())),
        stage.two.transact((tx) => stage.addressesOn(stage.two).takeBack(tx, id, 'email', evil)),
      ])
      expect(await addressesOf(id)).toMatchObject([{ address: own, leavesAt: null }])
    }
  })

  test('nobody has more than five addresses', async () => {
    const id = await stage.begun(named('five'))
    const outcomes = await atOnce(12, (db, n) => add(db, id, named(`five-${n}`)))
    expect(outcomes.filter((one) => one === 'added')).toHaveLength(4)
    expect(outcomes.filter((one) => one === 'too_many')).toHaveLength(8)
  })

  test('an address that has left goes to one of those who want it', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const address = named(`left-${round}`)
      const old = await stage.begun(named(`left-old-${round}`))
      await add(stage.one, old, address)
      await query(stage.url, 'update address set leaves_at = $2 where canonical = $1', [address, stage.clock.now()])
      const id = await stage.begun(named(`left-new-${round}`))
      const [added, ...proven] = await Promise.all([
        add(stage.one, id, address),
        ...[stage.two, stage.one, stage.two].map((db) => prove(db, address)),
      ])
      const owner = (await stage.accountsOn(stage.one).byAddress(address))?.id
      expect(owner).not.toBe(old)
      expect(new Set(proven.map((one) => ('account' in one ? one.account.id : '')))).toEqual(new Set([owner]))
      expect(owner === id).toBe(added === 'added')
    }
  })
})

describe('a number of several', () => {
  const PROOF_AGE = 180 * 86_400
  const [first, second] = [phone('+49 1512 5000001'), phone('+49 1512 5000002')]

  /** Two numbers, the second a hundred days younger, and an email address where one is named. */
  async function withNumbers(mail: EmailAddress | null): Promise<string> {
    await query(stage.url, `delete from account where id in (select account_id from address where kind = 'phone')`)
    const id = await stage.begun(first)
    stage.at(100 * 86_400)
    const now = stage.clock.now()
    await stage.one.transact((tx) =>
      stage.addressesOn(stage.one).add(tx, id, { kind: 'phone', address: second, usableFrom: now, primaryFrom: null }),
    )
    if (mail) await add(stage.one, id, mail)
    return id
  }
  const ageOf = async (id: string) =>
    (
      await query<{ at: Date }>(
        stage.url,
        `select proven_at as at from address where account_id = $1 and kind = 'phone' order by canonical`,
        [id],
      )
    ).map(({ at }) => at)

  test('R-093 is as old as its own proof, not as the primary one', async () => {
    const id = await withNumbers(named('numbers'))
    stage.at(PROOF_AGE + 1)
    expect(await prove(stage.one, first)).toMatchObject({ outcome: 'stale', account: { id } })
    expect(await prove(stage.one, second)).toMatchObject({ outcome: 'existing', account: { id, phone: first } })
    expect(await ageOf(id)).toEqual([addSeconds(stage.clock.now(), -PROOF_AGE - 1), stage.clock.now()])
    // A second proof renews the number that it stands beside, and no other.
    const accounts = stage.accountsOn(stage.one)
    const proven = await ageOf(id)
    await stage.one.transact((tx) => accounts.renew(tx, id))
    expect(await ageOf(id)).toEqual(proven)
    stage.at(PROOF_AGE + 2)
    await stage.one.transact((tx) => accounts.renew(tx, id, first))
    expect(await ageOf(id)).toEqual([stage.clock.now(), addSeconds(stage.clock.now(), -1)])
    expect(await accounts.find(id)).toMatchObject({ phone: first, phoneProvenAt: stage.clock.now() })
  })

  test('R-093 is never young because the primary one is', async () => {
    const id = await withNumbers(named('numbers-two'))
    stage.at(150 * 86_400)
    expect(await prove(stage.one, first)).toMatchObject({ outcome: 'existing', account: { phoneProvenAt: stage.clock.now() } })
    stage.at(280 * 86_400 + 1)
    expect(await prove(stage.one, second)).toMatchObject({ outcome: 'stale', account: { id } })
  })

  test('R-093, R-033 that has grown old leaves for a new account, and the other one stays', async () => {
    const id = await withNumbers(null)
    stage.at(PROOF_AGE + 1)
    const proven = await prove(stage.one, first)
    expect(proven.outcome).toBe('created')
    expect('account' in proven && proven.account.id).not.toBe(id)
    expect(await stage.accountsOn(stage.one).find(id)).toMatchObject({ phone: second })
  })
})
