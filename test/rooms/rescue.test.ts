import { afterEach, describe, expect, test } from '@jest/globals'
import type { EmailAddress } from '../../src/base/index.ts'
import { cleanUp } from './delivery-stage.ts'
import { asker, DELAY, EMAIL, HOUR, PHONE, rescueStage } from './rescue-stage.ts'

afterEach(cleanUp)

const THIEFS = 'thief@contoso.example' as EmailAddress

describe('a rescue that is completed', () => {
  test('R-024, R-109, R-121, V-31 puts one new factor in the place of all there were, and of those that were added meanwhile', async () => {
    const { one, person, begin, proved, takenUp, wait, rows, told, state, events, addApp, now } = await rescueStage()
    const { id } = await person()
    await one.on.transact((tx) => one.devices.remember(tx, id, 'Chrome'))
    const record = `insert into oidc_record (model, id, payload, uid, account_id, grant_id, expires_at) values ($1, $1, '{}', 'u', $2, 'g', '2040-01-01')`
    for (const model of ['Session', 'RefreshToken', 'Grant']) await rows(record, [model, id])
    expect(await begin()).toBe('begun')
    const startedAt = now()
    await addApp(id)
    wait(DELAY / 2)
    await one.rescues.tick()
    await one.rescues.tick()
    wait(DELAY / 2 - 1)
    const early = await proved()
    expect(await one.rescues.readyFor(early)).toBeNull()
    expect(await one.rescues.takeUp(early)).toBe(false)
    wait(1)
    await one.rescues.tick()
    const { may, attempt, finish } = await takenUp(await proved())
    expect([may, attempt.asks]).toEqual([true, 'enrol'])
    expect(await finish()).toEqual({ outcome: 'second' })
    const kinds = await rows('select kind, count(*)::int as n from credential where account_id = $1 group by 1 order by 1', [id])
    expect(kinds).toEqual([
      { kind: 'recovery', n: 10 },
      { kind: 'totp', n: 1 },
    ])
    expect(await rows('select model from oidc_record where account_id = $1', [id])).toEqual([])
    expect(await rows('select id from remembered_device')).toEqual([])
    const [account] = await rows('select recovered_at, recovery_started_at, demands_second from account where id = $1', [id])
    expect(account).toEqual({ recovered_at: now(), recovery_started_at: startedAt, demands_second: false })
    expect([await state(id), await events(id)]).toEqual([['completed'], ['rescue.started', 'rescue.completed']])
    // No notice of the new factor: its link would take it away, and leave the account with the mailbox alone.
    expect(await told(id)).toEqual(['rescue_started', 'rescue_halfway', 'rescue_open', 'rescue_completed'])
    expect(await rows(`select object_until from notice where kind = 'rescue_completed'`)).toEqual([{ object_until: null }])
  })
})

describe('who may begin one', () => {
  test('R-088 needs the mailbox, and the phone where there is one: neither of them alone', async () => {
    const { one, person, proved, proveOpen, reload, told } = await rescueStage()
    const { id } = await person([EMAIL, PHONE])
    const attempt = await proved()
    const account = await one.accounts.find(id)
    if (!account) throw new Error('no account')
    expect(await one.rescues.may(attempt, account, asker)).toMatchObject({ may: 'prove', channel: 'sms' })
    expect(await one.rescues.begin(attempt, asker)).toBe('not_proven')
    const byPhone = await proved(PHONE)
    expect(await one.rescues.may(byPhone, account, asker)).toMatchObject({ may: 'prove', channel: 'email' })
    expect(await one.rescues.begin(byPhone, asker)).toBe('not_proven')
    await one.rescues.proveOther(attempt, asker)
    const proven = await proveOpen(await reload(attempt), 'sms')
    expect(await one.rescues.may(proven, account, asker)).toEqual({ may: 'now', delaySeconds: DELAY })
    expect(await one.rescues.begin(proven, asker)).toBe('begun')
    expect(await told(id)).toEqual(['rescue_started'])
  })

  test('R-119, V-31 it is the account whose address was proven, whatever account an attempt names', async () => {
    const { one, person, begin, proved, waited, count } = await rescueStage()
    const { id } = await person()
    await person([THIEFS])
    const thiefs = await proved(THIEFS)
    expect(await one.rescues.begin({ ...thiefs, accountId: id }, asker)).toBe('not_proven')
    expect(await count('rescue')).toBe(0)
    expect(await begin()).toBe('begun')
    await waited(DELAY)
    const steered = { ...(await proved(THIEFS)), accountId: id }
    expect(await one.rescues.readyFor(steered)).toBeNull()
    expect(await one.on.transact((tx) => one.rescues.readyIn(tx, steered))).toBeNull()
  })

  test('of many at once, on two instances, one begins, and its person is told once', async () => {
    const { one, two, person, proved, told, state } = await rescueStage()
    const { id } = await person()
    const attempts = await Promise.all([proved(), proved(), proved()])
    const begun = await Promise.all(attempts.map((attempt, nth) => (nth % 2 ? one : two).rescues.begin(attempt, asker)))
    expect(begun.sort()).toEqual(['begun', 'waiting', 'waiting'])
    expect([await state(id), await told(id)]).toEqual([['waiting'], ['rescue_started']])
  })
})

