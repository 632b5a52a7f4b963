import { afterEach, describe, expect, test } from '@jest/globals'
import { addSeconds, type EmailAddress } from '../../src/base/index.ts'
import type { DueDelivery } from '../../src/delivery/index.ts'
import type { ToTell } from '../../src/notices/index.ts'
import { query } from '../support/database.ts'
import { cleanUp, START } from './delivery-stage.ts'
import { addAddress, HOLD_SECONDS, house, MARIA, newAccount, OLD_SECRET } from './notices-stage.ts'

const AT_HOME = 'maria@home.example' as EmailAddress
const ELSEWHERE = 'maria@elsewhere.example' as EmailAddress
const NEW_SECRET = 'the secret of this year, which is long enough'

afterEach(cleanUp)

const wins = (outcomes: readonly boolean[]) => outcomes.filter(Boolean).length

describe('what was done to an account is told by mail', () => {
  test('R-109, R-184 to each address, with the device, the moment and a link of this issuer', async () => {
    const { tell, work, mailbox, count, url, accountId } = await house()
    await addAddress(url, accountId, AT_HOME)
    expect(await tell()).toBe(true)
    expect([await count('notice'), await count('delivery')]).toEqual([1, 2])
    await work()
    await work()
    const [one, two] = [await mailbox.nextNotice(MARIA), await mailbox.nextNotice(AT_HOME)]
    for (const mail of [one, two]) {
      expect(mail.objection).toMatch(/^https:\/\/id\.northwind\.example\/account\/notice\/[\w-]{54}$/)
      expect(mail.text).toContain('Firefox on Linux')
      expect(mail.html).toContain(mail.objection)
    }
    expect(two.objection).toBe(one.objection)
  })

  test('R-109 stands or falls with what it tells', async () => {
    const { db, notices, told, count, jobs } = await house()
    const failing = db.transact(async (tx) => {
      await notices.tell(tx, told())
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect([await count('notice'), await count('delivery'), jobs.length]).toEqual([0, 0, 0])
  })

  test('in the person’s language, and names an application as it is known now', async () => {
    const { tell, work, mailbox } = await house()
    await tell({ kind: 'device_new', values: { clientId: 'shop' }, locale: 'de' })
    await work()
    const mail = await mailbox.nextNotice(MARIA)
    expect(mail.headers['content-language']).toBe('de')
    expect(mail.text).toContain('Fabrikam Shop')
  })

  test('R-118 of a rescue that was completed it says who helps, since nobody can take it back', async () => {
    const { tell, work, mailbox } = await house()
    const said: boolean[] = []
    for (const kind of ['rescue_completed', 'rescue_stopped'] as const) {
      await tell({ kind, values: {}, undo: {}, until: null })
      await work()
      said.push((await mailbox.nextNotice(MARIA)).text.includes('Help: help@northwind.example'))
    }
    expect(said).toEqual([true, false])
  })

  test('nobody is told where there is no address, and nothing is kept', async () => {
    const { tell, count, url } = await house()
    expect(await tell({ accountId: await newAccount(url) })).toBe(false)
    expect(await count('notice')).toBe(0)
  })

  test('R-109 an address gets none before it was the account’s for as long as one can object; the oldest one gets them till then', async () => {
    const { tell, work, jobs, mailbox, url, accountId, wait } = await house()
    await query(url, 'update address set usable_from = $1', [addSeconds(START, -2)])
    await addAddress(url, accountId, AT_HOME, addSeconds(START, -1))
    await addAddress(url, accountId, ELSEWHERE, addSeconds(START, 1))
    const toldTo = async (changes?: Partial<ToTell>) => {
      const before = mailbox.received.length
      await tell(changes)
      while (jobs.length > 0) await work()
      return mailbox.received.slice(before).map(({ to }) => to)
    }
    expect(await toldTo()).toEqual([MARIA])
    wait(HOLD_SECONDS - 2) // MARIA is old enough now
    expect(await toldTo()).toEqual([MARIA])
    wait(1)
    expect((await toldTo()).toSorted()).toEqual([MARIA, AT_HOME])
    expect(await toldTo({ not: AT_HOME })).toEqual([MARIA])
    // One that was just proven is told of nothing, even where it is the only one.
    await query(url, 'delete from address where canonical <> $1', [AT_HOME])
    expect(await toldTo({ not: AT_HOME })).toEqual([])
  })

  test('R-116 that a recovery code was used, and how many are left, with a way to object', async () => {
    const { tell, work, mailbox } = await house()
    await tell({ kind: 'code_used', values: { left: '2' }, undo: {} })
    await work()
    const mail = await mailbox.nextNotice(MARIA)
    expect(mail.text).toContain('2 are left')
    expect([mail.link, mail.code]).toEqual([null, null])
    expect(mail.html).toContain('/account/notice/')
  })

  test('a mail that nobody takes for a day is not sent any more', async () => {
    const { tell, jobs, wait, mailbox, url, delivery } = await house()
    mailbox.setBehaviour({ code: 451 })
    await tell()
    const [{ id } = { id: '' }] = jobs
    const state = async () => (await query<{ state: string }>(url, 'select state from delivery where id = $1', [id]))[0]?.state
    await delivery.deliver(id)
    expect(await state()).toBe('deferred')
    wait(86_399)
    await delivery.deliver(id)
    expect(await state()).not.toBe('handed_over')
    mailbox.setBehaviour('accept')
    wait(1)
    await delivery.deliver(id)
    expect([await state(), mailbox.received]).toEqual(['expired', []])
  })

  test('R-109 what was objected to by then is told no more; what went with its account leaves no mail behind', async () => {
    const { db, tokenBy, tell, work, notices, mailbox, url, accountId, count } = await house()
    const notice = await notices.byToken(await tokenBy())
    await db.transact((tx) => notices.object(tx, notice?.id ?? ''))
    expect(await notices.compose({ noticeId: notice?.id ?? '' } as DueDelivery)).toBeNull()
    const seen = mailbox.seen.length
    await tell()
    await query(url, 'delete from account where id = $1', [accountId])
    await work()
    expect([await count('notice'), await count('delivery'), mailbox.seen.length]).toEqual([0, 0, seen])
  })
})

describe('a device is told of once a day', () => {
  const device = { kind: 'device_new', values: { clientId: 'shop' }, undo: {}, once: 'here' } as const

  test('R-184 by however many sign-ins at once, over two instances', async () => {
    const { db, other, roomOn, told, count } = await house()
    const rooms = [db, other].map((on) => ({ on, room: roomOn(on) }))
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, round) => {
        const { on, room } = rooms[round % 2] as (typeof rooms)[number]
        return on.transact((tx) => room.tell(tx, told(device)))
      }),
    )
    expect([wins(outcomes), await count('notice'), await count('delivery')]).toEqual([1, 1, 1])
  })

  test('and again after 24 hours; another place, another account and another kind at once', async () => {
    const { tell, wait, url } = await house()
    expect(await tell(device)).toBe(true)
    wait(86_399)
    expect(await tell(device)).toBe(false)
    // What a device calls itself is its own choice: the place is what counts.
    expect(await tell({ ...device, device: 'Safari on iOS' })).toBe(false)
    expect(await tell({ ...device, once: 'elsewhere' })).toBe(true)
    const other = await newAccount(url)
    await addAddress(url, other, AT_HOME)
    expect(await tell({ ...device, accountId: other })).toBe(true)
    for (const _ of [1, 2]) expect(await tell()).toBe(true)
    wait(1)
    expect(await tell(device)).toBe(true)
  })
})

