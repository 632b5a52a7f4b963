import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Addresses, AddressView } from '../../src/accounts/index.ts'
import { type Address, addSeconds, isEmail, type Tx } from '../../src/base/index.ts'
import { query } from '../support/database.ts'
import { type AccountsStage, email, PHONE_PROOF_AGE_SECONDS, phone, proofOf, START, startAccounts } from './accounts-stage.ts'

let stage: AccountsStage
let addresses: Addresses

beforeAll(async () => {
  stage = await startAccounts()
  addresses = stage.addressesOn(stage.one)
})
afterEach(() => stage.at(0))
afterAll(async () => {
  await stage.stop()
})

const HOLD_SECONDS = 3 * 86_400
const held = () => addSeconds(stage.clock.now(), HOLD_SECONDS)
const inTx = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => stage.one.transact(work)
const named = (name: string) => email(`${name}@fabrikam.example`)

/** Adds an address that opens the account at once; the first of its kind is the primary one. */
async function add(id: string, address: Address): Promise<string> {
  const now = stage.clock.now()
  const kind = isEmail(address) ? 'email' : 'phone'
  const first = !(await addresses.ofAccount(id)).some((one) => one.kind === kind)
  return inTx((tx) => addresses.add(tx, id, { kind, address, usableFrom: now, primaryFrom: first ? now : null }))
}

/** An account with these addresses, each proven a minute after the one before; the clock stands still at the last. */
async function withAddresses(first: Address, ...more: Address[]): Promise<string> {
  const id = await stage.begun(first)
  for (const [n, address] of more.entries()) {
    stage.at((n + 1) * 60)
    expect(await add(id, address)).toBe('added')
  }
  return id
}

async function viewOf(id: string, address: Address): Promise<AddressView> {
  const view = (await addresses.ofAccount(id)).find((one) => one.address === address)
  if (!view) throw new Error(`${address} is not there`)
  return view
}
const refOf = async (id: string, address: Address) => (await viewOf(id, address)).ref
const has = async (id: string) => (await addresses.ofAccount(id)).map(({ address }) => address)
const primaryMail = async (id: string) => (await stage.accountsOn(stage.one).find(id))?.email
const opens = async (address: Address) => (await stage.accountsOn(stage.one).byAddress(address))?.id ?? null
const replace = async (id: string, old: Address, address: Address) => {
  const ref = await refOf(id, old)
  return inTx((tx) => addresses.replace(tx, id, ref, { address, from: held() }))
}
const makePrimary = async (id: string, address: Address) => {
  const ref = await refOf(id, address)
  return inTx((tx) => addresses.makePrimary(tx, id, ref, held()))
}
const remove = async (id: string, address: Address) => {
  const ref = await refOf(id, address)
  return inTx((tx) => addresses.remove(tx, id, ref, held()))
}