describe('a flood of rescues', () => {
  test('R-109 a sign-in begins one at most, and an account three a day: each is told everywhere', async () => {
    const { one, person, proved, wait, told } = await rescueStage()
    const { id } = await person()
    const account = await one.accounts.find(id)
    if (!account) throw new Error('no account')
    for (let day = 0; day < 3; day++) {
      const attempt = await proved()
      wait(1)
      expect(await one.rescues.begin(attempt, asker)).toBe('begun')
      expect(await one.rescues.begin(attempt, asker)).toBe('waiting')
      await one.rescues.cancel({ accountId: id }, 'person', {})
      expect(await one.rescues.may(attempt, account, asker)).toEqual({ may: 'again' })
      expect(await one.rescues.begin(attempt, asker)).toBe('again')
      wait(HOUR)
    }
    const fourth = await proved()
    await expect(one.rescues.begin(fourth, asker)).rejects.toThrow('too_many_requests')
    expect(await told(id)).toHaveLength(6)
    const by = { accountId: id, actorId: 'admin', delaySeconds: HOUR, device: 'x', reason: null, where: {} }
    expect(await one.on.transact((tx) => one.rescues.beginByAdmin(tx, by))).toBe('begun')
  })
})

describe('a rescue that is stopped', () => {
  test('by one tap, whoever taps first; the next one may begin', async () => {
    const { one, two, person, begin, rows, told, state } = await rescueStage()
    const { id } = await person()
    await begin()
    const [notice] = await rows<{ until: Date; rescueId: string }>(
      `select object_until as until, detail -> 'undo' ->> 'rescueId' as "rescueId" from notice`,
    )
    const rescueId = notice?.rescueId ?? ''
    expect(notice?.until).toEqual((await one.rescues.open(id))?.lapsesAt)
    const taps = [one.rescues.cancel({ rescueId }, 'notice', {}), two.rescues.cancel({ accountId: id }, 'person', {})]
    expect((await Promise.all(taps)).sort()).toEqual([false, true])
    expect([await state(id), await told(id)]).toEqual([['cancelled'], ['rescue_started', 'rescue_stopped']])
    expect(await one.rescues.cancel({ rescueId }, 'notice', {})).toBe(false)
    expect(await begin()).toBe('begun')
  })

  test('R-101 at the last moment: who was about to set up a factor by it sets up none', async () => {
    const { one, person, begin, proved, takenUp, waited } = await rescueStage()
    const { id, seed } = await person()
    await begin()
    await waited(DELAY)
    const { finish } = await takenUp(await proved())
    await one.rescues.cancel({ accountId: id }, 'notice', {})
    expect(await finish()).toEqual({ outcome: 'second' })
    const apps = (await one.credentials.ofAccount(id)).filter(({ provenAt }) => provenAt !== null)
    expect(apps.map(({ label }) => [label, seed.length])).toEqual([['Phone', 32]])
  })
})

