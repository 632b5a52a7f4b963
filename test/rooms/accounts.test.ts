import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Accounts, createAccounts, type ProvenAddress } from '../../src/accounts/index.ts'
import { createAudit } from '../../src/audit/index.ts'
import { createLog, createMetrics, type EmailAddress, parseEmailAddress } from '../../src/base/index.ts'
import type { Signup } from '../../src/config/index.ts'
import { createAccountStore } from '../../src/store/accounts.ts'
import { createAuditStore } from '../../src/store/audit.ts'
import { afterCommit, type Database, openDatabase } from '../../src/store/database.ts'
import { freshDatabase, query } from '../support/database.ts'

const clock = { now: () => new Date('2030-01-01T00:00:00.900Z') }
const log = createLog('silent')

let url: string
let one: Database
let two: Database

beforeAll(async () => {
  url = await freshDatabase()
  one = await open()
  two = await open()
})

afterAll(async () => {
  await Promise.all([one, two].map((db) => db.close()))
})

async function open(): Promise<Database> {
  return openDatabase({
    url,
    poolSize: 10,
    statementTimeoutMs: 5000,
    lockTimeoutMs: 2000,
    idleInTransactionTimeoutMs: 5000,
    log,
    metrics: createMetrics(),
    clock,
  })
}

function accountsOn(db: Database, signup: Signup = { kind: 'open' }): Accounts {
  const audit = createAudit({ store: createAuditStore(db), afterCommit, clock, log, metrics: createMetrics() })
  return createAccounts({ store: createAccountStore(db), audit, clock, signup })
}

function email(text: string): EmailAddress {
  const parsed = parseEmailAddress(text)
  if (!parsed) throw new Error(`${text} is no address`)
  return parsed
}

function proofOf(address: EmailAddress): ProvenAddress {
  return { kind: 'email', address, locale: 'de', attemptId: 'attempt-1', clientId: 'app' }
}

describe('an account', () => {
  test('R-087 comes to be by the first proof of its address, with its audit rows', async () => {
    const accounts = accountsOn(one)
    const address = email('first@fabrikam.example')
    expect(await accounts.byEmail(address)).toBeNull()
    const proven = await one.transact((tx) => accounts.prove(tx, proofOf(address)))
    if (proven.outcome !== 'created') throw new Error(proven.outcome)
    expect(proven.account).toEqual({
      id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      state: 'active',
      profile: {},
      locale: 'de',
      createdAt: clock.now(),
      email: address,
      emailProvenAt: clock.now(),
    })
    expect(await accounts.find(proven.account.id)).toEqual(proven.account)
    expect(await accounts.byEmail(address)).toEqual(proven.account)
    const rows = await query(url, 'select event, attempt_id, detail from audit_entry where account_id = $1 order by id', [
      proven.account.id,
    ])
    expect(rows).toEqual([
      { event: 'account.created', attempt_id: 'attempt-1', detail: {} },
      { event: 'address.proven', attempt_id: 'attempt-1', detail: { kind: 'email', address: 'f•••t@fabrikam.example' } },
    ])
  })

  test('is found again by every later proof', async () => {
    const accounts = accountsOn(one)
    const address = email('again@fabrikam.example')
    const first = await one.transact((tx) => accounts.prove(tx, proofOf(address)))
    const second = await one.transact((tx) => accounts.prove(tx, proofOf(address)))
    expect([first.outcome, second.outcome]).toEqual(['created', 'existing'])
    expect(second).toMatchObject({ account: { id: 'account' in first ? first.account.id : '' } })
  })

  test('R-087 does not come to be when the sign-in is rolled back', async () => {
    const accounts = accountsOn(one)
    const address = email('rolled-back@fabrikam.example')
    const failing = one.transact(async (tx) => {
      await accounts.prove(tx, proofOf(address))
      throw new Error('crash')
    })
    await expect(failing).rejects.toThrow('crash')
    expect(await accounts.byEmail(address)).toBeNull()
  })

  test('F-24 of fifty parallel first sign-ups of one address on two instances, one makes the account', async () => {
    const both = [one, two].map((db) => ({ db, accounts: accountsOn(db) }))
    for (let round = 0; round < 5; round++) {
      const address = email(`race-${round}@fabrikam.example`)
      const proven = await Promise.all(
        Array.from({ length: 50 }, (_, n) => both[n % 2]).map((instance) =>
          instance?.db.transact((tx) => instance.accounts.prove(tx, proofOf(address))),
        ),
      )
      expect(proven.filter((each) => each?.outcome === 'created')).toHaveLength(1)
      expect(proven.filter((each) => each?.outcome === 'existing')).toHaveLength(49)
      expect(new Set(proven.map((each) => (each && 'account' in each ? each.account.id : ''))).size).toBe(1)
    }
    expect(await query(url, 'select id from account where id not in (select account_id from address)')).toEqual([])
  })

  test('a loser whose winner fails makes the account itself', async () => {
    const accounts = accountsOn(one)
    const address = email('second-chance@fabrikam.example')
    let held = (): void => {}
    const holding = new Promise<void>((resolve) => {
      held = resolve
    })
    let fail = (): void => {}
    const failing = new Promise<void>((resolve) => {
      fail = resolve
    })
    const winner = one.transact(async (tx) => {
      await accounts.prove(tx, proofOf(address))
      held()
      await failing
      throw new Error('the winner fails')
    })
    await holding
    const loser = two.transact((tx) => accountsOn(two).prove(tx, proofOf(address)))
    fail()
    await expect(winner).rejects.toThrow('the winner fails')
    expect(await loser).toMatchObject({ outcome: 'created' })
  })

  test('R-033 that was deleted does not give its subject to whoever has the address next', async () => {
    const accounts = accountsOn(one)
    const address = email('deleted@fabrikam.example')
    const first = await one.transact((tx) => accounts.prove(tx, proofOf(address)))
    const id = 'account' in first ? first.account.id : ''
    await query(url, 'delete from account where id = $1', [id])
    const second = await one.transact((tx) => accounts.prove(tx, proofOf(address)))
    expect(second.outcome).toBe('created')
    expect('account' in second && second.account.id).not.toBe(id)
    expect(await accounts.find(id)).toBeNull()
  })

  test('R-095 that is suspended or closed is refused, at the proof and at the last look', async () => {
    const accounts = accountsOn(one)
    const address = email('closed@fabrikam.example')
    const first = await one.transact((tx) => accounts.prove(tx, proofOf(address)))
    const id = 'account' in first ? first.account.id : ''
    expect(await one.transact((tx) => accounts.signedIn(tx, id))).toBe(true)
    expect(await query(url, 'select last_sign_in_at as at from account where id = $1', [id])).toEqual([{ at: clock.now() }])
    for (const state of ['suspended', 'closed']) {
      await query(url, 'update account set state = $2 where id = $1', [id, state])
      expect(await one.transact((tx) => accounts.prove(tx, proofOf(address)))).toEqual({
        outcome: 'refused',
        reason: 'account_closed',
      })
      expect(await one.transact((tx) => accounts.signedIn(tx, id))).toBe(false)
    }
  })
})

