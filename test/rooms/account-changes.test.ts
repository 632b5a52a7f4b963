import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Address } from '../../src/base/index.ts'
import { query } from '../support/database.ts'
import { HOLD_SECONDS, named, ownAddresses } from './account-own.ts'
import { type AccountsStage, phone, proofOf, startAccounts } from './accounts-stage.ts'

let stage: AccountsStage
let own: ReturnType<typeof ownAddresses>

beforeAll(async () => {
  stage = await startAccounts()
  own = ownAddresses(stage)
})
afterEach(() => stage.at(0))
afterAll(async () => {
  await stage.stop()
})

describe('a change of an address', () => {
  test('R-088, R-034 takes place after the hold-off, to the second; until then nothing is said to be different', async () => {
    const [old, fresh] = [named('change-old'), named('change-new')]
    const id = await own.withAddresses(old)
    expect(await own.replace(id, old, fresh)).toBe('changing')
    expect(await own.viewOf(id, old)).toMatchObject({ primary: true, leavesAt: own.held() })
    expect(await own.viewOf(id, fresh)).toMatchObject({ primary: false, usableFrom: own.held(), primaryFrom: own.held() })
    stage.at(HOLD_SECONDS - 1)
    expect([await own.primaryMail(id), await own.opens(old), await own.opens(fresh)]).toEqual([old, id, null])
    stage.at(HOLD_SECONDS)
    expect([await own.primaryMail(id), await own.opens(old), await own.opens(fresh)]).toEqual([fresh, null, id])
    expect(await own.addresses.ofAccount(id)).toMatchObject([
      { address: fresh, primary: true, primaryFrom: null, leavesAt: null },
    ])
  })

  test('R-088 lets nobody in by the new address before, and makes no second account of it', async () => {
    const [old, fresh] = [named('early-old'), named('early-new')]
    const id = await own.withAddresses(old)
    await own.replace(id, old, fresh)
    const refused = { outcome: 'refused', reason: 'address_waits' }
    expect(await own.inTx((tx) => stage.accountsOn(stage.one).prove(tx, proofOf(fresh)))).toEqual(refused)
    stage.at(HOLD_SECONDS)
    const proven = await own.inTx((tx) => stage.accountsOn(stage.one).prove(tx, proofOf(fresh)))
    expect(proven).toMatchObject({ outcome: 'existing', account: { id } })
    expect(await own.inTx((tx) => stage.accountsOn(stage.one).prove(tx, proofOf(old)))).toMatchObject({ outcome: 'created' })
  })

  test('R-088 dies with the next one', async () => {
    const [old, first, second] = [named('next-old'), named('next-1'), named('next-2')]
    const id = await own.withAddresses(old)
    await own.replace(id, old, first)
    stage.at(60)
    expect(await own.replace(id, old, second)).toBe('changing')
    expect(await own.has(id)).toEqual([old, second])
    expect(await own.viewOf(id, old)).toMatchObject({ leavesAt: own.held() })
    stage.at(120)
    expect(await own.replace(id, old, second)).toBe('changing')
    expect(await own.viewOf(id, second)).toMatchObject({ usableFrom: own.held(), provenAt: stage.clock.now() })
    stage.at(119 + HOLD_SECONDS)
    expect(await own.primaryMail(id)).toBe(old)
  })

  test('R-088 does not bring back what is to be removed', async () => {
    const [first, lost, fresh] = [named('lost-1'), named('lost-2'), named('lost-3')]
    const id = await own.withAddresses(first, lost)
    expect(await own.remove(id, lost)).toBe('removing')
    const { leavesAt } = await own.viewOf(id, lost)
    stage.at(120)
    await own.replace(id, first, fresh)
    expect(await own.viewOf(id, lost)).toMatchObject({ leavesAt })
  })

  test('of another than the primary one leaves that as it is', async () => {
    const [first, old, fresh] = [named('side-1'), named('side-2'), named('side-3')]
    const id = await own.withAddresses(first, old)
    await own.replace(id, old, fresh)
    stage.at(60 + HOLD_SECONDS)
    expect([await own.primaryMail(id), await own.has(id)]).toEqual([first, [first, fresh]])
  })

  test.each([
    ['keep', (id: string, ref: string) => own.inTx((tx) => own.addresses.keep(tx, id, ref))],
    ['keepAll', (id: string) => own.inTx((tx) => own.addresses.keepAll(tx, id))],
  ])('R-088 is stopped until then by %s, whatever it was, and nothing comes of it', async (verb, stop) => {
    const [first, second, third, fresh] = ['1', '2', '3', '4'].map((n) => named(`${verb}-${n}`)) as [Address, ...Address[]]
    const id = await own.withAddresses(first, second as Address, third as Address)
    const before = await own.addresses.ofAccount(id)
    expect(await stop(id, before[0]?.ref ?? '')).toBe(verb === 'keep' ? false : 0)
    for (const plan of [
      () => own.replace(id, first, fresh as Address),
      () => own.makePrimary(id, second as Address),
      () => own.remove(id, first),
      () => own.remove(id, second as Address),
    ]) {
      await plan()
      expect(await own.addresses.ofAccount(id)).not.toEqual(before)
      stage.at(120 + HOLD_SECONDS - 1)
      expect(await stop(id, before[2]?.ref ?? '')).toBeTruthy()
      stage.at(120 + HOLD_SECONDS)
      expect(await own.addresses.ofAccount(id)).toEqual(before)
      stage.at(120)
    }
  })

  test('R-088 is not stopped by the account of another person, nor once it has taken place', async () => {
    const [old, fresh] = [named('late-old'), named('late-new')]
    const id = await own.withAddresses(old)
    const other = await stage.begun(named('late-other'))
    await own.replace(id, old, fresh)
    const ref = await own.refOf(id, old)
    expect(await own.inTx((tx) => own.addresses.keep(tx, other, ref))).toBe(false)
    expect(await own.inTx((tx) => own.addresses.keepAll(tx, other))).toBe(0)
    stage.at(HOLD_SECONDS)
    expect(await own.inTx((tx) => own.addresses.keep(tx, id, ref))).toBe(false)
    expect(await own.inTx((tx) => own.addresses.keepAll(tx, id))).toBe(0)
    expect(await own.primaryMail(id)).toBe(fresh)
  })

  test('R-088 of numbers and of email addresses do not touch each other', async () => {
    const [mail, fresh, number] = [named('kinds-1'), named('kinds-2'), phone('+49 1512 4000004')]
    const id = await own.withAddresses(mail, number)
    await own.replace(id, mail, fresh)
    await own.replace(id, number, phone('+49 1512 4000005'))
    const ref = await own.refOf(id, number)
    expect(await own.inTx((tx) => own.addresses.keep(tx, id, ref))).toBe(true)
    expect(await own.has(id)).toEqual([mail, number, fresh])
    expect(await own.inTx((tx) => own.addresses.keepAll(tx, id))).toBe(2)
  })
})

