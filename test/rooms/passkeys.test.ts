import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RequestOptions } from '../../src/factors/index.ts'
import { createSoftwarePasskey } from '../support/software-passkey.ts'
import { asker } from './address-proof-stage.ts'
import { cleanUp } from './delivery-stage.ts'
import { here, NOTHING, type PasskeysStage, passkeysStage, RELATED, RP_ID } from './passkeys-stage.ts'

let stage: PasskeysStage
beforeAll(async () => {
  stage = await passkeysStage()
})
afterAll(cleanUp)

const WRONG = { outcome: 'wrong', triesLeft: 0 }

describe('an assertion', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)(
    'R-111 signed by %s opens the account, from the issuer and from a related origin',
    async (algorithm) => {
      const passkey = await stage.enrolled(await stage.newAccount(), createSoftwarePasskey({ algorithm }))
      for (const origin of [here.origin, RELATED]) {
        expect((await stage.signIn((options) => passkey.get(options, { origin }))).outcome).toMatchObject({ outcome: 'proven' })
      }
    },
  )

  test.each([
    ['R-111 of a page of another origin', { origin: 'https://id.northwind.example.evil.test' }],
    ['R-111 of the same host by http', { origin: `http://${RP_ID}` }],
    ['R-111 made in a page within another site', { client: { crossOrigin: true } }],
    ['R-111 that names a page around it', { client: { topOrigin: 'https://evil.test' } }],
    ['R-111 that names the same page around it', { client: { crossOrigin: true, topOrigin: here.origin } }],
    ['R-111 for another relying party', { rpId: 'evil.test' }],
    ['R-111 without the person being there', { flags: { up: false } }],
    ['R-111 of the making of a passkey', { client: { type: 'webauthn.create' } }],
    ['R-111 signed by another key', { forged: true }],
    ['R-110 of another challenge', { client: { challenge: Buffer.alloc(32, 7).toString('base64url') } }],
    ['R-112 in the name of somebody else', { userHandle: Buffer.alloc(32, 7).toString('base64url') }],
    ['R-112 in the name of nobody, where nobody was named', { userHandle: null }],
    ['R-113 that says it is no copy, of one that may be', { flags: { be: false, bs: false } }],
  ])('%s is refused, as an unknown one is', async (_what, changes) => {
    const passkey = await stage.enrolled(await stage.newAccount())
    const { outcome, interactionUid } = await stage.signIn((options) => passkey.get(options, { ...here, ...changes }))
    expect(outcome).toEqual(WRONG)
    expect(await stage.one.flow.history(interactionUid)).toEqual([])
    expect((await stage.signIn((options) => passkey.get(options, here))).outcome).toMatchObject({ outcome: 'proven' })
  })

  test('R-085, R-114 of a passkey that nobody has, or that was removed, is answered like a wrong one; nobody is named when it is asked for', async () => {
    const stranger = createSoftwarePasskey()
    expect((await stage.signIn((options) => stranger.get(options, { ...here, userHandle: 'AAAA' }))).outcome).toEqual(WRONG)
    const accountId = await stage.newAccount()
    const passkey = await stage.enrolled(accountId)
    await stage.db.transact((tx) => stage.one.kept.remove(tx, accountId, passkey.credentialId))
    expect((await stage.signIn((options) => passkey.get(options, here))).outcome).toEqual(WRONG)
    const options = await stage.one.passkeys.signInOptions(stage.purpose(), asker)
    expect(options.allowCredentials ?? []).toEqual([])
    for (const typed of ['', 'null', '{}', '[1]', 'x'.repeat(40_000), '{"id":1}']) {
      expect((await stage.signIn(() => typed)).outcome).toEqual(WRONG)
    }
  })

  test('R-110 counts once, in the interaction that asked, for five minutes', async () => {
    const passkey = await stage.enrolled(await stage.newAccount())
    const again = await stage.signIn((options) => passkey.get(options, here))
    const answer = (uid: string, response: string) =>
      stage.two.passkeys.answerSignIn(stage.purpose(uid), NOTHING, response, asker)
    expect(again.outcome).toMatchObject({ outcome: 'proven' })
    expect(await answer(again.interactionUid, again.response)).toEqual(WRONG)

    const mine = stage.purpose()
    const elsewhere = passkey.get(await stage.one.passkeys.signInOptions(mine, asker), here)
    expect(await answer('another-interaction', elsewhere)).toEqual(WRONG)
    expect(await answer(mine.interactionUid, elsewhere)).toMatchObject({ outcome: 'proven' })

    const late = passkey.get(await stage.one.passkeys.signInOptions(mine, asker), here)
    stage.wait(5 * 60)
    expect(await answer(mine.interactionUid, late)).toEqual(WRONG)
  })

  test('R-110 answers one of the newest five that its page has asked for', async () => {
    const passkey = await stage.enrolled(await stage.newAccount())
    const mine = stage.purpose()
    const asked: RequestOptions[] = []
    for (let n = 0; n < 6; n++) {
      asked.push(await stage.one.passkeys.signInOptions(mine, asker))
      stage.wait(1)
    }
    const answer = (n: number) =>
      stage.one.passkeys.answerSignIn(mine, NOTHING, passkey.get(asked[n] as RequestOptions, here), asker)
    expect(await answer(0)).toEqual(WRONG)
    expect(await answer(1)).toMatchObject({ outcome: 'proven' })
  })

  test('F-22, R-110 given fifty times at once to two instances lets one in', async () => {
    const passkey = await stage.enrolled(await stage.newAccount())
    const mine = stage.purpose()
    const response = passkey.get(await stage.one.passkeys.signInOptions(mine, asker), here)
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, n) => (n % 2 ? stage.one : stage.two).passkeys.answerSignIn(mine, NOTHING, response, asker)),
    )
    expect(outcomes.filter(({ outcome }) => outcome === 'proven')).toHaveLength(1)
    expect(outcomes.filter(({ outcome }) => outcome === 'wrong')).toHaveLength(49)
    expect(await stage.one.flow.history(mine.interactionUid)).toHaveLength(1)
  })

  test('R-113 whose counter does not go on is refused, and said; the passkey stays', async () => {
    const passkey = await stage.enrolled(await stage.newAccount(), createSoftwarePasskey({ counts: true }))
    const get = (counter?: number) => stage.signIn((options) => passkey.get(options, { ...here, ...(counter && { counter }) }))
    const outcomes = []
    for (const counter of [9, 9, 8, 10]) outcomes.push((await get(counter)).outcome.outcome)
    expect(outcomes).toEqual(['proven', 'wrong', 'wrong', 'proven'])
    expect(await stage.events('passkey.counter_back')).toBe(2)
    expect((await stage.signIn((options) => passkey.get(options, { ...here, counter: 1, forged: true }))).outcome).toEqual(WRONG)
    expect(await stage.events('passkey.counter_back')).toBe(2) // what the key did not sign says nothing of it
  })

  test('R-113 whose counter comes twice at once, in two sign-ins, lets one in', async () => {
    const passkey = await stage.enrolled(await stage.newAccount(), createSoftwarePasskey({ counts: true }))
    const answers = await Promise.all(
      [stage.one, stage.two].map(async ({ passkeys }) => {
        const where = stage.purpose()
        const response = passkey.get(await passkeys.signInOptions(where, asker), { ...here, counter: 7 })
        return () => passkeys.answerSignIn(where, NOTHING, response, asker)
      }),
    )
    const outcomes = await Promise.all(answers.map((answer) => answer()))
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['proven', 'wrong'])
  })

  test('R-113 says anew at each use whether the passkey was copied, and never whether it may be', async () => {
    const accountId = await stage.newAccount()
    const passkey = await stage.enrolled(accountId)
    const before = await stage.events('passkey.backup_changed')
    const kept = async () => JSON.parse((await stage.one.credentials.ofAccount(accountId))[0]?.data ?? '')
    expect(await kept()).toMatchObject({ backupEligible: true, backedUp: true, discoverable: true })
    await stage.signIn((options) => passkey.get(options, { ...here, flags: { bs: false } }))
    expect(await kept()).toMatchObject({ backupEligible: true, backedUp: false })
    await stage.signIn((options) => passkey.get(options, { ...here, flags: { be: false, bs: false } }))
    expect(await kept()).toMatchObject({ backupEligible: true })
    expect(await stage.events('passkey.backup_changed')).toBe(before + 1)
  })
})