describe('the addresses of an account', () => {
  test('are seen with what they are and what is to come, primary ones first, under names that say nothing', async () => {
    const [first, second, number] = [named('seen-1'), named('seen-2'), phone('+49 1512 4000001')]
    const id = await withAddresses(first, second, number)
    const views = await addresses.ofAccount(id)
    expect(views).toEqual([
      {
        ref: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
        ...{
          kind: 'email',
          address: first,
          primary: true,
          provenAt: START,
          usableFrom: START,
          primaryFrom: null,
          leavesAt: null,
        },
      },
      expect.objectContaining({ kind: 'phone', address: number, primary: true }),
      expect.objectContaining({ kind: 'email', address: second, primary: false, provenAt: addSeconds(START, 60) }),
    ])
    expect(await inTx((tx) => addresses.ofAccountIn(tx, id))).toEqual(views)
    expect(new Set(views.map(({ ref }) => ref)).size).toBe(3)
    // The same address has another name at another account.
    const other = await stage.begun(named('seen-other'))
    expect(await inTx((tx) => addresses.makePrimary(tx, other, views[2]?.ref ?? '', held()))).toBe(false)
    expect(await inTx((tx) => addresses.remove(tx, other, views[0]?.ref ?? '', held()))).toBe('gone')
  })

  test('R-087 each open it, for whoever proves one', async () => {
    const [first, second, number] = [named('opens-1'), named('opens-2'), phone('+49 1512 4000002')]
    const id = await withAddresses(first, second, number)
    for (const address of [first, second, number]) {
      expect(await opens(address)).toBe(id)
      const proven = await inTx((tx) => stage.accountsOn(stage.one).prove(tx, proofOf(address)))
      expect(proven).toMatchObject({ outcome: 'existing', account: { id, email: first, phone: number } })
    }
  })

  test('are at most five of each kind', async () => {
    const id = await withAddresses(...([1, 2, 3, 4, 5].map((n) => named(`many-${n}`)) as [Address, ...Address[]]))
    expect(await add(id, named('many-6'))).toBe('too_many')
    expect(await add(id, phone('+49 1512 4000003'))).toBe('added')
    // One that is changed takes the other's place.
    expect(await replace(id, named('many-5'), named('many-7'))).toBe('changing')
    expect(await add(id, named('many-8'))).toBe('too_many')
    stage.at(240 + HOLD_SECONDS)
    expect(await add(id, named('many-8'))).toBe('too_many')
    expect(await has(id)).toHaveLength(6)
  })

  test('are not taken twice: one of its own is said to be so, another person keeps theirs', async () => {
    const id = await withAddresses(named('twice-1'), named('twice-2'))
    await stage.begun(named('twice-other'))
    expect(await add(id, named('twice-2'))).toBe('own_already')
    expect(await add(id, named('twice-other'))).toBe('taken')
    expect(await replace(id, named('twice-1'), named('twice-other'))).toBe('taken')
    expect(await replace(id, named('twice-1'), named('twice-2'))).toBe('taken')
    expect((await addresses.ofAccount(id)).every(({ leavesAt }) => leavesAt === null)).toBe(true)
  })

  test('R-095 are not changed once the account is suspended or closed', async () => {
    const id = await withAddresses(named('shut-1'), named('shut-2'))
    const ref = await refOf(id, named('shut-2'))
    const shut = [`state = 'suspended', closing_at = null`, `state = 'active', closing_at = '2030-01-01T00:01:00.900Z'`]
    for (const how of shut) {
      await query(stage.url, `update account set ${how} where id = $1`, [id])
      await expect(add(id, named('shut-3'))).rejects.toMatchObject({ code: 'bad_request' })
      expect(await inTx((tx) => addresses.replace(tx, id, ref, { address: named('shut-3'), from: held() }))).toBe('gone')
      expect(await inTx((tx) => addresses.makePrimary(tx, id, ref, held()))).toBe(false)
      expect(await inTx((tx) => addresses.remove(tx, id, ref, held()))).toBe('gone')
    }
    expect(await has(id)).toEqual([named('shut-1'), named('shut-2')])
  })
})

