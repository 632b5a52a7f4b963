import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as client from 'openid-client'
import { createVisitor, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import {
  addRecoveryCodes,
  afterFirst,
  choosing,
  keyOn,
  toCode,
  toDoor,
  toRecovery,
  typing,
  type Walker,
} from './second-standing.ts'
import { type Authenticator, addAuthenticator, essential, THREE, TWO } from './second-walk.ts'
import { anyStep, askForText, germanNumber, giveNumber, here, nameDigits } from './text-walk.ts'

// The table of docs/for-applications.md, walked at a real application: each row's claims are what it says.

const page = readFileSync(join(import.meta.dirname, '../../docs/for-applications.md'), 'utf8')
const cells = [...page.matchAll(/^\| (.+) \| `(\[.+\])` \| `(urn:doorward:acr:\d)` \|$/gm)]
const table = cells.map(([, path = '', amr = '', acr = '']) => ({ path, amr: JSON.parse(amr) as string[], acr }))

const BETWEEN_SECONDS = 90
const YEAR_SECONDS = 365 * 86_400

let stage: Stage
let people = 0

beforeAll(async () => {
  stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage?.stop())

interface Person {
  email: string
  number: string
  visitor: Visitor
  authenticator: Authenticator
  /** When the oldest proof that counts was given, in seconds. */
  since: number
}

const seconds = () => Math.floor(Date.now() / 1000) + stage.service.clockSeconds

/** A request of the application, in the person's browser. */
const request = async ({ visitor }: Person, parameters: Record<string, string> = {}) => ({
  visitor,
  url: await stage.authorizeUrl(visitor, parameters),
})
const LOGIN = { prompt: 'login' }

/** The first proof; where another one is asked for, time passes before it. */
async function byEmail(person: Person, parameters: Record<string, string> = LOGIN): Promise<Walker> {
  return later(person, await afterFirst(stage, person.email, await request(person, parameters)))
}

async function later(person: Person, walk: Walker): Promise<Walker> {
  person.since = seconds()
  if (walk.page.location === null) await stage.moveClock(BETWEEN_SECONDS)
  return walk
}

async function byLink(person: Person): Promise<Walker> {
  const walk = await toCode(stage, person.email, await request(person, LOGIN))
  const { link } = await stage.mailbox.next(person.email)
  const opened = await person.visitor.open(link ?? '')
  const button = opened.forms.find(({ action }) => action.includes('/link/'))
  if (!button) throw new Error(opened.words)
  return later(person, { ...walk, page: await person.visitor.follow(await person.visitor.submit(button)) })
}

async function byText(person: Person): Promise<Walker> {
  return later(person, await afterFirst(stage, person.number, await request(person, LOGIN)))
}

const withNumber = (person: Person, secondsAgo = 0) => giveNumber(stage, person.email, person.number, secondsAgo)

async function withApp(person: Person): Promise<void> {
  person.authenticator = await addAuthenticator(stage.service, person.email)
}

/** A code of the app that none before it used up. */
async function app(person: Person, walk: Walker, more = {}): Promise<Walker> {
  const end = await typing(walk, person.authenticator(), more)
  await stage.moveClock(30)
  return end
}

const arrives = (walk: Walker) => walk.visitor.get(walk.page.location ?? `${walk.page.url}#${walk.page.words}`)
const again = async (person: Person, parameters = {}) => toDoor(stage, await request(person, parameters))
const now = async (walk: Walker): Promise<Walker> => ({ ...walk, ...(await here(walk)) })

/** Stands where a session stands, some time later. */
async function session(walk: Walker): Promise<void> {
  expect((await arrives(walk)).status).toBe(200)
  await stage.moveClock(BETWEEN_SECONDS)
}

const paths: Readonly<Record<string, (person: Person) => Promise<Walker>>> = {
  'The link in an email, and its button': byLink,
  'The code in an email, or the one that its link shows in another browser': async (person) => {
    const walk = await toCode(stage, person.email, await request(person, LOGIN))
    const { link } = await stage.mailbox.next(person.email)
    const shown = await createVisitor(stage.service).open(link ?? '')
    return later(person, await typing(walk, /\b(\d{3}) ?(\d{3})\b/.exec(shown.words)?.[0].replace(' ', '') ?? null))
  },
  'The code in a text message': async (person) => {
    await withNumber(person)
    return byText(person)
  },
  'An email, then a text message': async (person) => {
    await withNumber(person)
    const walk = await byEmail(person, { ...LOGIN, acr_values: TWO })
    return typing(await choosing(walk, 'sms'), (await stage.texts.sns.next(person.number)).code)
  },
  'A text message, then an email: also where the number was not proven for long': async (person) => {
    await withNumber(person, YEAR_SECONDS)
    const walk = await byText(person)
    await anyStep(walk, 'second', { identifier: person.email })
    return typing(await now(walk), (await stage.mailbox.next(person.email)).code)
  },
  'An email, then the authenticator app': async (person) => {
    await withApp(person)
    return app(person, await byEmail(person))
  },
  'The link in an email, then the authenticator app': async (person) => {
    await withApp(person)
    return app(person, await byLink(person))
  },
  'A text message, then the authenticator app': async (person) => {
    await withNumber(person)
    await withApp(person)
    const walk = await toCode(stage, person.email, await request(person, LOGIN))
    await nameDigits(await askForText(walk), person.number.slice(-2))
    const { code } = await stage.texts.sns.next(person.number)
    return app(person, await later(person, await typing(await now(walk), code)))
  },
  'A text message, an email and the authenticator app': async (person) => {
    await withNumber(person, YEAR_SECONDS)
    await withApp(person)
    const walk = await byText(person)
    await anyStep(walk, 'second', { identifier: person.email })
    return app(person, await typing(await now(walk), (await stage.mailbox.next(person.email)).code))
  },
  'An email, then an authenticator app that was set up in this sign-in': async (person) => {
    const walk = await byEmail(person, { ...LOGIN, claims: essential(THREE) })
    await anyStep(walk, 'enrol')
    const { codeNow } = keyOn(await here(walk), stage.service)
    const codes = await typing(await now(walk), codeNow())
    return { ...walk, page: await walk.visitor.follow(await anyStep(codes, 'keep-codes', { kept: 'yes' })) }
  },
  'An email, then a recovery code in place of the app': async (person) => {
    await withApp(person)
    const [code = ''] = await addRecoveryCodes(stage.service, person.email)
    return typing(await toRecovery(await byEmail(person)), code)
  },
  'An email, in a browser that need not ask for the app again': async (person) => {
    await withApp(person)
    await app(person, await byEmail(person), { remember: 'yes' })
    return byEmail(person)
  },
  'Not at all: a session of before, by email': async (person) => {
    await session(await byEmail(person))
    return again(person)
  },
  'Not at all: a session of before, by email and the app': async (person) => {
    await withApp(person)
    await session(await app(person, await byEmail(person)))
    return again(person)
  },
  'A session of before by email, and now the app': async (person) => {
    await session(await byEmail(person))
    await withApp(person)
    return app(person, await choosing(await again(person), 'totp'))
  },
  'A session of before by email, and now a text message': async (person) => {
    await session(await byEmail(person))
    await withNumber(person)
    const walk = await choosing(await again(person, { acr_values: TWO }), 'sms')
    return typing(walk, (await stage.texts.sns.next(person.number)).code)
  },
  'A session of before by email and a recovery code, and now the app': async (person) => {
    await withApp(person)
    const [code = ''] = await addRecoveryCodes(stage.service, person.email)
    await session(await typing(await toRecovery(await byEmail(person)), code))
    return app(person, await choosing(await again(person, { acr_values: THREE }), 'totp'))
  },
  'Anew by email alone, after a session by email and the app': async (person) => {
    await withApp(person)
    await session(await app(person, await byEmail(person), { remember: 'yes' }))
    return byEmail(person)
  },
  'By email, where `acr_values` wished for more than the person has': (person) =>
    byEmail(person, { ...LOGIN, acr_values: `${THREE} ${TWO}` }),
  'By email, where `acr_values` wished for more and the person went on without it': async (person) => {
    await withNumber(person)
    const walk = await byEmail(person, { ...LOGIN, acr_values: TWO })
    return { ...walk, page: await walk.visitor.follow(await anyStep(walk, 'without')) }
  },
  'By email and the app, where level 2 was insisted on': async (person) => {
    await withApp(person)
    return app(person, await byEmail(person, { ...LOGIN, claims: essential(TWO) }))
  },
}

/** What comes with a refresh token, in place of a browser. */
const refreshed: Readonly<Record<string, (person: Person) => Promise<void>>> = {
  'A refresh token of a sign-in by email and the app': async (person) => {
    await withApp(person)
    await session(await app(person, await byEmail(person)))
  },
  'A refresh token of a sign-in by email, with an app set up since': async (person) => {
    await session(await byEmail(person))
    await withApp(person)
  },
}

async function newcomer(): Promise<Person> {
  const nobody = () => {
    throw new Error('this person has no authenticator')
  }
  const [email, number] = [`reader-${++people}@fabrikam.example`, germanNumber(40_001 + 10_001 * people)]
  await stage.signIn(email)
  await stage.moveClock(BETWEEN_SECONDS)
  return { email, number, visitor: createVisitor(stage.service), authenticator: nobody, since: 0 }
}

async function refresh(): Promise<client.IDToken | undefined> {
  const { relyingParty } = stage
  const { tokens } = relyingParty.last()
  return (await client.refreshTokenGrant(await relyingParty.configuration(), tokens.refresh_token ?? '')).claims()
}

describe('what an application is told of how somebody signed in', () => {
  test('R-069, R-030 the table names every path that is walked here, and no other', () => {
    expect(table.map(({ path }) => path).sort()).toEqual([...Object.keys(paths), ...Object.keys(refreshed)].sort())
  })

  test.each(table)('R-069, R-030, R-032 $path: $amr, $acr', async ({ path, amr, acr }) => {
    const person = await newcomer()
    const walk = await paths[path]?.(person)
    if (walk) expect((await arrives(walk)).status).toBe(200)
    else await refreshed[path]?.(person)
    const token = walk ? stage.relyingParty.last().idToken : await refresh()
    expect(token).toMatchObject({ amr, acr })
    // A session that was built on is not younger than its first proof; nothing is older than its own.
    expect(Math.abs(Number(token?.auth_time) - person.since)).toBeLessThan(BETWEEN_SECONDS / 3)
  })
})
