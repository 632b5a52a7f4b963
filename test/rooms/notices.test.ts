import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { addSeconds, createSecrets, type EmailAddress, newId } from '../../src/base/index.ts'
import type { Composed, DueDelivery } from '../../src/delivery/index.ts'
import { createNotices, type Notices, type ToTell } from '../../src/notices/index.ts'
import { createNoticeStore } from '../../src/store/index.ts'
import { createText } from '../../src/text/index.ts'
import { query } from '../support/database.ts'
import { cleanUp, onEnd, START, stage } from './delivery-stage.ts'
import { open } from './store-support.ts'

const ISSUER = 'https://id.northwind.example'
const HOLD_SECONDS = 3 * 86_400
const MARIA = 'maria@fabrikam.example' as EmailAddress
const AT_HOME = 'maria@home.example' as EmailAddress
const OLD_SECRET = 'the secret of last year, which is long enough'
const NEW_SECRET = 'the secret of this year, which is long enough'
const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} })

afterEach(cleanUp)

/** The room with real mails on a database of its own, seen by two instances. */
async function house(withSecrets: readonly string[] = [OLD_SECRET]) {
  let notices: Notices
  const around = await stage({ compose: (due: DueDelivery): Promise<Composed | null> => notices.compose(due) })
  const { db, clock, delivery, url } = around
  const other = open(url)
  onEnd(() => other.close())
  const roomOn = (on: typeof db, secrets = withSecrets): Notices =>
    createNotices({
      ...{ store: createNoticeStore(on), text, clock, issuer: ISSUER, objectSeconds: HOLD_SECONDS },
      queue: delivery.queue,
      appNameOf: async (clientId) => (clientId === 'shop' ? 'Fabrikam Shop' : null),
      secrets: createSecrets(secrets),
    })
  notices = roomOn(db)
  const accountId = await newAccount(url)
  const told = (changes: Partial<ToTell> = {}): ToTell => ({
    ...{
      accountId,
      kind: 'factor_removed',
      values: { name: 'Phone' },
      undo: { credentialId: 'c-1' },
      device: 'Firefox on Linux',
    },
    ...{ locale: 'en', to: [MARIA], objectable: true },
    ...changes,
  })
  const tell = (changes?: Partial<ToTell>) => db.transact((tx) => notices.tell(tx, told(changes)))
  /** Tells it and answers the token that stands in its mail. */
  const tokenBy = async (changes?: Partial<ToTell>): Promise<string> => {
    await tell(changes)
    await around.work()
    const mail = await around.mailbox.nextNotice(changes?.to?.[0] ?? MARIA)
    return (mail.objection ?? '').slice(`${ISSUER}/account/notice/`.length)
  }
  const count = async (table: string) => Number((await query<{ n: string }>(url, `select count(*) as n from ${table}`))[0]?.n)
  return { ...around, notices, roomOn, other, accountId, told, tell, tokenBy, count }
}

async function newAccount(url: string): Promise<string> {
  const id = newId()
  await query(url, `insert into account (id, profile, locale, created_at) values ($1, '{}', 'en', $2)`, [id, START])
  return id
}

const wins = (outcomes: readonly boolean[]) => outcomes.filter(Boolean).length

describe('what was done to an account is told by mail', () => {
  test('R-109, R-184 to each address, with the device, the moment and a link of this issuer', async () => {
    const { tell, work, mailbox, count } = await house()
    expect(await tell({ to: [MARIA, AT_HOME, MARIA] })).toBe(true)
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

  test('nobody is told where there is no address, and nothing is kept', async () => {
    const { tell, count } = await house()
    expect(await tell({ to: [] })).toBe(false)
    expect(await count('notice')).toBe(0)
  })

  test('that codes run low has no link, since there is nothing to take back', async () => {
    const { tell, work, mailbox } = await house()
    await tell({ kind: 'codes_low', values: { left: '2' }, undo: {}, objectable: false })
    await work()
    const mail = await mailbox.next(MARIA)
    expect(mail.text).toContain('2')
    expect([mail.objection, mail.link, mail.code]).toEqual([null, null, null])
    expect(mail.html).not.toContain('/account/notice/')
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
  const device = { kind: 'device_new', values: { clientId: 'shop' }, undo: {} } as const

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

  test('and again after 24 hours; another device, another account and another kind at once', async () => {
    const { tell, wait, url } = await house()
    expect(await tell(device)).toBe(true)
    wait(86_399)
    expect(await tell(device)).toBe(false)
    expect(await tell({ ...device, device: 'Safari on iOS' })).toBe(true)
    expect(await tell({ ...device, accountId: await newAccount(url) })).toBe(true)
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
    const [one, two] = [await tokenBy(), await tokenBy({ to: [AT_HOME] })]
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

  test('R-109 a notice without a link has no token', async () => {
    const { tell, tokenBy, notices, url, db } = await house()
    const token = await tokenBy()
    await tell({ kind: 'codes_low', values: { left: '1' }, undo: {}, objectable: false })
    const [{ id } = { id: '' }] = await query<{ id: string }>(url, `select id from notice where kind = 'codes_low'`)
    await query(url, 'update notice set object_until = null')
    expect(await notices.byToken(token)).toBeNull()
    expect(await db.transact((tx) => notices.object(tx, id))).toBe(false)
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
