import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/index.ts'
import type { CreationOptions } from '../../src/factors/index.ts'
import { type Attempt, levelOf, type Requirement } from '../../src/signin/index.ts'
import { query } from '../support/database.ts'
import { createSoftwarePasskey, type SoftwarePasskey } from '../support/software-passkey.ts'
import { asker } from './address-proof-stage.ts'
import { cleanUp } from './delivery-stage.ts'
import { here, NOTHING, type PasskeysStage, passkeysStage } from './passkeys-stage.ts'

let stage: PasskeysStage
beforeAll(async () => {
  stage = await passkeysStage()
})
afterAll(cleanUp)

const REQUIRED: Requirement = { secondFactor: 'required', acr: null }
const RESISTANT: Requirement = { secondFactor: 'optional', acr: { level: 4, essential: true } }
const UNVERIFIED = { ...here, flags: { uv: false } }
const WRONG = { outcome: 'wrong', triesLeft: 0 }

const WAITING = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

const demand = (accountId: string) => stage.db.transact((tx) => stage.one.credentials.demand(tx, accountId, true))

async function withApp(accountId: string): Promise<void> {
  const now = stage.clock.now()
  const app = { id: `app-${accountId}`, kind: 'totp', data: 'sealed', label: '', provenAt: now, now }
  await stage.db.transact((tx) => stage.one.credentials.add(tx, accountId, app))
}

async function kindsOf(attempt: Attempt): Promise<string[]> {
  return (await stage.one.second.ways(attempt, asker)).map(({ kind }) => kind).sort()
}

/** The open challenge for a passkey of an attempt. */
async function passkeyStep(attempt: Attempt) {
  const step = await stage.step(attempt.interactionUid)
  if (step.screen !== 'passkey') throw new Error(`the screen is ${step.screen}`)
  return step
}

async function second(attempt: Attempt, passkey: SoftwarePasskey, ceremony = here, remember = false) {
  const { challenge } = await passkeyStep(attempt)
  const options = await stage.one.passkeys.secondOptions(attempt)
  if (!options) throw new Error('no passkey is asked for')
  return stage.two.passkeys.answerSecond(attempt, challenge, passkey.get(options, ceremony), remember, asker)
}

async function setUp(attempt: Attempt, make: (options: CreationOptions) => string) {
  const options = await stage.one.passkeys.setUpOptions(attempt)
  return options && stage.one.passkeys.confirmEnrolment(attempt, make(options), ' My key ', asker)
}

