import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import type { Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { appOf, silently } from './protocol.ts'
import {
  addRecoveryCodes,
  afterFirst,
  askedOn,
  choosing,
  countOf,
  toDoor,
  tokenOf,
  toRecovery,
  typing,
  type Walker,
} from './second-standing.ts'
import { addAuthenticator, essential, forgetDevices, THREE, TWO } from './second-walk.ts'
import { anyStep, here, withField } from './text-walk.ts'

const ONE = 'urn:doorward:acr:1'
const DAY_SECONDS = 86_400
const remember = { remember: 'yes' }

let stage: Stage

beforeAll(async () => {
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS, DEVICE_REMEMBER: '2d', SESSION_TTL: '60d', SESSION_IDLE_TTL: '30d' },
  })
})
afterAll(() => stage?.stop())

/** Somebody with an authenticator, in whose browser nobody asks for it again. */
async function remembered(email: string) {
  await stage.signIn(email)
  const authenticator = await addAuthenticator(stage.service, email)
  const { visitor } = await typing(await afterFirst(stage, email), authenticator(), remember)
  await stage.moveClock(30)
  return { authenticator, visitor, token: visitor.jar.value(stage.service.issuer, 'device') ?? '' }
}

/** Gives this browser the device cookie of another one, signature and all. */
function bring(to: Visitor, from: Visitor): void {
  const { issuer } = stage.service
  to.jar.keep(
    issuer,
    ['device', 'device.sig'].map((name) => `${name}=${from.jar.value(issuer, name)}; Path=/`),
  )
}

const devices = (email: string) =>
  countOf(stage.service, 'remembered_device d join address a using (account_id) where a.canonical = $1', [email])

describe('a browser that is remembered', () => {
  test('R-121 is not asked the second time, says nothing of a second proof, and is asked again after its end', async () => {
    const email = 'two-days@fabrikam.example'
    const { authenticator, visitor } = await remembered(email)
    const second = await afterFirst(stage, email, { visitor })
    expect(await tokenOf(stage, second)).toMatchObject({ acr: ONE, amr: ['email_code'] })
    expect(askedOn(await afterFirst(stage, email))).toBe('factor') // elsewhere as ever

    await stage.moveClock(2 * DAY_SECONDS - 120)
    expect(askedOn(await afterFirst(stage, email, { visitor }))).toBe('nothing')
    await stage.moveClock(120)
    // Not because the browser has thrown its cookie away: whoever kept it finds it worthless.
    const [token, signature] = ['device', 'device.sig'].map((name) => visitor.jar.value(stage.service.issuer, name))
    expect([token, signature]).toEqual([undefined, undefined])
    const late = await afterFirst(stage, email, { visitor })
    expect(askedOn(late)).toBe('factor')
    expect(await tokenOf(stage, await typing(late, authenticator()))).toMatchObject({ acr: THREE })
  })

  test('R-121 a cookie that was kept beyond its end opens nothing, and neither does one that was cut or made up', async () => {
    const email = 'kept-too-long@fabrikam.example'
    const { visitor, token } = await remembered(email)
    const { issuer } = stage.service
    const sig = visitor.jar.value(issuer, 'device.sig')
    const asks = async (cookies: string[]) => {
      const walk = await toDoor(stage)
      walk.visitor.jar.keep(
        issuer,
        cookies.map((one) => `${one}; Path=/`),
      )
      return askedOn(await afterFirst(stage, email, { visitor: walk.visitor }))
    }
    expect(await asks([`device=${token}`, `device.sig=${sig}`])).toBe('nothing')
    expect(await asks([`device=${token}`])).toBe('factor')
    expect(await asks([`device=${token.slice(0, -1)}`, `device.sig=${sig}`])).toBe('factor')
    expect(await asks([`device=${randomBytes(32).toString('base64url')}`, `device.sig=${sig}`])).toBe('factor')
    expect(await asks([`device=${createHash('sha256').update(token).digest('base64url')}`, `device.sig=${sig}`])).toBe('factor')
    await stage.moveClock(2 * DAY_SECONDS)
    expect(await asks([`device=${token}`, `device.sig=${sig}`])).toBe('factor')
  })

  test('R-121 counts for its own person only, and for another one who signs in there not at all', async () => {
    const [mine, theirs] = ['mine@fabrikam.example', 'theirs@fabrikam.example']
    const { visitor } = await remembered(mine)
    await stage.signIn(theirs)
    const authenticator = await addAuthenticator(stage.service, theirs)
    const walk = await toDoor(stage)
    bring(walk.visitor, visitor)
    const there = await afterFirst(stage, theirs, { visitor: walk.visitor })
    expect(askedOn(there)).toBe('factor')
    expect(await tokenOf(stage, await typing(there, authenticator()))).toMatchObject({ acr: THREE })
    expect(askedOn(await afterFirst(stage, theirs, { visitor: walk.visitor }))).toBe('factor')
    expect([await devices(mine), await devices(theirs)]).toEqual([1, 0])
  })

  test('R-121, R-032 is never enough for what an application asks for, and nobody is remembered there', async () => {
    const email = 'asks-for-more@fabrikam.example'
    const { authenticator, visitor } = await remembered(email)
    for (const asked of [{ acr_values: THREE }, { acr_values: TWO }, { claims: essential(TWO) }, { claims: essential(THREE) }]) {
      const walk = await afterFirst(stage, email, { visitor, parameters: { prompt: 'login', ...asked } })
      expect([asked, askedOn(walk)]).toEqual([asked, 'factor'])
      expect(walk.page.forms.flatMap(({ fields }) => fields)).not.toContain('remember')
    }
    await forgetDevices(stage.service, email)
    const walk = await afterFirst(stage, email, { visitor, parameters: { prompt: 'login', acr_values: THREE } })
    await typing(walk, authenticator(), remember)
    expect(await devices(email)).toBe(0)
  })

  test('R-121 is remembered by a right code alone: not by a wrong one, not by one that is not sent', async () => {
    const email = 'wrong-code@fabrikam.example'
    await stage.signIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    const walk = await typing(await afterFirst(stage, email), '000000', remember)
    for (const step of ['way', 'enrol', 'keep-codes', 'continue']) await anyStep(walk, step, { way: 'totp', ...remember })
    expect(walk.visitor.jar.value(stage.service.issuer, 'device')).toBeUndefined()
    await typing({ ...walk, ...(await here(walk)) }, authenticator())
    expect(walk.visitor.jar.value(stage.service.issuer, 'device')).toBeUndefined()
    expect(await devices(email)).toBe(0)
  })

  test('R-121, R-132, R-170 is known by a token that scripts cannot read and that is kept as a hash', async () => {
    const email = 'hashed@fabrikam.example'
    const { visitor, token, authenticator } = await remembered(email)
    expect(token).toMatch(/^[\w-]{43}$/)
    const rows = await query<{ id: string }>(
      stage.service.databaseUrl,
      'select d.* from remembered_device d join address a using (account_id) where a.canonical = $1',
      [email],
    )
    expect(JSON.stringify(rows)).not.toContain(token)
    await forgetDevices(stage.service, email)
    const walk = await afterFirst(stage, email, { visitor })
    const answer = await walk.visitor.submit(withField(walk.page, 'code'), { code: authenticator(), ...remember })
    const set = answer.setCookies.filter((cookie) => cookie.startsWith('device'))
    expect(set).toHaveLength(2)
    for (const cookie of set) expect(cookie.toLowerCase()).toMatch(/; path=\/; expires=[^;]+; samesite=lax; httponly$/)
  })
})

