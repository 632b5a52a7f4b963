import { afterEach, describe, expect, test } from '@jest/globals'
import { type Address, addSeconds, type EmailAddress } from '../../src/base/index.ts'
import { addresseesOf } from '../../src/notices/addressees.ts'
import type { ToTell } from '../../src/notices/index.ts'
import { query } from '../support/database.ts'
import { cleanUp, NUMBER, START } from './delivery-stage.ts'
import { addAddress, HOLD_SECONDS, house, MARIA, newAccount, OLD } from './notices-stage.ts'

const OTHER_NUMBER = '+4915187654321' as Address
const AT_HOME = 'maria@home.example' as EmailAddress

afterEach(cleanUp)

/** A person without any email address. */
async function byPhoneAlone() {
  const around = await house()
  const accountId = await newAccount(around.url)
  await addAddress(around.url, accountId, NUMBER, OLD, 'phone')
  const tell = (changes: Partial<ToTell> = {}) => around.tell({ accountId, ...changes })
  const workAll = async () => {
    while (around.jobs.length > 0) await around.work()
  }
  return { ...around, accountId, tell, workAll }
}

describe('notices by text', () => {
  test('R-109, R-184 somebody without an email address is told by text, with a link that undoes it', async () => {
    const { tell, workAll, texted, money, notices } = await byPhoneAlone()
    expect(await tell()).toBe(true)
    await workAll()
    expect(texted).toMatchObject([{ to: NUMBER }])
    const [sent] = texted
    const link = /https:\/\/id\.northwind\.example\/n\/([\w-]{54})$/.exec(sent?.text ?? '')
    expect(sent?.text).toMatch(/^Doorward: An authenticator app was removed from your account\. Not you\? /)
    expect(await notices.byToken(link?.[1] ?? '')).toMatchObject({ kind: 'factor_removed' })
    // R-153 it costs money, and nobody is to type a code from it.
    expect(money.asked).toMatchObject([{ number: NUMBER, answerless: true }])
  })

  test('R-153 what the budget does not allow is not sent, and nothing else fails of it', async () => {
    const { tell, workAll, texted, money, accountId, url, mailbox } = await byPhoneAlone()
    await addAddress(url, accountId, AT_HOME)
    money.answerWith(async () => ({ ok: false, why: 'cap' }))
    expect(await tell({ kind: 'address_dead' })).toBe(true)
    await workAll()
    expect(texted).toEqual([])
    expect((await mailbox.nextNotice(AT_HOME)).text).toContain('came back')
  })

  test('R-118 what decides who keeps the account goes everywhere, whatever was texted before; other news does not flood', async () => {
    const { tell, workAll, texted, wait } = await byPhoneAlone()
    for (let nth = 0; nth < 7; nth++) await tell({ kind: 'codes_replaced' })
    expect(await tell({ kind: 'device_new', values: { clientId: 'shop' } })).toBe(false)
    await workAll()
    expect(texted).toHaveLength(5)
    await tell({ kind: 'address_dead' })
    await workAll()
    expect(texted).toHaveLength(6)
    wait(86_401)
    await tell({ kind: 'codes_replaced' })
    await workAll()
    expect(texted).toHaveLength(7)
  })

  test('a notice says itself until when it can be objected to, or that there is nothing to object to', async () => {
    const { tell, workAll, texted, url } = await byPhoneAlone()
    const until = addSeconds(START, 5 * 86_400)
    await tell({ until })
    await tell({ kind: 'address_dead', until: null })
    await workAll()
    const rows = await query<{ object_until: Date | null }>(
      url,
      'select object_until from notice order by object_until nulls last',
    )
    expect(rows.map((row) => row.object_until)).toEqual([until, null])
    expect(texted.map(({ text }) => /https:/.test(text)).toSorted()).toEqual([false, true])
  })
})

describe('who is told', () => {
  const at = START
  const young = addSeconds(START, -1)
  const view = (address: Address, usableFrom = OLD, deadSince: Date | null = null) => ({
    ...{ ref: address, kind: address.includes('@') ? ('email' as const) : ('phone' as const), address, primary: true },
    ...{ provenAt: OLD, usableFrom, primaryFrom: null, leavesAt: null, deadSince },
  })
  const who = (own: ReturnType<typeof view>[], kind: ToTell['kind'] = 'factor_removed', not?: Address) => {
    const { emails, phones } = addresseesOf(own, { kind, at, not, settledSeconds: HOLD_SECONDS, texts: true })
    return [...emails, ...phones]
  }

  test('R-109 no address that somebody has just added gets the link that undoes it, in whichever way', () => {
    for (const kind of ['factor_removed', 'rescue_halfway'] as const) {
      expect(who([view(NUMBER), view(MARIA, young)], kind)).toEqual([NUMBER])
      expect(who([view(MARIA), view(NUMBER, young)], kind)).toEqual([MARIA])
    }
    expect(who([view(NUMBER), view(OTHER_NUMBER, young)], 'address_dead')).toEqual([NUMBER])
    expect(who([view(MARIA), view(AT_HOME, young), view(NUMBER, young)], 'address_dead')).toEqual([MARIA])
  })

  test('R-109 a number that no text can go to keeps nobody else from being told', () => {
    const without = { kind: 'factor_removed', at, settledSeconds: HOLD_SECONDS, texts: false } as const
    expect(addresseesOf([view(NUMBER), view(MARIA, young)], without)).toEqual({ emails: [MARIA], phones: [] })
  })

  test('by text goes what is told everywhere; other news only where no email address can tell of it', () => {
    expect(who([view(MARIA), view(NUMBER)])).toEqual([MARIA])
    expect(who([view(MARIA), view(NUMBER)], 'address_dead')).toEqual([MARIA, NUMBER])
    expect(who([view(NUMBER, young)])).toEqual([NUMBER])
    expect(who([view(MARIA, young), view(NUMBER, young)])).toEqual([MARIA])
    expect(who([view(NUMBER)], 'device_new')).toEqual([])
  })

  test('V-25 an address that messages come back from is told of nothing, nor is the one that it is about', () => {
    expect(who([view(MARIA, OLD, START), view(AT_HOME)])).toEqual([AT_HOME])
    expect(who([view(MARIA, OLD, START), view(NUMBER)])).toEqual([NUMBER])
    expect(who([view(MARIA), view(NUMBER)], 'address_dead', MARIA)).toEqual([NUMBER])
    expect(who([view(MARIA, OLD, START)])).toEqual([])
  })
})