describe('a passkey as the first proof', () => {
  test('R-069 is phishing-resistant with user verification, where an app is set up as well', async () => {
    const accountId = await stage.newAccount()
    const passkey = await stage.enrolled(accountId)
    await withApp(accountId)
    const { outcome, interactionUid } = await stage.signIn((options) => passkey.get(options, here), { requirement: RESISTANT })
    const attempt = await stage.attemptOf(interactionUid)
    expect([outcome.outcome, (await stage.step(interactionUid)).screen]).toEqual(['proven', 'gone-on'])
    expect(attempt).toMatchObject({ accountId, asks: null, proofs: [{ kind: 'passkey', level: 2 }] })
    expect(attempt.proofs[0]?.amr).toEqual(['passkey', 'pop', 'user', 'uv', 'swk'])
    expect(levelOf(attempt.proofs)).toBe(4)
  })

  test('R-069, R-101, R-121 without user verification is one proof: enough where nothing more is asked, else another is, and never a passkey', async () => {
    const accountId = await stage.newAccount()
    const passkey = await stage.enrolled(accountId)
    await stage.enrolled(accountId, createSoftwarePasskey())
    const get = async (requirement: Requirement) => {
      const { outcome, interactionUid } = await stage.signIn((options) => passkey.get(options, UNVERIFIED), { requirement })
      return { outcome: outcome.outcome, attempt: await stage.attemptOf(interactionUid) }
    }
    const plain = await get(NOTHING)
    expect([plain.outcome, levelOf(plain.attempt.proofs)]).toEqual(['proven', 1])
    for (const requirement of [REQUIRED, RESISTANT]) {
      const more = await get(requirement)
      expect([more.outcome, await kindsOf(more.attempt)]).toEqual(['second', ['email']])
    }
    await demand(accountId)
    const demanded = await get(NOTHING)
    expect([demanded.outcome, await kindsOf(demanded.attempt)]).toEqual(['second', ['email']])
    await withApp(accountId)
    expect(await kindsOf((await get(NOTHING)).attempt)).toEqual(['email', 'totp'])
  })

  test('R-095 opens no account that is suspended', async () => {
    const accountId = await stage.newAccount()
    const passkey = await stage.enrolled(accountId)
    await query(stage.url, `update account set state = 'suspended' where id = $1`, [accountId])
    const { outcome, interactionUid } = await stage.signIn((options) => passkey.get(options, here))
    expect(outcome).toEqual({ outcome: 'refused', reason: 'account_closed' })
    expect((await stage.attemptOf(interactionUid)).state).toBe('ended')
  })

  test('R-184 in a browser that does not know the account is told to its person, and in one that does is not', async () => {
    const accountId = await stage.newAccount('otto@fabrikam.example')
    const passkey = await stage.enrolled(accountId)
    const told = () => stage.told.filter((one) => one.accountId === accountId).map(({ kind }) => kind)
    const knownCookie = stage.one.knownBrowsers.remember(undefined, 'otto@fabrikam.example' as never)
    await stage.signIn((options) => passkey.get(options, here), { by: { ...asker, knownCookie } })
    expect(told()).toEqual([])
    await stage.signIn((options) => passkey.get(options, here))
    expect(told()).toEqual(['device_new'])
  })

  test('is asked for by one network so often and no more', async () => {
    const by = { ...asker, ipSubject: '198.51.100.9' }
    const ask = () => stage.one.passkeys.signInOptions(stage.purpose(), by)
    const asked = await Promise.allSettled(Array.from({ length: stage.asksMax + 5 }, ask))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(stage.asksMax)
    await expect(ask()).rejects.toMatchObject({ code: 'too_many_requests' })
  })
})