describe('how fresh a proof is, and of what kind', () => {
  const none = { prompt: 'none' }
  const errorOf = async (visitor: Visitor, parameters: Record<string, string>) =>
    (await silently(stage, appOf(stage), visitor, parameters))?.searchParams.get('error')
  const withinFive = { claims: essential(THREE), max_age: '300' }

  test('R-120, V-30 a fresh email is not “an authenticator within five minutes”, nor an old authenticator and a fresh email together', async () => {
    const email = 'fresh-email@fabrikam.example'
    const { authenticator, visitor } = await remembered(email)
    expect(await errorOf(visitor, { ...withinFive, ...none })).toBeNull()
    await stage.moveClock(3600)
    expect(await errorOf(visitor, { claims: essential(THREE), ...none })).toBeNull()
    expect(await errorOf(visitor, { ...withinFive, ...none })).toBe('login_required')

    // The application asks: the email alone does not end it, although the browser is remembered.
    const asked = await afterFirst(stage, email, { visitor, parameters: withinFive })
    expect(askedOn(asked)).toBe('factor')
    expect(await errorOf(visitor, { ...withinFive, ...none })).toBe('login_required')

    // Another sign-in by email alone makes the session fresh, and takes the authenticator from it.
    expect(askedOn(await afterFirst(stage, email, { visitor }))).toBe('nothing')
    expect(await errorOf(visitor, { max_age: '300', ...none })).toBeNull()
    for (const acr of [TWO, THREE]) {
      expect(await errorOf(visitor, { claims: essential(acr), max_age: '300', ...none })).toBe('login_required')
    }
    const choice = await toDoor(stage, { visitor, parameters: withinFive })
    expect(await tokenOf(stage, await typing(await choosing(choice, 'totp'), authenticator()))).toMatchObject({ acr: THREE })
  })

  test('R-120 nor is a recovery code, nor an email with a recovery code', async () => {
    const email = 'fresh-recovery@fabrikam.example'
    await stage.signIn(email)
    await addAuthenticator(stage.service, email)
    const [code = ''] = await addRecoveryCodes(stage.service, email)
    const walk = await afterFirst(stage, email)
    const end = await typing(await toRecovery(walk), code)
    expect(await tokenOf(stage, end)).toMatchObject({ acr: TWO })
    expect(await errorOf(end.visitor, { claims: essential(TWO), max_age: '300', ...none })).toBeNull()
    expect(await errorOf(end.visitor, { ...withinFive, ...none })).toBe('login_required')
    const choice: Walker = await toDoor(stage, { visitor: end.visitor, parameters: withinFive })
    expect(choice.page.text).not.toContain('value="recovery"')
  })

  test('R-120, R-030 auth_time is that of the older of two proofs', async () => {
    const email = 'older-of-two@fabrikam.example'
    await stage.signIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    const before = Math.floor(Date.now() / 1000) + stage.service.clockSeconds
    const walk = await afterFirst(stage, email, { parameters: withinFive })
    await stage.moveClock(240)
    const token = await tokenOf(stage, await typing({ ...walk, ...(await here(walk)) }, authenticator()))
    expect(Number(token.auth_time) - before).toBeLessThan(60)
    expect(await errorOf(walk.visitor, { max_age: '120', ...none })).toBe('login_required')
  })
})
