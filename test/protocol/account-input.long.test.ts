import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addAccountRoutes } from '../../src/web/account/routes.ts'
import { createVisitor, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { objectingOn } from './account-objecting.ts'
import { shownBy } from './account-person.ts'
import { afterFirst, keyOn } from './second-standing.ts'
import { essential, THREE } from './second-walk.ts'
import { here, toStep, withField } from './text-walk.ts'

let stage: Stage
let on: ReturnType<typeof objectingOn>
beforeAll(async () => {
  stage = await startStage({ env: { TRUSTED_PROXIES: '1', LIMITS: GENEROUS_LIMITS } })
  on = objectingOn(stage)
})
afterAll(() => stage.stop())

/** What cannot be stored, cannot be seen, or turns the words around it. */
const ODD = 'a\u0000b\u202Ec\u2066d\uFEFFe\u200Ff\r\ng'
const SEEN = 'abcdefg'

describe('a name with what cannot be stored or seen', () => {
  test('R-107 of an authenticator is kept without it: at setting up, at naming anew, and in a sign-in', async () => {
    const address = 'odd-name@fabrikam.example'
    const one = await on.member(address)
    const page = await on.open(one, '/account/authenticators/new')
    const added = await one.visitor.submit(withField(page, 'code'), { code: shownBy(page, stage.service)(), name: ODD })
    expect(added.location).toBe(on.at('/account/codes'))
    expect(await on.authenticatorsOf(address)).toEqual([SEEN])
    const path = `/account/authenticators/${await on.authenticatorOf(address)}`
    const form = withField(await on.open(one, path), 'name')
    expect((await one.visitor.submit(form, { name: `${ODD}<i>` })).status).toBe(303)
    expect(await on.authenticatorsOf(address)).toEqual([`${SEEN}<i>`])
    expect((await on.open(one, '/account/methods')).text).not.toContain('<i>')

    const other = 'odd-name-in-sign-in@fabrikam.example'
    await on.member(other)
    const first = await afterFirst(stage, other, { parameters: { prompt: 'login', claims: essential(THREE) } })
    await first.visitor.submit(toStep(first, 'enrol'), {}, 'totp')
    const walk = await here(first)
    const { codeNow } = keyOn(walk, stage.service)
    expect((await walk.visitor.submit(withField(walk.page, 'code'), { code: codeNow(), name: ODD })).status).toBe(303)
    expect(await on.authenticatorsOf(other)).toEqual([SEEN])
    const [{ detail } = { detail: {} }] = await on.rows<{ detail: object }>(
      `select detail -> 'values' as detail from notice
       where kind = 'factor_added' and account_id = (select account_id from address where canonical = $1)`,
      [other],
    )
    expect(detail).toEqual({ name: SEEN })
  })

  test('R-140 in any field or path of the account page is no fault of the service', async () => {
    const paths: string[] = []
    const anything: unknown = new Proxy(() => {}, { get: () => anything })
    const keep = (path: string) => paths.push(path)
    addAccountRoutes({ get: keep, post: keep }, new Proxy({}, { get: () => anything }) as never)
    expect(paths.length).toBeGreaterThan(40)
    const address = 'odd-fields@fabrikam.example'
    let one = await on.member(address)
    const names = ['code', 'name', 'address', 'session', 'device', 'website', 'zoneinfo', 'birthdate', 'locale', 'nickname']
    const fields = Object.fromEntries(names.map((name) => [name, 'a\u0000\u202E']))
    for (const path of new Set(paths)) {
      const own = path.replace(/:\w+/, '%00')
      expect([path, (await on.open(one, `${own}?before=%00&kind=%00&to=%00&code=%00&state=%00`)).status]).toEqual([path, ok])
      expect([path, (await on.post(one, own, fields)).status]).toEqual([path, ok])
      if (!(await on.isIn(one))) one = await on.member(address)
    }
  })
})

const ok = { asymmetricMatch: (status: number) => status < 500, toString: () => 'no fault' }

describe('an address on the web, of a profile', () => {
  const REFUSED = [
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    '//evil.example/',
    'https://u:p@evil.example/',
    'https://good.example@evil.example/',
    'https://evil.example\\@good.example/',
    'https:\\\\evil.example/',
    'https://',
    'https://a.example/\u202Egpj.exe',
  ]

  test('R-089 is http or https, whole, with nobody’s password, and is kept as it was understood', async () => {
    const address = 'web@fabrikam.example'
    const one = await on.member(address)
    const saved = async () =>
      (
        await on.rows<{ profile: Record<string, string> }>(
          'select profile from account where id = (select account_id from address where canonical = $1)',
          [address],
        )
      )[0]?.profile
    for (const field of ['website', 'profile', 'picture']) {
      for (const typed of REFUSED) {
        const answer = await one.visitor.follow(await on.post(one, '/account/profile', { [field]: typed }))
        expect([typed, answer.status < 500, (await saved())?.[field]]).toEqual([typed, true, undefined])
        expect(answer.text).not.toMatch(/<script>alert|href="(javascript|data|vbscript|file):/i)
      }
      await on.post(one, '/account/profile', { [field]: 'HTTPS://A.Example/"><script>alert(1)</script>' })
      expect((await saved())?.[field]).toBe('https://a.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E')
      expect((await on.open(one, '/account/profile')).text).not.toContain('<script>alert')
    }
  })
})

describe('a browser that is new to an account', () => {
  /** The same kind of browser, whose requests come from this address. */
  const from = (ip: string): Visitor => {
    const visitor = createVisitor({
      issuer: stage.service.issuer,
      port: stage.service.port,
      get clockSeconds() {
        return stage.service.clockSeconds
      },
    })
    return {
      ...visitor,
      submit: (form, fields = {}) => visitor.post(form.action, { ...form.values, ...fields }, { 'x-forwarded-for': ip }),
    }
  }

  test('R-184 is told by its network too: one that calls itself the same, elsewhere, is told of; in the same place it is not', async () => {
    const address = 'elsewhere@fabrikam.example'
    await on.member(address)
    const told = async () => (await on.toldOf(address)).filter((kind) => kind === 'device_new').length
    const counts: number[] = []
    for (const ip of ['203.0.113.7', '203.0.113.7', '198.51.100.9', '2001:db8:1:2::1', '2001:db8:1:2::ffff']) {
      await on.member(address, undefined, from(ip))
      counts.push(await told())
    }
    expect(counts).toEqual([1, 1, 2, 3, 3])
  })
})
