import { expect } from '@jest/globals'
import { createVisitor, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import type { App } from './protocol.ts'
import { afterFirst, askedOn, choosing, toCode, toDoor, tokenOf, typing, type Walker } from './second-standing.ts'
import { addAuthenticator, THREE } from './second-walk.ts'
import { askForText, germanNumber, giveNumber, here, nameDigits, withField } from './text-walk.ts'

const policies = ['off', 'optional', 'required'] as const
/** The application of this policy. */
export const appWith = (policy: string): App => ({ id: policy, secret: null, redirectUri: `https://${policy}.example/callback` })

let stage: Stage
let people = 0

/** A service with an application of each policy, for the tests of a file. */
export async function policiesStage(): Promise<Stage> {
  stage = await startStage({
    texts: true,
    env: { LIMITS: GENEROUS_LIMITS },
    clients: policies.map((policy) => {
      const { id, redirectUri } = appWith(policy)
      const client = { client_id: id, token_endpoint_auth_method: 'none', redirect_uris: [redirectUri], first_party: true }
      return { ...client, second_factor: policy }
    }),
  })
  return stage
}

interface Person {
  email: string
  number: string
}

type Enter = (person: Person, app: App, before: Visitor) => Promise<Walker>

/** Every way to give the first proof; each ends after it. `before`: a browser in which the person is signed in. */
export const entries: Readonly<Record<string, Enter>> = {
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

/** Somebody new with an address, and a number too unless told otherwise. */
export async function person(number = true): Promise<Person> {
  const made = { email: `person-${++people}@fabrikam.example`, number: germanNumber(30_001 * people) }
  await stage.signIn(made.email)
  if (number) await giveNumber(stage, made.email, made.number)
  return made
}

const signedIn = async ({ email }: Person) => (await afterFirst(stage, email, { app: appWith('off') })).visitor

const BY_SESSION = 'a session of before'

/** Where a second proof is required, another channel will do for whoever has no authenticator. */
export async function asksWhereRequired(name: string): Promise<void> {
  const someone = await person()
  // With the email still open it is waited for; a session goes on from what it proves.
  const second = name === 'a text in place of the email' ? 'answer' : 'way'
  for (const policy of policies) {
    const walk = await (entries[name] as Enter)(someone, appWith(policy), await signedIn(someone))
    expect([policy, askedOn(walk)]).toEqual([policy, policy === 'required' ? second : 'nothing'])
  }
}

/** Whoever has an authenticator is asked for it, and for nothing else. */
export async function asksForAuthenticator(name: string): Promise<void> {
  const inSession = name === BY_SESSION
  const someone = await person()
  const before = [await signedIn(someone), await signedIn(someone), await signedIn(someone)]
  const authenticator = await addAuthenticator(stage.service, someone.email)
  for (const [index, policy] of policies.entries()) {
    const walk = await (entries[name] as Enter)(someone, appWith(policy), before[index] as Visitor)
    expect([policy, askedOn(walk)]).toEqual([policy, inSession ? 'way' : 'factor'])
    expect(walk.page.text).not.toMatch(/value="(email|sms)"/)
    const asking = inSession ? await choosing(walk, 'totp') : walk
    expect(await tokenOf(stage, await typing(asking, authenticator()))).toMatchObject({ acr: THREE })
    await stage.moveClock(30)
  }
}

/** Where a second proof is required, and there is none, one is set up. */
export async function setsUpWhereRequired(name: string): Promise<void> {
  const someone = await person(false)
  // In a session a fresh proof comes first.
  const asked = name === BY_SESSION ? 'identify' : 'enrol'
  for (const policy of policies) {
    const walk = await (entries[name] as Enter)(someone, appWith(policy), await signedIn(someone))
    expect([policy, askedOn(walk)]).toEqual([policy, policy === 'required' ? asked : 'nothing'])
  }
}
