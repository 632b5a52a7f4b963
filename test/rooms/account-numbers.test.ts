import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { initialsOf, nameOf } from '../../src/accounts/index.ts'
import type { EmailAddress, PhoneNumber } from '../../src/base/index.ts'
import type { Signup } from '../../src/config/index.ts'
import type { Database } from '../../src/store/database.ts'
import { query } from '../support/database.ts'
import { type AccountsStage, email, PHONE_PROOF_AGE_SECONDS, phone, proofOf, START, startAccounts } from './accounts-stage.ts'

let stage: AccountsStage
let url: string
let one: Database
let two: Database

beforeAll(async () => {
  stage = await startAccounts()
  ;({ url, one, two } = stage)
})
afterEach(() => stage.at(0))
afterAll(async () => {
  await stage.stop()
})

const accountsOn = (db: Database, signup?: Signup) => stage.accountsOn(db, signup)

interface Told {
  event: string
  detail: object
}

describe('an account with a number', () => {
  const eventsOf = (id: string) =>
    query<Told>(url, 'select event, detail from audit_entry where account_id = $1 order by id', [id])

  /** An account that began with this number, and has an email address as well when one is named. */
  async function begun(number: PhoneNumber, address: EmailAddress | null = null): Promise<string> {
    const proven = await one.transact((tx) => accountsOn(one).prove(tx, proofOf(number)))
    if (proven.outcome !== 'created') throw new Error(proven.outcome)
    const { id } = proven.account
    const add = `insert into address (kind, canonical, account_id, primary_from, usable_from, proven_at, created_at) values ('email', $2, $1, $3, $3, $3, $3)`
    if (address) await query(url, add, [id, address, stage.clock.now()])
    return id
  }

  test('R-087 comes to be by the first proof of the number', async () => {
    const accounts = accountsOn(one)
    const number = phone('+49 1512 3000001')
    expect(await accounts.byAddress(number)).toBeNull()
    const id = await begun(number)
    expect(await accounts.byAddress(number)).toMatchObject({
      id,
      state: 'active',
      profile: {},
      locale: 'de',
      createdAt: stage.clock.now(),
      closingAt: null,
      email: null,
      emailProvenAt: null,
      phone: number,
      phoneProvenAt: stage.clock.now(),
      authenticators: 0,
    })
    expect(await accounts.find(id)).toEqual(await accounts.byAddress(number))
    expect(await eventsOf(id)).toEqual([
      { event: 'account.created', detail: {} },
      { event: 'address.proven', detail: { kind: 'phone', address: '+49 •••• 01' } },
    ])
  })

  test('F-24 of fifty parallel first sign-ups of one number on two instances, one makes the account', async () => {
    const both = [one, two].map((db) => ({ db, accounts: accountsOn(db) }))
    for (let round = 0; round < 5; round++) {
      const number = phone(`+49 1512 300010${round}`)
      const proven = await Promise.all(
        Array.from({ length: 50 }, (_, n) => both[n % 2]).map((instance) =>
          instance?.db.transact((tx) => instance.accounts.prove(tx, proofOf(number))),
        ),
      )
      expect(proven.filter((each) => each?.outcome === 'created')).toHaveLength(1)
      expect(proven.filter((each) => each?.outcome === 'existing')).toHaveLength(49)
      expect(new Set(proven.map((each) => (each && 'account' in each ? each.account.id : ''))).size).toBe(1)
    }
  })

  test('R-093 opens it as long as its proof is not too old, and each proof begins that time anew', async () => {
    const accounts = accountsOn(one)
    const number = phone('+49 1512 3000003')
    const id = await begun(number)
    for (const days of [180, 360]) {
      stage.at(days * 86_400)
      const proven = await one.transact((tx) => accounts.prove(tx, proofOf(number)))
      expect(proven).toMatchObject({ outcome: 'existing', account: { id, phoneProvenAt: stage.clock.now() } })
      expect(await accounts.find(id)).toMatchObject({ phone: number, phoneProvenAt: stage.clock.now() })
    }
  })

  test('R-093 asks for a second proof when the number was not proven for too long, and keeps both as they are', async () => {
    const accounts = accountsOn(one)
    const number = phone('+49 1512 3000004')
    const id = await begun(number, email('stale@fabrikam.example'))
    stage.at(PHONE_PROOF_AGE_SECONDS + 1)
    for (let time = 0; time < 2; time++) {
      const proven = await one.transact((tx) => accounts.prove(tx, proofOf(number)))
      expect(proven).toMatchObject({ outcome: 'stale', account: { id, phoneProvenAt: START } })
    }
    // The email address alone opens it as ever, and says nothing about the number.
    const byMail = await one.transact((tx) => accounts.prove(tx, proofOf(email('stale@fabrikam.example'))))
    expect(byMail).toMatchObject({ outcome: 'existing', account: { id, phoneProvenAt: START } })
    await one.transact((tx) => accounts.renew(tx, id))
    const renewed = await one.transact((tx) => accounts.prove(tx, proofOf(number)))
    expect(renewed).toMatchObject({ outcome: 'existing', account: { id, phone: number, phoneProvenAt: stage.clock.now() } })
  })

  test('R-093, R-033 is freed of a number that has grown old when it has nothing else: a new account begins', async () => {
    const accounts = accountsOn(one)
    const number = phone('+49 1512 3000005')
    const id = await begun(number)
    stage.at(PHONE_PROOF_AGE_SECONDS + 1)
    const proven = await one.transact((tx) => accounts.prove(tx, proofOf(number)))
    if (proven.outcome !== 'created') throw new Error(proven.outcome)
    expect(proven.account.id).not.toBe(id)
    expect(await accounts.byAddress(number)).toEqual(proven.account)
    expect(await accounts.find(id)).toMatchObject({ state: 'active', phone: null, phoneProvenAt: null })
    expect((await eventsOf(id)).at(-1)).toEqual({
      event: 'address.released',
      detail: { kind: 'phone', address: '+49 •••• 05' },
    })
  })

  test('R-093 of twenty parallel proofs of a number that has grown old, on two instances, one frees it', async () => {
    const both = [one, two].map((db) => ({ db, accounts: accountsOn(db) }))
    const number = phone('+49 1512 3000006')
    const id = await begun(number)
    stage.at(PHONE_PROOF_AGE_SECONDS + 1)
    const proven = await Promise.all(
      Array.from({ length: 20 }, (_, n) => both[n % 2]).map((instance) =>
        instance?.db.transact((tx) => instance.accounts.prove(tx, proofOf(number))),
      ),
    )
    expect(proven.map((each) => each?.outcome ?? '').sort()).toEqual(['created', ...Array<string>(19).fill('existing')])
    const opened = new Set(proven.map((each) => (each && 'account' in each ? each.account.id : '')))
    expect([opened.size, opened.has(id)]).toEqual([1, false])
    expect((await eventsOf(id)).filter(({ event }) => event === 'address.released')).toHaveLength(1)
  })

  test('R-093 keeps a number that is renewed while another proof is about to free it', async () => {
    const accounts = accountsOn(one)
    const number = phone('+49 1512 3000007')
    const id = await begun(number)
    stage.at(PHONE_PROOF_AGE_SECONDS + 1)
    let other: Promise<unknown> = Promise.resolve()
    await one.transact(async (tx) => {
      await accounts.renew(tx, id)
      other = two.transact((waiting) => accountsOn(two).prove(waiting, proofOf(number)))
      await waitsForLock()
    })
    expect(await other).toMatchObject({ outcome: 'existing', account: { id } })
    expect((await eventsOf(id)).map(({ event }) => event)).not.toContain('address.released')
  })

  test('R-093 is not freed of its number where nobody new may join', async () => {
    const closed = accountsOn(one, { kind: 'closed' })
    const number = phone('+49 1512 3000008')
    const id = await begun(number)
    stage.at(PHONE_PROOF_AGE_SECONDS + 1)
    expect(await one.transact((tx) => closed.prove(tx, proofOf(number)))).toEqual({
      outcome: 'refused',
      reason: 'signup_closed',
    })
    expect(await closed.find(id)).toMatchObject({ phone: number })
    stage.at(PHONE_PROOF_AGE_SECONDS)
    expect(await one.transact((tx) => closed.prove(tx, proofOf(number)))).toMatchObject({ outcome: 'existing' })
  })

  test('R-095 that is suspended or closed is refused, however old the proof is, and keeps its number', async () => {
    const accounts = accountsOn(one)
    const number = phone('+49 1512 3000009')
    const id = await begun(number)
    for (const state of ['suspended', 'closed']) {
      await query(url, 'update account set state = $2 where id = $1', [id, state])
      for (const age of [0, PHONE_PROOF_AGE_SECONDS + 1]) {
        stage.at(age)
        expect(await one.transact((tx) => accounts.prove(tx, proofOf(number)))).toEqual({
          outcome: 'refused',
          reason: 'account_closed',
        })
      }
      expect(await accounts.find(id)).toMatchObject({ phone: number, phoneProvenAt: START })
    }
  })

  test('goes by its email address, else by its masked number', async () => {
    const accounts = accountsOn(one)
    const numbers = await accounts.find(await begun(phone('+49 1512 3000010')))
    const both = await accounts.find(await begun(phone('+49 1512 3000011'), email('both@fabrikam.example')))
    if (!numbers || !both) throw new Error('no account')
    expect([nameOf(numbers), initialsOf(numbers)]).toEqual(['+49 •••• 10', '10'])
    expect([nameOf(both), initialsOf(both)]).toEqual(['both@fabrikam.example', 'BO'])
    expect([nameOf({ ...numbers, phone: null }), initialsOf({ ...numbers, phone: null })]).toEqual(['', ''])
  })

  /** Until some statement waits for a row that another transaction holds. */
  async function waitsForLock(): Promise<void> {
    const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    while ((await query(url, waiting)).length === 0);
  }
})