describe('a change of an address', () => {
  test('R-088, R-034 takes place after the hold-off, to the second; until then nothing is said to be different', async () => {
    const [old, fresh] = [named('change-old'), named('change-new')]
    const id = await withAddresses(old)
    expect(await replace(id, old, fresh)).toBe('changing')
    expect(await viewOf(id, old)).toMatchObject({ primary: true, leavesAt: held() })
    expect(await viewOf(id, fresh)).toMatchObject({ primary: false, usableFrom: held(), primaryFrom: held() })
    stage.at(HOLD_SECONDS - 1)
    expect([await primaryMail(id), await opens(old), await opens(fresh)]).toEqual([old, id, null])
    stage.at(HOLD_SECONDS)
    expect([await primaryMail(id), await opens(old), await opens(fresh)]).toEqual([fresh, null, id])
    expect(await addresses.ofAccount(id)).toMatchObject([{ address: fresh, primary: true, primaryFrom: null, leavesAt: null }])
  })

  test('R-088 lets nobody in by the new address before, and makes no second account of it', async () => {
    const [old, fresh] = [named('early-old'), named('early-new')]
    const id = await withAddresses(old)
    await replace(id, old, fresh)
    const refused = { outcome: 'refused', reason: 'account_closed' }
    expect(await inTx((tx) => stage.accountsOn(stage.one).prove(tx, proofOf(fresh)))).toEqual(refused)
    stage.at(HOLD_SECONDS)
    const proven = await inTx((tx) => stage.accountsOn(stage.one).prove(tx, proofOf(fresh)))
    expect(proven).toMatchObject({ outcome: 'existing', account: { id } })
    expect(await inTx((tx) => stage.accountsOn(stage.one).prove(tx, proofOf(old)))).toMatchObject({ outcome: 'created' })
  })

  test('R-088 dies with the next one', async () => {
    const [old, first, second] = [named('next-old'), named('next-1'), named('next-2')]
    const id = await withAddresses(old)
    await replace(id, old, first)
    stage.at(60)
    expect(await replace(id, old, second)).toBe('changing')
    expect(await has(id)).toEqual([old, second])
    expect(await viewOf(id, old)).toMatchObject({ leavesAt: held() })
    stage.at(120)
    expect(await replace(id, old, second)).toBe('changing')
    expect(await viewOf(id, second)).toMatchObject({ usableFrom: held(), provenAt: stage.clock.now() })
    stage.at(119 + HOLD_SECONDS)
    expect(await primaryMail(id)).toBe(old)
  })

  test('R-088 does not bring back what is to be removed', async () => {
    const [first, lost, fresh] = [named('lost-1'), named('lost-2'), named('lost-3')]
    const id = await withAddresses(first, lost)
    expect(await remove(id, lost)).toBe('removing')
    const { leavesAt } = await viewOf(id, lost)
    stage.at(120)
    await replace(id, first, fresh)
    expect(await viewOf(id, lost)).toMatchObject({ leavesAt })
  })

  test('of another than the primary one leaves that as it is', async () => {
    const [first, old, fresh] = [named('side-1'), named('side-2'), named('side-3')]
    const id = await withAddresses(first, old)
    await replace(id, old, fresh)
    stage.at(60 + HOLD_SECONDS)
    expect([await primaryMail(id), await has(id)]).toEqual([first, [first, fresh]])
  })

  test.each([
    ['keep', (id: string, ref: string) => inTx((tx) => addresses.keep(tx, id, ref))],
    ['keepAll', (id: string) => inTx((tx) => addresses.keepAll(tx, id))],
  ])('R-088 is stopped until then by %s, whatever it was, and nothing comes of it', async (verb, stop) => {
    const [first, second, third, fresh] = ['1', '2', '3', '4'].map((n) => named(`${verb}-${n}`)) as [Address, ...Address[]]
    const id = await withAddresses(first, second as Address, third as Address)
    const before = await addresses.ofAccount(id)
    expect(await stop(id, before[0]?.ref ?? '')).toBe(verb === 'keep' ? false : 0)
    for (const plan of [
      () => replace(id, first, fresh as Address),
      () => makePrimary(id, second as Address),
      () => remove(id, first),
      () => remove(id, second as Address),
    ]) {
      await plan()
      expect(await addresses.ofAccount(id)).not.toEqual(before)
      stage.at(120 + HOLD_SECONDS - 1)
      expect(await stop(id, before[2]?.ref ?? '')).toBeTruthy()
      stage.at(120 + HOLD_SECONDS)
      expect(await addresses.ofAccount(id)).toEqual(before)
      stage.at(120)
    }
  })

  test('R-088 is not stopped by the account of another person, nor once it has taken place', async () => {
    const [old, fresh] = [named('late-old'), named('late-new')]
    const id = await withAddresses(old)
    const other = await stage.begun(named('late-other'))
    await replace(id, old, fresh)
    const ref = await refOf(id, old)
    expect(await inTx((tx) => addresses.keep(tx, other, ref))).toBe(false)
    expect(await inTx((tx) => addresses.keepAll(tx, other))).toBe(0)
    stage.at(HOLD_SECONDS)
    expect(await inTx((tx) => addresses.keep(tx, id, ref))).toBe(false)
    expect(await inTx((tx) => addresses.keepAll(tx, id))).toBe(0)
    expect(await primaryMail(id)).toBe(fresh)
  })

  test('R-088 of numbers and of email addresses do not touch each other', async () => {
    const [mail, fresh, number] = [named('kinds-1'), named('kinds-2'), phone('+49 1512 4000004')]
    const id = await withAddresses(mail, number)
    await replace(id, mail, fresh)
    await replace(id, number, phone('+49 1512 4000005'))
    const ref = await refOf(id, number)
    expect(await inTx((tx) => addresses.keep(tx, id, ref))).toBe(true)
    expect(await has(id)).toEqual([mail, number, fresh])
    expect(await inTx((tx) => addresses.keepAll(tx, id))).toBe(2)
  })
})

describe('the primary address', () => {
  test('R-088 is another one after the hold-off, to the second', async () => {
    const [first, second] = [named('primary-1'), named('primary-2')]
    const id = await withAddresses(first, second)
    expect(await makePrimary(id, first)).toBe(false)
    expect(await makePrimary(id, second)).toBe(true)
    expect(await viewOf(id, second)).toMatchObject({ primary: false, primaryFrom: held() })
    stage.at(60 + HOLD_SECONDS - 1)
    expect(await primaryMail(id)).toBe(first)
    stage.at(60 + HOLD_SECONDS)
    expect(await primaryMail(id)).toBe(second)
    expect(await addresses.ofAccount(id)).toMatchObject([
      { address: second, primary: true },
      { address: first, primary: false },
    ])
    expect([await opens(first), await opens(second)]).toEqual([id, id])
  })

  test('that is removed leaves it to the oldest one that stays', async () => {
    const [first, second, third] = [named('heir-1'), named('heir-2'), named('heir-3')]
    const id = await withAddresses(first, second, third)
    expect(await remove(id, first)).toBe('removing')
    expect(await viewOf(id, second)).toMatchObject({ primaryFrom: held() })
    // The heir is removed as well: it passes to the next.
    stage.at(180)
    expect(await remove(id, second)).toBe('removing')
    expect(await viewOf(id, second)).toMatchObject({ primaryFrom: null })
    stage.at(120 + HOLD_SECONDS - 1)
    expect(await primaryMail(id)).toBe(first)
    stage.at(120 + HOLD_SECONDS)
    expect(await primaryMail(id)).toBe(third)
    stage.at(180 + HOLD_SECONDS)
    expect(await has(id)).toEqual([third])
  })

  test('is always one: where none ever was made it, the oldest', async () => {
    const [first, second, third] = [named('none-1'), named('none-2'), named('none-3')]
    const id = await withAddresses(first, third, second)
    await query(stage.url, 'update address set primary_from = null where account_id = $1', [id])
    expect(await primaryMail(id)).toBe(first)
    expect((await viewOf(id, first)).primary).toBe(true)
    await query(stage.url, 'delete from address where canonical = $1', [first])
    expect(await primaryMail(id)).toBe(third)
    expect((await viewOf(id, third)).primary).toBe(true)
  })
})