describe('a new passkey', () => {
  test('R-112 that another account has already is added nowhere, and is not told apart; a removed one stays taken', async () => {
    const [accountId, other] = [await stage.newAccount(), await stage.newAccount()]
    const passkey = await stage.enrolled(accountId)
    const stolen = createSoftwarePasskey({ id: passkey.id })
    expect(await stage.enrol(other, (options) => stolen.create(options, here))).toEqual({ outcome: 'known' })
    await stage.db.transact((tx) => stage.one.kept.remove(tx, accountId, passkey.credentialId))
    expect(await stage.enrol(other, (options) => stolen.create(options, here))).toEqual({ outcome: 'known' })
    expect(await stage.one.credentials.ofAccount(other)).toEqual([])
  })

  test('R-111 of another origin, another relying party, without the person, or within another site is none', async () => {
    const accountId = await stage.newAccount()
    const changes = [{ origin: 'https://evil.test' }, { rpId: 'evil.test' }, { flags: { up: false } }]
    const clients = [{ type: 'webauthn.get' }, { crossOrigin: true }, { challenge: 'AAAA' }].map((client) => ({ client }))
    for (const change of [...changes, ...clients]) {
      expect(
        await stage.enrol(accountId, (options) => createSoftwarePasskey().create(options, { ...here, ...change })),
      ).toBeNull()
    }
  })

  test('R-110 is made for whom it was asked, where it was asked, and once', async () => {
    const [accountId, other] = [await stage.newAccount(), await stage.newAccount()]
    const account = await stage.accountOf(accountId)
    const response = createSoftwarePasskey().create(await stage.one.passkeys.enrolOptions('account-session a', account), here)
    expect(await stage.one.passkeys.verifyEnrolment('account-session b', accountId, response)).toBeNull()
    expect(await stage.one.passkeys.verifyEnrolment('account-session a', other, response)).toBeNull()
    const verified = await stage.two.passkeys.verifyEnrolment('account-session a', accountId, response)
    const add = () => stage.db.transact(async (tx) => verified && stage.one.passkeys.addPasskey(tx, accountId, verified, ''))
    const outcomes = await Promise.all([add(), add(), add()])
    expect(outcomes.map((one) => one?.outcome).sort()).toEqual(['added', 'ended', 'ended'])
  })

  test('is named to all authenticators by the same random name, that says nothing of the account', async () => {
    const accountId = await stage.newAccount()
    const first = await stage.enrolled(accountId)
    const second = await stage.enrolled(accountId, createSoftwarePasskey({ counts: true }))
    expect(first.userHandle).toBe(second.userHandle)
    expect(first.userHandle).not.toContain(accountId)
    expect(Buffer.from(first.userHandle ?? '', 'base64url')).toHaveLength(32)
    const options = await stage.one.passkeys.enrolOptions('account-session a', await stage.accountOf(accountId))
    expect(options.excludeCredentials?.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort())
    expect((await stage.signIn((asked) => second.get(asked, here))).outcome).toMatchObject({ outcome: 'proven' })
  })
})
