import { afterEach, describe, expect, test } from '@jest/globals'
import { addSeconds, type EmailAddress, newSecret } from '../../src/base/index.ts'
import { cleanUp } from './delivery-stage.ts'
import { asker, DAY, DELAY, EMAIL, HOUR, PHONE, rescueStage } from './rescue-stage.ts'

afterEach(cleanUp)

const THIEFS = 'thief@contoso.example' as EmailAddress

describe('who may begin one', () => {
  test('R-088, V-16 an address that somebody has added lately begins none, and is no proof when one is ready', async () => {
    const { one, person, begin, addAddress, proved, waited, now } = await rescueStage()
    const { id } = await person()
    await addAddress(id, THIEFS, addSeconds(now(), -DAY))
    expect(await begin(THIEFS)).toBe('not_proven')
    expect(await begin()).toBe('begun')
    await waited(DELAY)
    expect(await one.rescues.readyFor(await proved(THIEFS))).toBeNull()
    expect(await one.rescues.readyFor(await proved())).toMatchObject({ ready: true, startedBy: 'person' })
  })

  test('R-118 not an address that came lately, where an administrator began it', async () => {
    const { one, person, addAddress, proved, waited, now } = await rescueStage()
    const { id } = await person()
    await addAddress(id, THIEFS, addSeconds(now(), -DAY))
    const by = { accountId: id, actorId: 'admin', delaySeconds: HOUR, device: 'x', reason: null, where: {} }
    await one.on.transact((tx) => one.rescues.beginByAdmin(tx, by))
    await waited(HOUR)
    expect(await one.rescues.readyFor(await proved(THIEFS))).toBeNull()
    expect(await one.rescues.readyFor(await proved())).toMatchObject({ startedBy: 'administrator' })
  })

  test.each([
    ['is to leave', `leaves_at = '2039-01-01'`],
    ['is dead', `dead_since = '2024-01-01'`],
    ['is young as well', `usable_from = now()`],
  ])(
    'R-118 no address that came lately, where the one that was there %s: then an administrator begins none',
    async (_w, change) => {
      const { one, person, addAddress, proved, waited, now, rows, state, told } = await rescueStage()
      const { id } = await person()
      await addAddress(id, THIEFS, addSeconds(now(), -60))
      const by = { accountId: id, actorId: 'admin', delaySeconds: HOUR, device: 'x', reason: null, where: {} }
      const begin = () => one.on.transact((tx) => one.rescues.beginByAdmin(tx, by))
      expect(await begin()).toBe('begun')
      await rows(`update address set ${change.replace('now()', '$2')} where canonical = $1`, [
        EMAIL,
        ...(change.includes('now()') ? [now()] : []),
      ])
      await waited(HOUR)
      expect([await state(id), (await told(id)).at(-1)]).toEqual([['cancelled'], 'rescue_stopped'])
      expect(await one.rescues.readyFor(await proved(THIEFS))).toBeNull()
      expect(await begin()).toBe('not_proven')
    },
  )

  test('R-118 a mailbox that dies and is alive again by the end of the wait ends no rescue', async () => {
    const { one, person, begin, proved, waited, rows } = await rescueStage()
    await person()
    await begin()
    await rows(`update address set dead_since = '2024-01-01'`)
    await waited(DELAY / 2)
    await rows('update address set dead_since = null')
    await waited(DELAY / 2)
    expect(await one.rescues.readyFor(await proved())).not.toBeNull()
  })

  test('R-118 not an address that came lately, though it is the only mailbox: the number is what was there', async () => {
    const { one, person, addAddress, proved, waited, now } = await rescueStage()
    const { id } = await person([PHONE])
    await addAddress(id, THIEFS, addSeconds(now(), -60))
    const by = { accountId: id, actorId: 'admin', delaySeconds: HOUR, device: 'x', reason: null, where: {} }
    await one.on.transact((tx) => one.rescues.beginByAdmin(tx, by))
    await waited(HOUR)
    expect(await one.rescues.readyFor(await proved(THIEFS))).toBeNull()
    expect(await one.rescues.readyFor(await proved(PHONE))).toMatchObject({ startedBy: 'administrator' })
  })

  test.each([
    ['is to leave', `leaves_at = '2039-01-01'`],
    ['is dead', `dead_since = '2024-01-01'`],
  ])('R-088 a mailbox that %s is still asked for: the number alone begins none', async (_what, change) => {
    const { one, person, proved, rows } = await rescueStage()
    await person([EMAIL, PHONE])
    await rows(`update address set ${change} where kind = 'email'`)
    const attempt = await proved(PHONE)
    const account = await one.accounts.find(attempt.accountId ?? '')
    expect(account && (await one.rescues.may(attempt, account, asker))).toEqual({ may: 'address' })
    expect(await one.rescues.begin(attempt, asker)).toBe('not_proven')
  })

  test('R-088 a number that is to leave is asked for until it has left, and one that is dead bars', async () => {
    const { one, person, proved, proveOpen, reload, rows } = await rescueStage()
    const { id } = await person([EMAIL, PHONE])
    await rows(`update address set leaves_at = '2039-01-01' where kind = 'phone'`)
    const attempt = await proved()
    const account = await one.accounts.find(id)
    expect(account && (await one.rescues.may(attempt, account, asker))).toMatchObject({ may: 'prove', channel: 'sms' })
    expect(await one.rescues.begin(attempt, asker)).toBe('not_proven')
    await one.rescues.proveOther(attempt, asker)
    const both = await proveOpen(await reload(attempt), 'sms')
    await rows(`update address set leaves_at = null, dead_since = '2024-01-01' where kind = 'phone'`)
    expect(await one.rescues.begin(both, asker)).toBe('not_proven')
    await rows(`update address set leaves_at = '2039-01-01', dead_since = null where kind = 'phone'`)
    expect(await one.rescues.begin(both, asker)).toBe('begun')
  })

  test('R-070 what was proven for another purpose begins none and opens none', async () => {
    const { one, person, begin, proved, waited } = await rescueStage()
    await person()
    const attempt = await proved()
    const other = { ...attempt, purpose: 'address' as const }
    expect(await one.rescues.begin(other, asker)).toBe('never')
    expect(await begin()).toBe('begun')
    await waited(DELAY)
    expect(await one.rescues.readyFor({ ...(await proved()), purpose: 'address' })).toBeNull()
  })

  test('waits less in a browser that the account remembers, and in no other', async () => {
    const { one, person, proved } = await rescueStage({ RESCUE_DELAY_KNOWN: '12h' })
    const { id } = await person()
    const account = await one.accounts.find(id)
    const deviceToken = await one.on.transact((tx) => one.devices.remember(tx, id, 'Firefox'))
    const attempt = await proved()
    if (!account) throw new Error('no account')
    expect(await one.rescues.may(attempt, account, { ...asker, deviceToken })).toEqual({ may: 'now', delaySeconds: 12 * HOUR })
    const strange = { ...asker, deviceToken: newSecret() }
    expect(await one.rescues.may(attempt, account, strange)).toEqual({ may: 'now', delaySeconds: DELAY })
  })

  test('R-088 not the number alone while the mailbox is a new one, nor the mailbox alone while the number is', async () => {
    const { one, person, addAddress, proved, wait, now, rows } = await rescueStage()
    const { id } = await person([PHONE])
    await addAddress(id, EMAIL, addSeconds(now(), -DAY))
    expect(await one.rescues.begin(await proved(PHONE), asker)).toBe('not_proven')
    await rows(`update address set usable_from = case kind when 'email' then '2020-01-01'::timestamptz else $1 end`, [now()])
    const attempt = await proved()
    const account = await one.accounts.find(id)
    expect(account && (await one.rescues.may(attempt, account, asker))).toEqual({ may: 'address' })
    expect(await one.rescues.begin(attempt, asker)).toBe('not_proven')
    wait(3 * DAY)
    const later = await proved()
    expect(account && (await one.rescues.may(later, account, asker))).toMatchObject({ may: 'prove', channel: 'sms' })
  })

  test.each([
    ['suspended', `state = 'suspended'`],
    ['to be deleted', `closing_at = '2040-01-01'`],
  ])('nobody, while the account is %s; nor is one completed', async (_what, change) => {
    const { one, person, begin, proved, takenUp, waited, rows, state } = await rescueStage()
    const { id } = await person()
    await begin()
    await waited(DELAY)
    const ready = await takenUp(await proved())
    const attempt = await proved()
    await rows(`update account set ${change}`)
    expect(await one.rescues.readyFor(attempt)).toBeNull()
    expect((await ready.finish()).outcome).not.toBe('proven')
    expect(await state(id)).toEqual(['waiting'])
    await one.rescues.cancel({ accountId: id }, 'notice', {})
    expect(await one.rescues.begin(attempt, asker)).toBe('never')
  })

  test('nobody, where it is switched off; what waits opens nothing then', async () => {
    const { one, person, begin, proved, rows, now, state } = await rescueStage({ RESCUE: 'off' })
    const { id } = await person()
    expect([one.rescues.on, await begin()]).toEqual([false, 'never'])
    const moments = [-3 * DAY, -2 * DAY, -HOUR, HOUR].map((seconds) => addSeconds(now(), seconds))
    const waits = `insert into rescue (id, account_id, client_id, address, device, started_at, halfway_at, opens_at, lapses_at, halfway_told, opens_told)
      values ('r', $1, 'shop', $2, 'x', $3, $4, $5, $6, true, true)`
    await rows(waits, [id, EMAIL, ...moments])
    const attempt = await proved()
    expect([await one.rescues.readyFor(attempt), await one.rescues.takeUp(attempt)]).toEqual([null, false])
    expect(await one.on.transact((tx) => one.rescues.readyIn(tx, attempt))).toBeNull()
    expect(await state(id)).toEqual(['waiting'])
  })
})