describe('an account whose passkeys are no demand', () => {
  const required = { secondFactor: 'required', acr: null } as const

  async function ofPasskeys(count = 1) {
    const stage = await rescueStage()
    const { id } = await stage.person()
    await stage.rows('delete from credential')
    for (let nth = 0; nth < count; nth++) await stage.addPasskey(id)
    const proved = () => stage.proved(EMAIL, asker, required)
    expect(await stage.one.rescues.begin(await proved(), asker)).toBe('begun')
    await stage.waited(DELAY)
    return { ...stage, id, proved }
  }

  test('R-101 is stopped at the last moment as well: no app and no passkey is set up by it', async () => {
    const { one, id, proved, takenUp, state, rows } = await ofPasskeys()
    const byApp = await takenUp(await proved())
    const byPasskey = await takenUp(await proved())
    expect(await one.rescues.cancel({ accountId: id }, 'notice', {})).toBe(true)
    expect([await byApp.finish(), await byPasskey.finishByPasskey()]).toEqual([{ outcome: 'second' }, { outcome: 'second' }])
    const asked = await Promise.all([byApp, byPasskey].map(({ attempt }) => one.flow.history(attempt.interactionUid)))
    expect(asked.map(([attempt]) => attempt?.asks)).toEqual(['second', 'second'])
    expect(await rows('select kind from credential where proven_at is not null')).toEqual([{ kind: 'passkey' }])
    expect(await state(id)).toEqual(['cancelled'])
  })

  test('is rescued by a passkey, however many it had: they go', async () => {
    const { id, proved, takenUp, rows, state } = await ofPasskeys(20)
    const { finishByPasskey } = await takenUp(await proved())
    expect(await finishByPasskey()).toEqual({ outcome: 'second' })
    expect(await rows(`select label from credential where kind = 'passkey'`)).toEqual([{ label: 'New' }])
    expect(await state(id)).toEqual(['completed'])
  })
})

describe('the clock', () => {
  test('R-109, F-36 opens nothing before its person was told that it does, nor by a clock that runs ahead', async () => {
    const ahead = await rescueStage({ CLOCK_SKEW_MAX: '10s' })
    const { id } = await ahead.person()
    await ahead.begin()
    await ahead.waited(DELAY)
    expect(await ahead.told(id)).toEqual(['rescue_started'])
    expect(await ahead.one.rescues.takeUp(await ahead.proved())).toBe(false)
    expect((await ahead.one.rescues.open(id))?.ready).toBe(false)
    const { one, person, begin, proved, wait, rows } = await rescueStage()
    await person()
    await begin()
    wait(DELAY)
    const attempt = await proved()
    expect(await one.rescues.takeUp(attempt)).toBe(false)
    expect(await one.on.transact((tx) => one.rescues.readyIn(tx, attempt))).toBeNull()
    await one.rescues.tick()
    expect(await one.rescues.takeUp(attempt)).toBe(true)
    // A route that was down for days tells it all the same.
    const sent = `select count(*)::int as n from delivery d join notice n on n.id = d.notice_id where d.give_up_at < n.object_until`
    expect(await rows(sent)).toEqual([{ n: 0 }])
  })

  test('is open from the moment it opens until the one it lapses at, to the second; then another may begin', async () => {
    const { one, person, begin, proved, wait, waited, state, events, told } = await rescueStage({ RESCUE_WINDOW: '1h' })
    const { id } = await person()
    await begin()
    await waited(DELAY)
    expect(await one.rescues.readyFor(await proved())).not.toBeNull()
    wait(HOUR - 1)
    const late = await proved()
    expect(await one.rescues.readyFor(late)).not.toBeNull()
    wait(1)
    expect(await one.rescues.readyFor(late)).toBeNull()
    expect(await one.on.transact((tx) => one.rescues.readyIn(tx, late))).toBeNull()
    expect(await one.rescues.open(id)).toBeNull()
    expect(await begin()).toBe('begun')
    expect(await state(id)).toEqual(['lapsed', 'waiting'])
    wait(DELAY + HOUR)
    await one.rescues.tick()
    expect(await state(id)).toEqual(['lapsed', 'lapsed'])
    expect((await told(id)).at(-1)).toBe('rescue_lapsed')
    expect((await events(id)).filter((event) => event === 'rescue.lapsed')).toHaveLength(2)
  })
})