describe('a passkey as the second proof', () => {
  test('R-101 is asked for after mail where its person wants it always, and opens then; mail alone does not', async () => {
    const accountId = await stage.newAccount()
    const passkey = await stage.enrolled(accountId)
    expect((await stage.provenBy('email', NOTHING, accountId)).state).toBe('proven')
    await demand(accountId)
    const attempt = await stage.provenBy('email', NOTHING, accountId)
    expect([attempt.state, await kindsOf(attempt)]).toEqual(['open', ['passkey']])
    const done = await second(attempt, passkey, UNVERIFIED, true)
    expect([done.outcome, done.token?.length]).toEqual(['proven', 43])
    const { proofs } = await stage.attemptOf(attempt.interactionUid)
    expect([proofs.map(({ kind }) => kind), levelOf(proofs)]).toEqual([['email', 'passkey'], 4])
  })

  test('R-110, R-112 of somebody else, of another sign-in, or signed to begin one is refused; tries are counted', async () => {
    const [accountId, other] = [await stage.newAccount(), await stage.newAccount()]
    const [passkey, stranger] = [await stage.enrolled(accountId), await stage.enrolled(other)]
    for (const id of [accountId, other]) await demand(id)
    const attempt = await stage.provenBy('email', NOTHING, accountId)
    const elsewhere = await stage.provenBy('email', NOTHING, accountId)
    const { challenge } = await passkeyStep(attempt)
    const first = passkey.get(await stage.one.passkeys.signInOptions(stage.purpose(attempt.interactionUid), asker), here)
    const mine = passkey.get((await stage.one.passkeys.secondOptions(elsewhere)) as never, here)
    for (const response of [first, mine]) {
      expect((await stage.one.passkeys.answerSecond(attempt, challenge, response, false, asker)).outcome).toBe('wrong')
    }
    expect(await second(attempt, stranger)).toEqual({ outcome: 'wrong', triesLeft: stage.triesMax - 3 })
    expect((await second(attempt, passkey, { ...here, userHandle: 'AAAA' })).outcome).toBe('wrong')
    expect((await second(attempt, passkey)).outcome).toBe('proven')
    const options = await stage.one.passkeys.secondOptions(elsewhere)
    const asFirst = await stage.one.passkeys.answerSignIn(
      stage.purpose(elsewhere.interactionUid),
      NOTHING,
      passkey.get(options as never, here),
      asker,
    )
    expect(asFirst).toEqual(WRONG)
  })

  test('R-103 is asked for by its id, after a first proof and not before; one that is not discoverable works, and only so', async () => {
    const accountId = await stage.newAccount()
    const passkey = await stage.enrolled(accountId, createSoftwarePasskey({ resident: false, counts: true }))
    await demand(accountId)
    expect((await stage.signIn((options) => passkey.get(options, here))).outcome).toEqual(WRONG)
    const attempt = await stage.provenBy('email', NOTHING, accountId)
    expect((await stage.one.passkeys.secondOptions(attempt))?.allowCredentials?.map(({ id }) => id)).toEqual([passkey.id])
    expect(await stage.one.passkeys.secondOptions({ ...attempt, proofs: [] })).toBeNull()
    expect((await second(attempt, passkey)).outcome).toBe('proven')
  })

  test('F-22 given twenty times at once to two instances is taken once', async () => {
    const accountId = await stage.newAccount()
    const passkey = await stage.enrolled(accountId)
    await demand(accountId)
    const attempt = await stage.provenBy('email', NOTHING, accountId)
    const { challenge } = await passkeyStep(attempt)
    const response = passkey.get((await stage.one.passkeys.secondOptions(attempt)) as never, here)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 ? stage.one : stage.two).passkeys.answerSecond(attempt, challenge, response, false, asker),
      ),
    )
    expect(outcomes.filter(({ outcome }) => outcome === 'proven')).toHaveLength(1)
  })
})

