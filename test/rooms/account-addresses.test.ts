import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Address, addSeconds } from '../../src/base/index.ts'
import { query } from '../support/database.ts'
import { HOLD_SECONDS, named, ownAddresses } from './account-own.ts'
import { type AccountsStage, PHONE_PROOF_AGE_SECONDS, phone, proofOf, START, startAccounts } from './accounts-stage.ts'

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

describe('the addresses of an account', () => {
  test('are seen with what they are and what is to come, primary ones first, under names that say nothing', async () => {
    const [first, second, number] = [named('seen-1'), named('seen-2'), phone('+49 1512 4000001')]
    const id = await own.withAddresses(first, second, number)
    const views = await own.addresses.ofAccount(id)
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
          deadSince: null,
        },
      },
      expect.objectContaining({ kind: 'phone', address: number, primary: true }),
      expect.objectContaining({ kind: 'email', address: second, primary: false, provenAt: addSeconds(START, 60) }),
    ])
    expect(await own.inTx((tx) => own.addresses.ofAccountIn(tx, id))).toEqual(views)
    expect(new Set(views.map(({ ref }) => ref)).size).toBe(3)
    // The same address has another name at another account.
    const other = await stage.begun(named('seen-other'))
    expect(await own.inTx((tx) => own.addresses.makePrimary(tx, other, views[2]?.ref ?? '', own.held()))).toBe(false)
    expect(await own.inTx((tx) => own.addresses.remove(tx, other, views[0]?.ref ?? '', own.held()))).toBe('gone')
  })

  test('R-087 each open it, for whoever proves one', async () => {
    const [first, second, number] = [named('opens-1'), named('opens-2'), phone('+49 1512 4000002')]
    const id = await own.withAddresses(first, second, number)
    for (const address of [first, second, number]) {
      expect(await own.opens(address)).toBe(id)
      const proven = await own.inTx((tx) => stage.accountsOn(stage.one).prove(tx, proofOf(address)))
      expect(proven).toMatchObject({ outcome: 'existing', account: { id, email: first, phone: number } })
    }
  })

  test('are at most five of each kind', async () => {
    const id = await own.withAddresses(...([1, 2, 3, 4, 5].map((n) => named(`many-${n}`)) as [Address, ...Address[]]))
    expect(await own.add(id, named('many-6'))).toBe('too_many')
    expect(await own.add(id, phone('+49 1512 4000003'))).toBe('added')
    // One that is changed takes the other's place.
    expect(await own.replace(id, named('many-5'), named('many-7'))).toBe('changing')
    expect(await own.add(id, named('many-8'))).toBe('too_many')
    stage.at(240 + HOLD_SECONDS)
    expect(await own.add(id, named('many-8'))).toBe('too_many')
    expect(await own.has(id)).toHaveLength(6)
  })

  test('are not taken twice: one of its own is said to be so, another person keeps theirs', async () => {
    const id = await own.withAddresses(named('twice-1'), named('twice-2'))
    await stage.begun(named('twice-other'))
    expect(await own.add(id, named('twice-2'))).toBe('own_already')
    expect(await own.add(id, named('twice-other'))).toBe('taken')
    expect(await own.replace(id, named('twice-1'), named('twice-other'))).toBe('taken')
    expect(await own.replace(id, named('twice-1'), named('twice-2'))).toBe('taken')
    expect((await own.addresses.ofAccount(id)).every(({ leavesAt }) => leavesAt === null)).toBe(true)
  })

  test('R-095 are not changed once the account is suspended or closed', async () => {
    const id = await own.withAddresses(named('shut-1'), named('shut-2'))
    const ref = await own.refOf(id, named('shut-2'))
    const shut = [`state = 'suspended', closing_at = null`, `state = 'active', closing_at = '2030-01-01T00:01:00.900Z'`]
    for (const how of shut) {
      await query(stage.url, `update account set ${how} where id = $1`, [id])
      await expect(own.add(id, named('shut-3'))).rejects.toMatchObject({ code: 'bad_request' })
      expect(await own.inTx((tx) => own.addresses.replace(tx, id, ref, { address: named('shut-3'), from: own.held() }))).toBe(
        'gone',
      )
      expect(await own.inTx((tx) => own.addresses.makePrimary(tx, id, ref, own.held()))).toBe(false)
      expect(await own.inTx((tx) => own.addresses.remove(tx, id, ref, own.held()))).toBe('gone')
    }
    expect(await own.has(id)).toEqual([named('shut-1'), named('shut-2')])
  })
})

