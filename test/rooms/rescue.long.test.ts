import { afterEach, describe, expect, test } from '@jest/globals'
import { addSeconds, type EmailAddress } from '../../src/base/index.ts'
import { cleanUp, START } from './delivery-stage.ts'
import { asker, DAY, DELAY, EMAIL, HOUR, rescueStage } from './rescue-stage.ts'
import { codeOf } from './totp-support.ts'

afterEach(cleanUp)

const THIEFS = 'thief@contoso.example' as EmailAddress

describe('a rescue that is completed', () => {
  test('of two sign-ins that take it up at once, on two instances, a single one does', async () => {
    const { one, two, person, begin, proved, takenUp, waited, state } = await rescueStage()
    const { id } = await person()
    await begin()
    await waited(DELAY)
    const both = [await takenUp(await proved()), await takenUp(await proved())]
    const outcomes = await Promise.all(both.map(({ finish }, nth) => finish(nth ? two : one)))
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['ended', 'second'])
    expect(await state(id)).toEqual(['completed'])
    expect((await one.credentials.ofAccount(id)).filter(({ kind }) => kind === 'totp')).toHaveLength(1)
  })

  test('R-101 a passkey that is set up by one is asked for from then on, as what was lost was', async () => {
    const { one, person, begin, proved, waited, rows } = await rescueStage()
    const { id } = await person()
    await begin()
    await waited(DELAY)
    const attempt = await proved()
    await one.rescues.takeUp(attempt)
    const passkey = `insert into credential (id, account_id, kind, data, external_id, label, proven_at, created_at) values ('k', $1, 'passkey', '{}', 'x', '', $2, $2)`
    await rows(passkey, [id, START])
    await one.on.transact(async (tx) => (await one.rescues.readyIn(tx, attempt))?.('k', {}))
    expect((await one.credentials.ofAccount(id)).map(({ kind }) => kind)).toEqual(['passkey'])
    expect(await one.accounts.find(id)).toMatchObject({ authenticators: 1, passkeys: 1, demandsSecond: true })
    expect(await one.on.transact((tx) => one.rescues.readyIn(tx, attempt))).toBeNull()
  })

  test.each([
    ['a person', null, null],
    ['an administrator', 'admin', 'admin'],
  ])('a role that was begun by %s goes or stays', async (_who, actorId, role) => {
    const { one, person, begin, proved, takenUp, waited, rows, events } = await rescueStage()
    const { id } = await person([EMAIL], { role: 'admin' })
    const device = 'An administrator'
    const where = {}
    if (!actorId) expect(await begin()).toBe('begun')
    else {
      const by = { accountId: id, actorId, delaySeconds: HOUR, device, reason: null, where }
      expect(await one.on.transact((tx) => one.rescues.beginByAdmin(tx, by))).toBe('begun')
    }
    await waited(actorId ? HOUR : DELAY)
    expect(await (await takenUp(await proved())).finish()).toEqual({ outcome: 'second' })
    expect(await rows('select role from account where id = $1', [id])).toEqual([{ role }])
    expect((await events(id)).includes('administrator.revoked')).toBe(role === null)
  })
})