describe('“that was not me”', () => {
  test('R-109 the token of the mail speaks of what was done, until its last second', async () => {
    const { tokenBy, notices, accountId, wait, db } = await house()
    const token = await tokenBy({ values: { clientId: 'shop' } })
    expect(await notices.byToken(token)).toMatchObject({
      ...{ accountId, kind: 'factor_removed', undo: { credentialId: 'c-1' }, values: { app: 'Fabrikam Shop' } },
      ...{ device: 'Firefox on Linux', at: START, objectUntil: addSeconds(START, HOLD_SECONDS) },
    })
    wait(HOLD_SECONDS - 1)
    const notice = await notices.byToken(token)
    expect(notice).not.toBeNull()
    wait(1)
    expect(await notices.byToken(token)).toBeNull()
    expect(await db.transact((tx) => notices.object(tx, notice?.id ?? ''))).toBe(false)
  })

  test('R-053 of twenty objections at once over two instances one counts, and the token is worth nothing then', async () => {
    const { tokenBy, notices, roomOn, db, other } = await house()
    const token = await tokenBy()
    const id = (await notices.byToken(token))?.id ?? ''
    const rooms = [db, other].map((on) => ({ on, room: roomOn(on) }))
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, round) => {
        const { on, room } = rooms[round % 2] as (typeof rooms)[number]
        return on.transact((tx) => room.object(tx, id))
      }),
    )
    expect(wins(outcomes)).toBe(1)
    expect(await notices.byToken(token)).toBeNull()
  })

  test('R-050 no token is right but the one of the mail: not another notice’s, not one that is off by a letter', async () => {
    const { tokenBy, notices } = await house()
    const [one, two] = [await tokenBy(), await tokenBy()]
    const off = (at: number) => `${one.slice(0, at)}${one[at] === 'A' ? 'B' : 'A'}${one.slice(at + 1)}`
    const wrong = [
      one.slice(0, 22) + two.slice(22),
      off(0),
      off(21),
      off(22),
      off(53),
      `${one}A`,
      one.slice(0, -1),
      '',
      one.slice(0, 22),
    ]
    for (const token of wrong) expect(await notices.byToken(token)).toBeNull()
    expect(await notices.byToken(one)).not.toBeNull()
  })

  test('R-109 a notice that nobody may object to has no token', async () => {
    const { tokenBy, notices, url, db } = await house()
    const token = await tokenBy()
    const id = (await notices.byToken(token))?.id ?? ''
    await query(url, 'update notice set object_until = null')
    expect(await notices.byToken(token)).toBeNull()
    expect(await db.transact((tx) => notices.object(tx, id))).toBe(false)
  })

  test('R-109 an objection knows all that was told since, the newest first, of this account, and what is still open', async () => {
    const { tell, notices, wait, db, url } = await house()
    const since = (at: Date) => db.transact((tx) => notices.openSince(tx, accountId, at))
    const { accountId } = await someTold()
    expect((await since(addSeconds(START, 1))).map(({ kind }) => kind)).toEqual(['codes_replaced', 'factor_added'])
    const [newest] = await since(START)
    expect(newest).toMatchObject({ accountId, at: addSeconds(START, 2), undo: { credentialId: 'c-1' } })
    await db.transact((tx) => notices.object(tx, newest?.id ?? ''))
    expect((await since(START)).map(({ kind }) => kind)).toEqual(['factor_added', 'factor_removed'])
    wait(HOLD_SECONDS - 3)
    expect((await since(START)).map(({ kind }) => kind)).toEqual(['factor_added'])

    async function someTold() {
      const own = await newAccount(url)
      await addAddress(url, own, AT_HOME)
      for (const kind of ['factor_removed', 'factor_added', 'codes_replaced'] as const) {
        await tell({ accountId: own, kind })
        await tell({ kind: 'account_closing', values: { at: START.toISOString() } })
        wait(1)
      }
      return { accountId: own }
    }
  })

  test('F-63 a token is good as long as its secret is configured, and no longer', async () => {
    const { tokenBy, roomOn, db } = await house()
    const token = await tokenBy()
    expect(await roomOn(db, [NEW_SECRET, OLD_SECRET]).byToken(token)).not.toBeNull()
    expect(await roomOn(db, [NEW_SECRET]).byToken(token)).toBeNull()
  })

  test('R-170 nothing that is stored opens anything', async () => {
    const { tokenBy, url } = await house()
    const token = await tokenBy()
    const rows = await query<{ row: string }>(
      url,
      'select n::text as row from notice n union all select d::text from delivery d union all select e::text from audit_entry e',
    )
    for (const { row } of rows) expect(row).not.toContain(token.slice(22))
  })
})