describe('the removal of an address', () => {
  test('takes place after the hold-off, to the second; then the address is free', async () => {
    const [first, second] = [named('gone-1'), named('gone-2')]
    const id = await withAddresses(first, second)
    expect(await remove(id, second)).toBe('removing')
    const ref = await refOf(id, second)
    expect(await inTx((tx) => addresses.remove(tx, id, ref, held()))).toBe('gone')
    stage.at(60 + HOLD_SECONDS - 1)
    expect(await opens(second)).toBe(id)
    const other = await stage.begun(named('gone-other'))
    expect(await add(other, second)).toBe('taken')
    stage.at(60 + HOLD_SECONDS)
    expect([await opens(second), await has(id)]).toEqual([null, [first]])
    // No sweep was needed.
    expect(await query(stage.url, 'select account_id from address where canonical = $1', [second])).toEqual([{ account_id: id }])
    expect(await add(other, second)).toBe('added')
    expect(await opens(second)).toBe(other)
  })

  test('lets the person add it again, once it has left', async () => {
    const [first, second] = [named('back-1'), named('back-2')]
    const id = await withAddresses(first, second)
    await remove(id, second)
    expect(await add(id, second)).toBe('own_already')
    stage.at(60 + HOLD_SECONDS)
    expect(await add(id, second)).toBe('added')
    expect(await viewOf(id, second)).toMatchObject({ leavesAt: null, provenAt: stage.clock.now() })
  })

  test('R-094 of the last one is refused, and of the last but one while the other leaves or is to come', async () => {
    const [first, second, fresh] = [named('last-1'), named('last-2'), named('last-3')]
    const id = await withAddresses(first)
    expect(await remove(id, first)).toBe('last')
    await add(id, second)
    expect(await remove(id, first)).toBe('removing')
    expect(await remove(id, second)).toBe('last')
    await inTx((tx) => addresses.keepAll(tx, id))
    await replace(id, first, fresh)
    expect(await remove(id, second)).toBe('last')
    expect(await viewOf(id, second)).toMatchObject({ leavesAt: null })
  })

  test('R-094, R-093 leaves no number alone that is too old to open the account', async () => {
    const [mail, number] = [named('old-number'), phone('+49 1512 4000006')]
    const id = await withAddresses(mail, number)
    stage.at(60 + PHONE_PROOF_AGE_SECONDS + 1)
    expect(await remove(id, mail)).toBe('last')
    stage.at(60 + PHONE_PROOF_AGE_SECONDS)
    expect(await remove(id, mail)).toBe('removing')
  })
})

describe('an address that somebody objects to', () => {
  test('R-184 is taken away at once, with all that was to come, also when it was to be the only one', async () => {
    const [own, evil, worse] = [named('own'), named('evil'), named('worse')]
    const id = await withAddresses(own, evil)
    expect(await remove(id, own)).toBe('removing')
    await replace(id, evil, worse)
    expect(await inTx((tx) => addresses.takeBack(tx, id, 'email', evil))).toBe(true)
    expect(await addresses.ofAccount(id)).toMatchObject([{ address: own, primary: true, leavesAt: null }])
    expect(await opens(evil)).toBeNull()
    expect(await inTx((tx) => addresses.takeBack(tx, id, 'email', evil))).toBe(false)
  })

  test('R-184 is taken away from a suspended account too', async () => {
    const [own, evil] = [named('suspended-own'), named('suspended-evil')]
    const id = await withAddresses(own, evil)
    await query(stage.url, `update account set state = 'suspended' where id = $1`, [id])
    expect(await inTx((tx) => addresses.takeBack(tx, id, 'email', evil))).toBe(true)
  })

  test('R-094 is never the last one', async () => {
    const own = named('only')
    const id = await withAddresses(own)
    expect(await inTx((tx) => addresses.takeBack(tx, id, 'email', own))).toBe(false)
    await replace(id, own, named('only-next'))
    expect(await inTx((tx) => addresses.takeBack(tx, id, 'email', own))).toBe(false)
    expect(await has(id)).toEqual([own])
  })
})