describe('a passkey that is set up in a sign-in', () => {
  test('R-101 that needs one is proven by that, is asked for from now on, and brings recovery codes', async () => {
    const accountId = await stage.newAccount()
    const attempt = await stage.provenBy('email', RESISTANT, accountId)
    expect(attempt.asks).toBe('enrol')
    expect(
      await setUp(attempt, (options) => createSoftwarePasskey().create(options, { ...here, origin: 'https://evil.test' })),
    ).toEqual(WRONG)
    const response = createSoftwarePasskey().create((await stage.one.passkeys.setUpOptions(attempt)) as CreationOptions, here)
    const twice = [stage.one, stage.two].map(({ passkeys }) => passkeys.confirmEnrolment(attempt, response, ' My key ', asker))
    expect((await Promise.all(twice)).map(({ outcome }) => outcome).sort()).toEqual(['ended', 'second'])
    const shown = await stage.attemptOf(attempt.interactionUid)
    expect([shown.asks, stage.one.second.codesToKeep(shown).length]).toEqual(['keep-codes', 10])
    expect(await stage.one.second.codesKept(shown, asker)).toMatchObject({ outcome: 'proven' })
    expect(await stage.accountOf(accountId)).toMatchObject({ passkeys: 1, demandsSecond: true, authenticators: 1 })
    expect(stage.told.filter((one) => one.accountId === accountId)).toMatchObject([
      { kind: 'passkey_added', values: { name: 'My key' }, undo: { always: 'yes' } },
    ])
    expect((await stage.provenBy('email', NOTHING, accountId)).asks).toBe('second')
  })

  test('R-101 is set up by nobody who has not shown the app there is, whatever the application insists on', async () => {
    const accountId = await stage.newAccount()
    await withApp(accountId)
    const attempt = await stage.provenBy('email', RESISTANT, accountId)
    expect([attempt.asks, await kindsOf(attempt)]).toEqual(['second', ['totp']])
    expect(await stage.one.passkeys.setUpOptions(attempt)).toBeNull()
  })

  test('after it is a way in and nothing more: no codes, nothing demanded, and its person is told; the second is not offered', async () => {
    const accountId = await stage.newAccount()
    const attempt = await stage.provenBy('email', NOTHING, accountId)
    expect(await stage.one.passkeys.mayOffer(attempt)).toBe(true)
    const passkey = createSoftwarePasskey()
    expect(await setUp(attempt, (options) => passkey.create(options, here))).toMatchObject({ outcome: 'proven' })
    expect(await stage.accountOf(accountId)).toMatchObject({ passkeys: 1, demandsSecond: false, authenticators: 0 })
    expect(await stage.one.credentials.ofAccount(accountId)).toHaveLength(1)
    expect(stage.told.filter((one) => one.accountId === accountId).map(({ kind }) => kind)).toEqual(['passkey_added'])
    expect(await stage.one.passkeys.mayOffer(attempt)).toBe(false)
    expect(await setUp(attempt, (options) => passkey.create(options, here))).toBeNull()
    expect((await stage.signIn((options) => passkey.get(options, here))).outcome).toMatchObject({ outcome: 'proven' })
  })

  test('R-101 is not added any more where an app was set up since it was offered', async () => {
    const accountId = await stage.newAccount()
    const attempt = await stage.provenBy('email', NOTHING, accountId)
    const response = createSoftwarePasskey().create((await stage.one.passkeys.setUpOptions(attempt)) as never, here)
    const confirmed = await stage.db.transact(async (tx) => {
      await stage.one.credentials.lock(tx, accountId)
      const now = stage.clock.now()
      const confirming = stage.two.passkeys.confirmEnrolment(attempt, response, '', asker)
      while ((await query(stage.url, WAITING)).length === 0);
      await stage.one.credentials.add(tx, accountId, { id: newId(), kind: 'totp', data: 'sealed', label: '', provenAt: now, now })
      return { confirming }
    })
    expect(await confirmed.confirming).toEqual({ outcome: 'ended' })
    expect((await stage.one.credentials.ofAccount(accountId)).map(({ kind }) => kind)).toEqual(['totp'])
  })

  test('R-101 is demanded by nobody who was not asked, whatever somebody else left behind', async () => {
    const accountId = await stage.newAccount()
    await demand(accountId)
    const attempt = await stage.provenBy('email', NOTHING, accountId)
    expect(await setUp(attempt, (options) => createSoftwarePasskey().create(options, here))).toMatchObject({ outcome: 'proven' })
    expect(await stage.accountOf(accountId)).toMatchObject({ passkeys: 1, demandsSecond: false })
  })

  test('R-101 is not offered on the word of a browser that is not asked for the app', async () => {
    const accountId = await stage.newAccount()
    const earlier = await stage.provenBy('email', NOTHING, accountId)
    await withApp(accountId)
    expect(await stage.one.passkeys.mayOffer(earlier)).toBe(false)
    expect(await stage.one.passkeys.setUpOptions(earlier)).toBeNull()
  })

  test('R-100 is set up by no attempt that has ended or is too old', async () => {
    const attempt = await stage.provenBy('email', NOTHING, await stage.newAccount())
    const response = createSoftwarePasskey().create((await stage.one.passkeys.setUpOptions(attempt)) as never, here)
    expect(await stage.one.passkeys.setUpOptions({ ...attempt, purpose: 'address' })).toBeNull()
    await query(stage.url, `update attempt set state = 'ended' where id = $1`, [attempt.id])
    expect(await stage.one.passkeys.confirmEnrolment(attempt, response, '', asker)).toEqual({ outcome: 'ended' })
    stage.wait(10 * 60)
    expect(await stage.one.passkeys.setUpOptions(attempt)).toBeNull()
  })
})