describe('the primary address', () => {
  test('R-088 is another one after the hold-off, to the second', async () => {
    const [first, second] = [named('primary-1'), named('primary-2')]
    const id = await own.withAddresses(first, second)
    expect(await own.makePrimary(id, first)).toBe(false)
    expect(await own.makePrimary(id, second)).toBe(true)
    expect(await own.viewOf(id, second)).toMatchObject({ primary: false, primaryFrom: own.held() })
    stage.at(60 + HOLD_SECONDS - 1)
    expect(await own.primaryMail(id)).toBe(first)
    stage.at(60 + HOLD_SECONDS)
    expect(await own.primaryMail(id)).toBe(second)
    expect(await own.addresses.ofAccount(id)).toMatchObject([
      { address: second, primary: true },
      { address: first, primary: false },
    ])
    expect([await own.opens(first), await own.opens(second)]).toEqual([id, id])
  })

  test('that is removed leaves it to the oldest one that stays', async () => {
    const [first, second, third] = [named('heir-1'), named('heir-2'), named('heir-3')]
    const id = await own.withAddresses(first, second, third)
    expect(await own.remove(id, first)).toBe('removing')
    expect(await own.viewOf(id, second)).toMatchObject({ primaryFrom: own.held() })
    // The heir is removed as well: it passes to the next.
    stage.at(180)
    expect(await own.remove(id, second)).toBe('removing')
    expect(await own.viewOf(id, second)).toMatchObject({ primaryFrom: null })
    stage.at(120 + HOLD_SECONDS - 1)
    expect(await own.primaryMail(id)).toBe(first)
    stage.at(120 + HOLD_SECONDS)
    expect(await own.primaryMail(id)).toBe(third)
    stage.at(180 + HOLD_SECONDS)
    expect(await own.has(id)).toEqual([third])
  })

  test('is always one: where none ever was made it, the oldest', async () => {
    const [first, second, third] = [named('none-1'), named('none-2'), named('none-3')]
    const id = await own.withAddresses(first, third, second)
    await query(stage.url, 'update address set primary_from = null where account_id = $1', [id])
    expect(await own.primaryMail(id)).toBe(first)
    expect((await own.viewOf(id, first)).primary).toBe(true)
    await query(stage.url, 'delete from address where canonical = $1', [first])
    expect(await own.primaryMail(id)).toBe(third)
    expect((await own.viewOf(id, third)).primary).toBe(true)
  })
})
