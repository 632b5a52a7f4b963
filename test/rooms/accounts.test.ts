import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Signup } from '../../src/config/index.ts'
import type { Database } from '../../src/store/database.ts'
import { query } from '../support/database.ts'
import { type AccountsStage, email, phone, proofOf, startAccounts } from './accounts-stage.ts'

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

describe('an account', () => {
  test('R-087 comes to be by the first proof of its address, with its audit rows', async () => {
    const accounts = accountsOn(one)
    const address = email('first@fabrikam.example')
    expect(await accounts.byEmail(address)).toBeNull()
    const proven = await one.transact((tx) => accounts.prove(tx, proofOf(address)))
    if (proven.outcome !== 'created') throw new Error(proven.outcome)
    expect(proven.account).toMatchObject({
      id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      state: 'active',
      profile: {},
      locale: 'de',
      createdAt: stage.clock.now(),
      closingAt: null,
      email: address,
      emailProvenAt: stage.clock.now(),
      phone: null,
      phoneProvenAt: null,
      authenticators: 0,
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

  test('R-101 says how many authenticators it has: those that were proven, of its own', async () => {
    const accounts = accountsOn(one)
    const address = email('authenticators@fabrikam.example')
    const other = email('no-authenticators@fabrikam.example')
    for (const each of [address, other]) await one.transact((tx) => accounts.prove(tx, proofOf(each)))
    const id = (await accounts.byEmail(address))?.id ?? ''
    const now = stage.clock.now()
    const add = (name: string, kind: string, provenAt: Date | null) =>
      query(
        url,
        'insert into credential (id, account_id, kind, data, label, proven_at, created_at) values ($1,$2,$3,$4,$5,$6,$7)',
        [...[name, id, kind, 'sealed', '', provenAt, now]],
      )
    await add('being-set-up', 'totp', null)
    await add('recovery', 'recovery', now)
    expect(await accounts.find(id)).toMatchObject({ authenticators: 0 })
    await add('phone', 'totp', now)
    await add('tablet', 'totp', now)
    await add('lost', 'totp', now)
    await query(url, `update credential set removed_at = $1 where id = 'lost'`, [now])
    expect(await accounts.find(id)).toMatchObject({ authenticators: 2 })
    expect(await accounts.byEmail(address)).toMatchObject({ authenticators: 2 })
    expect(await one.transact((tx) => accounts.prove(tx, proofOf(address)))).toMatchObject({ account: { authenticators: 2 } })
    expect(await accounts.byEmail(other)).toMatchObject({ authenticators: 0 })
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
    expect(await query(url, 'select last_sign_in_at as at from account where id = $1', [id])).toEqual([{ at: stage.clock.now() }])
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
    expect(await closed.doorFor(address)).toBe('none')
    expect(await one.transact((tx) => closed.prove(tx, proofOf(address)))).toEqual({
      outcome: 'refused',
      reason: 'signup_closed',
    })
    expect(await query(url, `select 1 from address where canonical = 'stranger@fabrikam.example'`)).toEqual([])
    await one.transact((tx) => accountsOn(one).prove(tx, proofOf(address)))
    expect(await one.transact((tx) => closed.prove(tx, proofOf(address)))).toMatchObject({ outcome: 'existing' })
  })

  test('R-084 only addresses of exactly the domains that are listed', async () => {
    const { doorFor } = accountsOn(one, { kind: 'domains', domains: ['Corp.example', 'bücher.example'] })
    for (const address of ['x@corp.example', 'x@CORP.example', 'x@bücher.example', 'x@xn--bcher-kva.example']) {
      expect([address, await doorFor(email(address))]).toEqual([address, 'open'])
    }
    for (const address of [
      'x@evilcorp.example',
      'x@sub.corp.example',
      'x@corp.example.evil.example',
      'corp.example@evil.example',
    ]) {
      expect([address, await doorFor(email(address))]).toEqual([address, 'none'])
    }
    expect(await doorFor(phone('+49 1512 3000020'))).toBe('none')
    expect(await accountsOn(one).doorFor(phone('+49 1512 3000020'))).toBe('open')
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

  test('R-034 phone_number_verified is true, as a boolean, for the number this account has proven', async () => {
    const accounts = accountsOn(one)
    const number = phone('+49 1512 3000030')
    const proven = await one.transact((tx) => accounts.prove(tx, proofOf(number)))
    if (!('account' in proven)) throw new Error('refused')
    const claims = {
      sub: proven.account.id,
      phone_number: '+4915123000030',
      phone_number_verified: true,
      locale: 'de',
      updated_at: 1_893_456_000,
    }
    expect(accounts.claimsOf(proven.account)).toEqual(claims)
    // The same number proven again changes nothing about the person.
    stage.at(86_400)
    const again = await one.transact((tx) => accounts.prove(tx, proofOf(number)))
    expect('account' in again && accounts.claimsOf(again.account)).toEqual(claims)
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
      phone_number_verified: true,
      roles: ['admin'],
    }
    await query(url, 'update account set profile = $2 where id = $1', [id, JSON.stringify(profile)])
    await query(url, 'delete from address where account_id = $1', [id])
    const account = await accounts.find(id)
    expect(account).toMatchObject({ email: null, emailProvenAt: null, phone: null, phoneProvenAt: null })
    expect(account && accounts.claimsOf(account)).toEqual({ sub: id, name: 'Maria', locale: 'de', updated_at: 1_893_456_000 })
  })
})