describe('a rescue that is stopped', () => {
  test('by a sign-in with the factor that was found again; what an administrator began goes on', async () => {
    const { one, person, begin, proved, reload, wait, state, told, now } = await rescueStage()
    const { id, seed } = await person()
    async function signIn() {
      wait(60)
      const attempt = await proved()
      const [challenge] = attempt.challenges.filter(({ kind }) => kind === 'totp')
      if (!challenge) throw new Error('no code is asked for')
      const code = codeOf(seed, now().getTime() / 1000)
      expect(await one.second.answer(attempt, challenge, code, false, asker)).toMatchObject({ outcome: 'proven' })
      return reload(attempt)
    }
    await begin()
    await signIn()
    expect(await state(id)).toEqual(['cancelled'])
    expect(await told(id)).toContain('rescue_stopped')
    const by = { accountId: id, actorId: 'admin', delaySeconds: HOUR, device: 'x', reason: null, where: {} }
    await one.on.transact((tx) => one.rescues.beginByAdmin(tx, by))
    await signIn()
    expect(await state(id)).toEqual(['cancelled', 'waiting'])
  })

  test('“this was not me” ends what could be in other hands, and none begins for a while, except by an administrator', async () => {
    const { one, person, begin, wait, rows, events, now } = await rescueStage({ RESCUE_LOCK: '2d' })
    const { id } = await person()
    await one.on.transact((tx) => one.devices.remember(tx, id, 'Chrome'))
    await rows(
      `insert into oidc_record (model, id, payload, uid, account_id, grant_id, expires_at) select model, model, '{}', 'u', $1, 'g', '2040-01-01' from unnest(array['Session', 'RefreshToken', 'Grant']) as model`,
      [id],
    )
    await begin()
    await rows(
      `insert into address (kind, canonical, account_id, usable_from, proven_at, created_at) values ('email', $1, $2, '2039-01-01', $3, $3)`,
      [THIEFS, id, now()],
    )
    expect(await one.rescues.notMe(id, 'person', {})).toBe(true)
    expect(await one.rescues.notMe(id, 'person', {})).toBe(false)
    expect(await rows('select model from oidc_record where account_id = $1', [id])).toEqual([])
    expect(await rows('select id from remembered_device')).toEqual([])
    expect(await rows('select canonical from address')).toEqual([{ canonical: EMAIL }])
    expect(await events(id)).toEqual(['rescue.started', 'rescue.stopped', 'rescue.disowned'])
    expect(await begin()).toBe('locked')
    wait(2 * DAY - 1)
    expect(await begin()).toBe('locked')
    wait(1)
    expect(await begin()).toBe('begun')
    await one.rescues.notMe(id, 'person', {})
    const by = { accountId: id, actorId: 'admin', delaySeconds: HOUR, device: 'x', reason: null, where: {} }
    expect(await one.on.transact((tx) => one.rescues.beginByAdmin(tx, by))).toBe('begun')
    // That one is stopped by a link in a mail, and locks nobody out: the mail may be read by somebody else.
    wait(2 * DAY)
    expect(await one.on.transact((tx) => one.rescues.disown(tx, id, 'notice', {}))).toBe(true)
    expect(await begin()).toBe('begun')
  })

  test('R-119 with its address: one that leaves the account, or is to, opens nothing and ends it', async () => {
    const { one, person, begin, proved, takenUp, wait, waited, rows, state, told } = await rescueStage()
    const { id } = await person()
    await rows(
      `insert into address (kind, canonical, account_id, usable_from, proven_at, created_at) select 'email', 'other@fabrikam.example', account_id, usable_from, proven_at, created_at from address`,
    )
    await begin()
    await waited(DELAY)
    const ready = await takenUp(await proved())
    await rows(`update address set leaves_at = '2039-01-01' where canonical = $1`, [EMAIL])
    expect(await one.rescues.readyFor(await proved('other@fabrikam.example' as EmailAddress))).toBeNull()
    expect(await one.rescues.readyFor(await proved())).toBeNull()
    expect(await ready.finish()).toEqual({ outcome: 'second' })
    expect(await state(id)).toEqual(['waiting'])
    await one.rescues.cancel({ accountId: id }, 'person', {})
    wait(60)
    expect(await begin('other@fabrikam.example' as EmailAddress)).toBe('begun')
    await rows(`update address set leaves_at = '2039-01-01'`)
    await waited(DELAY)
    expect([await state(id), (await told(id)).at(-1)]).toEqual([['cancelled', 'cancelled'], 'rescue_stopped'])
  })
})

describe('the clock', () => {
  test('tells each thing once, however many instances look, and what is over late or not at all', async () => {
    const { one, two, person, begin, wait, told } = await rescueStage()
    const { id } = await person()
    await begin()
    const look = () => Promise.all([one, two, one, two].map(({ rescues }) => rescues.tick()))
    wait(DELAY / 2 - 1)
    await look()
    expect(await told(id)).toEqual(['rescue_started'])
    wait(1)
    await look()
    expect(await told(id)).toEqual(['rescue_started', 'rescue_halfway'])
    wait(DELAY / 2)
    await look()
    expect(await told(id)).toEqual(['rescue_started', 'rescue_halfway', 'rescue_open'])
    await one.rescues.cancel({ accountId: id }, 'person', {})
    await begin()
    wait(DELAY + HOUR)
    await look()
    expect(await told(id)).toEqual(expect.not.arrayContaining(['rescue_lapsed']))
    expect((await told(id)).filter((kind) => kind === 'rescue_halfway')).toHaveLength(1)
    expect((await told(id)).filter((kind) => kind === 'rescue_open')).toHaveLength(2)
  })

  test('R-118 opens earlier where an administrator shortens it, and its person hears of that at once', async () => {
    const { one, person, begin, proved, waited, told, now } = await rescueStage()
    const { id } = await person()
    await begin()
    const shorten = (seconds: number) =>
      one.on.transact((tx) => one.rescues.shorten(tx, id, addSeconds(now(), seconds), {}, 'An administrator'))
    expect(await shorten(DELAY + 1)).toBe(false)
    expect(await shorten(HOUR)).toBe(true)
    expect(await told(id)).toEqual(['rescue_started', 'rescue_halfway'])
    await waited(HOUR)
    expect(await told(id)).toEqual(['rescue_started', 'rescue_halfway', 'rescue_open'])
    expect(await one.rescues.readyFor(await proved())).not.toBeNull()
  })
})
