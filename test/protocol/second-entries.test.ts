import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createVisitor, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, refresh, tokensOf, userinfo } from './protocol.ts'
import { afterFirst, askedOn, choosing, toCode, toDoor, tokenOf, typing, type Walker } from './second-standing.ts'
import { addAuthenticator, essential, THREE } from './second-walk.ts'
import { askForText, germanNumber, giveNumber, here, nameDigits, withField } from './text-walk.ts'

const ONE = 'urn:doorward:acr:1'
const policies = ['off', 'optional', 'required'] as const
const appWith = (policy: string): App => ({ id: policy, secret: null, redirectUri: `https://${policy}.example/callback` })

let stage: Stage
let people = 0

beforeAll(async () => {
  stage = await startStage({
    texts: true,
    env: { LIMITS: GENEROUS_LIMITS },
    clients: policies.map((policy) => {
      const { id, redirectUri } = appWith(policy)
      const client = { client_id: id, token_endpoint_auth_method: 'none', redirect_uris: [redirectUri], first_party: true }
      return { ...client, second_factor: policy }
    }),
  })
})
afterAll(() => stage?.stop())

interface Person {
  email: string
  number: string
}

type Enter = (person: Person, app: App, before: Visitor) => Promise<Walker>

/** Every way to give the first proof; each ends after it. `before`: a browser in which the person is signed in. */
const entries: Readonly<Record<string, Enter>> = {
  'the code of an email': ({ email }, app) => afterFirst(stage, email, { app }),
  'the link of an email': async ({ email }, app) => {
    const walk = await toCode(stage, email, { app })
    const { link } = await stage.mailbox.next(email)
    const [button] = (await walk.visitor.open(link ?? '')).forms.filter(({ action }) => action.includes('/link/'))
    if (!button) throw new Error('the link has no button')
    return { ...walk, page: await walk.visitor.follow(await walk.visitor.submit(button)) }
  },
  'the code of an email, typed in another browser’s place': async ({ email }, app) => {
    const walk = await toCode(stage, email, { app })
    const { link, code } = await stage.mailbox.next(email)
    await createVisitor(stage.service).open(link ?? '')
    return typing(walk, code)
  },
  'a text': ({ number }, app) => afterFirst(stage, number, { app }),
  'a text in place of the email': async ({ email, number }, app) => {
    const walk = await toCode(stage, email, { app })
    await stage.mailbox.next(email)
    await nameDigits(await askForText(walk), number.slice(-2))
    const { code } = await stage.texts.sns.next(number)
    return typing({ ...walk, ...(await here(walk)) }, code)
  },
  'a new account that is asked for': async ({ email }, app) => {
    const walk = await toDoor(stage, { app, parameters: { prompt: 'create' } })
    await walk.visitor.submit(withField(walk.page, 'identifier'), { identifier: email })
    const { code } = await stage.mailbox.next(email)
    return typing({ ...walk, ...(await here(walk)) }, code)
  },
  'a session of before': (_person, app, before) => toDoor(stage, { app, visitor: before, parameters: {} }),
}

async function person(number = true): Promise<Person> {
  const made = { email: `person-${++people}@fabrikam.example`, number: germanNumber(30_001 * people) }
  await stage.signIn(made.email)
  if (number) await giveNumber(stage, made.email, made.number)
  return made
}

const signedIn = async ({ email }: Person) => (await afterFirst(stage, email, { app: appWith('off') })).visitor

describe.each(Object.keys(entries))('by %s', (name) => {
  const enter = entries[name] as Enter
  const inSession = name === 'a session of before'

  test('R-101 nobody needs a second proof but where it is required; then another channel of theirs will do', async () => {
    const someone = await person()
    // With the email still open it is waited for; a session goes on from what it proves.
    const second = name === 'a text in place of the email' ? 'answer' : 'way'
    for (const policy of policies) {
      const walk = await enter(someone, appWith(policy), await signedIn(someone))
      expect([policy, askedOn(walk)]).toEqual([policy, policy === 'required' ? second : 'nothing'])
    }
  })

  test('R-101 whoever has an authenticator is asked for it, whatever the policy, and nothing else will do', async () => {
    const someone = await person()
    const before = [await signedIn(someone), await signedIn(someone), await signedIn(someone)]
    const authenticator = await addAuthenticator(stage.service, someone.email)
    for (const [index, policy] of policies.entries()) {
      const walk = await enter(someone, appWith(policy), before[index] as Visitor)
      expect([policy, askedOn(walk)]).toEqual([policy, inSession ? 'way' : 'factor'])
      expect(walk.page.text).not.toMatch(/value="(email|sms)"/)
      const asking = inSession ? await choosing(walk, 'totp') : walk
      expect(await tokenOf(stage, await typing(asking, authenticator()))).toMatchObject({ acr: THREE })
      await stage.moveClock(30)
    }
  })
})

test.each(Object.keys(entries).filter((name) => !name.includes('a text')))(
  'R-101 by %s: where a second proof is required, and there is none, one is set up',
  async (name) => {
    const someone = await person(false)
    // In a session a fresh proof comes first.
    const asked = name === 'a session of before' ? 'identify' : 'enrol'
    for (const policy of policies) {
      const walk = await (entries[name] as Enter)(someone, appWith(policy), await signedIn(someone))
      expect([policy, askedOn(walk)]).toEqual([policy, policy === 'required' ? asked : 'nothing'])
    }
  },
)

describe('a refresh token', () => {
  test('R-101, R-023 from before an authenticator was there goes on, and never says more than was proven', async () => {
    const { email } = await person()
    const app = appWith('optional')
    const first = await tokensOf(stage, app, { email })
    expect(decodeJwt(String(first.body.id_token))).toMatchObject({ acr: ONE, amr: ['email_code'] })
    const authenticator = await addAuthenticator(stage.service, email)
    const second = await refresh(stage.service, app, first.body.refresh_token)
    expect(decodeJwt(String(second.body.id_token))).toMatchObject({ acr: ONE, amr: ['email_code'] })
    expect((await userinfo(stage.service, second.body.access_token)).status).toBe(200)

    // A step up in the same browser says it of itself alone: the old token is as old as it was.
    const choice = await toDoor(stage, { visitor: first.visitor, app, parameters: { claims: essential(THREE) } })
    expect(await tokenOf(stage, await typing(await choosing(choice, 'totp'), authenticator()))).toMatchObject({ acr: THREE })
    const third = await refresh(stage.service, app, second.body.refresh_token)
    expect(decodeJwt(String(third.body.id_token))).toMatchObject({ acr: ONE, amr: ['email_code'] })
  })

  test('R-012 a longer claims parameter at the token endpoint changes nothing of it', async () => {
    const { email } = await person()
    const app = appWith('off')
    const first = await tokensOf(stage, app, { email })
    const more = { claims: essential(THREE), acr_values: THREE, scope: 'openid' }
    const second = await refresh(stage.service, app, first.body.refresh_token, more)
    expect(decodeJwt(String(second.body.id_token))).toMatchObject({ acr: ONE })
  })
})