describe('the removal of an address', () => {
  test('takes place after the hold-off, to the second; then the address is free', async () => {
    const [first, second] = [named('gone-1'), named('gone-2')]
    const id = await own.withAddresses(first, second)
    expect(await own.remove(id, second)).toBe('removing')
    const ref = await own.refOf(id, second)
    expect(await own.inTx((tx) => own.addresses.remove(tx, id, ref, own.held()))).toBe('gone')
    stage.at(60 + HOLD_SECONDS - 1)
    expect(await own.opens(second)).toBe(id)
    const other = await stage.begun(named('gone-other'))
    expect(await own.add(other, second)).toBe('taken')
    stage.at(60 + HOLD_SECONDS)
    expect([await own.opens(second), await own.has(id)]).toEqual([null, [first]])
    // No sweep was needed.
    expect(await query(stage.url, 'select account_id from address where canonical = $1', [second])).toEqual([{ account_id: id }])
    expect(await own.add(other, second)).toBe('added')
    expect(await own.opens(second)).toBe(other)
    // It goes by another name there: a path of one account page says nothing about another's.
    expect(await own.refOf(other, second)).not.toBe(ref)
  })

  test('lets the person add it again, once it has left', async () => {
    const [first, second] = [named('back-1'), named('back-2')]
    const id = await own.withAddresses(first, second)
    await own.remove(id, second)
    expect(await own.add(id, second)).toBe('own_already')
    stage.at(60 + HOLD_SECONDS)
    expect(await own.add(id, second)).toBe('added')
    expect(await own.viewOf(id, second)).toMatchObject({ leavesAt: null, provenAt: stage.clock.now() })
  })

  test('R-094 of the last one is refused, and of the last but one while the other leaves or is to come', async () => {
    const [first, second, fresh] = [named('last-1'), named('last-2'), named('last-3')]
    const id = await own.withAddresses(first)
    expect(await own.remove(id, first)).toBe('last')
    await own.add(id, second)
    expect(await own.remove(id, first)).toBe('removing')
    expect(await own.remove(id, second)).toBe('last')
    await own.inTx((tx) => own.addresses.keepAll(tx, id))
    await own.replace(id, first, fresh)
    expect(await own.remove(id, second)).toBe('last')
    expect(await own.viewOf(id, second)).toMatchObject({ leavesAt: null })
  })

  test('R-094, R-093 leaves no number alone that is too old to open the account', async () => {
    const [mail, number] = [named('old-number'), phone('+49 1512 4000006')]
    const id = await own.withAddresses(mail, number)
    stage.at(60 + PHONE_PROOF_AGE_SECONDS + 1)
    expect(await own.remove(id, mail)).toBe('last')
    stage.at(60 + PHONE_PROOF_AGE_SECONDS)
    expect(await own.remove(id, mail)).toBe('removing')
  })
})

describe('an address that somebody objects to', () => {
  test('R-184 is taken away at once, with all that was to come, also when it was to be the only one', async () => {
    const [mine, evil, worse] = [named('own'), named('evil'), named('worse')]
    const id = await own.withAddresses(mine, evil)
    expect(await own.remove(id, mine)).toBe('removing')
    await own.replace(id, evil, worse)
    expect(await own.inTx((tx) => own.addresses.takeBack(tx, id, 'email', evil))).toBe(true)
    expect(await own.addresses.ofAccount(id)).toMatchObject([{ address: mine, primary: true, leavesAt: null }])
    expect(await own.opens(evil)).toBeNull()
    expect(await own.inTx((tx) => own.addresses.takeBack(tx, id, 'email', evil))).toBe(false)
  })

  test('R-184 is taken away from a suspended account too', async () => {
    const [mine, evil] = [named('suspended-own'), named('suspended-evil')]
    const id = await own.withAddresses(mine, evil)
    await query(stage.url, `update account set state = 'suspended' where id = $1`, [id])
    expect(await own.inTx((tx) => own.addresses.takeBack(tx, id, 'email', evil))).toBe(true)
  })

  test('R-094 is never the last one', async () => {
    const mine = named('only')
    const id = await own.withAddresses(mine)
    expect(await own.inTx((tx) => own.addresses.takeBack(tx, id, 'email', mine))).toBe(false)
    await own.replace(id, mine, named('only-next'))
    expect(await own.inTx((tx) => own.addresses.takeBack(tx, id, 'email', mine))).toBe(false)
    expect(await own.has(id)).toEqual([mine])
  })
})