describe('who may join', () => {
  test('nobody new while sign-up is closed; people with an account come in', async () => {
    const closed = accountsOn(one, { kind: 'closed' })
    const address = email('stranger@fabrikam.example')
    expect(closed.mayJoin(address)).toBe(false)
    expect(await one.transact((tx) => closed.prove(tx, proofOf(address)))).toEqual({
      outcome: 'refused',
      reason: 'signup_closed',
    })
    expect(await query(url, `select 1 from address where canonical = 'stranger@fabrikam.example'`)).toEqual([])
    await one.transact((tx) => accountsOn(one).prove(tx, proofOf(address)))
    expect(await one.transact((tx) => closed.prove(tx, proofOf(address)))).toMatchObject({ outcome: 'existing' })
  })

  test('R-084 only addresses of exactly the domains that are listed', () => {
    const { mayJoin } = accountsOn(one, { kind: 'domains', domains: ['Corp.example', 'bücher.example'] })
    for (const address of ['x@corp.example', 'x@CORP.example', 'x@bücher.example', 'x@xn--bcher-kva.example']) {
      expect([address, mayJoin(email(address))]).toEqual([address, true])
    }
    for (const address of [
      'x@evilcorp.example',
      'x@sub.corp.example',
      'x@corp.example.evil.example',
      'corp.example@evil.example',
    ]) {
      expect([address, mayJoin(email(address))]).toEqual([address, false])
    }
    expect(() => accountsOn(one, { kind: 'domains', domains: ['*.corp.example'] })).toThrow('no domain')
  })
})

describe('claims', () => {
  test('R-034 email_verified is true, as a boolean, for the address this account has proven', async () => {
    const accounts = accountsOn(one)
    const proven = await one.transact((tx) => accounts.prove(tx, proofOf(email('claims@fabrikam.example'))))
    if (!('account' in proven)) throw new Error('refused')
    expect(accounts.claimsOf(proven.account)).toEqual({
      sub: proven.account.id,
      email: 'claims@fabrikam.example',
      email_verified: true,
      locale: 'de',
      updated_at: 1_893_456_000,
    })
  })

  test('R-089 a profile says names, and neither who one is nor what is proven', async () => {
    const accounts = accountsOn(one)
    const proven = await one.transact((tx) => accounts.prove(tx, proofOf(email('profile@fabrikam.example'))))
    const id = 'account' in proven ? proven.account.id : ''
    const profile = {
      name: 'Maria',
      given_name: 7,
      sub: 'evil',
      email: 'e@vil.example',
      email_verified: true,
      phone_number: '1',
      roles: ['admin'],
    }
    await query(url, 'update account set profile = $2 where id = $1', [id, JSON.stringify(profile)])
    await query(url, 'delete from address where account_id = $1', [id])
    const account = await accounts.find(id)
    expect(account).toMatchObject({ email: null, emailProvenAt: null })
    expect(account && accounts.claimsOf(account)).toEqual({ sub: id, name: 'Maria', locale: 'de', updated_at: 1_893_456_000 })
  })
})
