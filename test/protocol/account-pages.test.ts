import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addAccountRoutes } from '../../src/web/account/routes.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ledTo, type Person, peopleOf, refsIn } from './account-forms.ts'
import { addAuthenticator } from './second-walk.ts'

interface Route {
  method: 'GET' | 'POST'
  path: string
  guard: string
}

const ROUTES = routesOf()
const GUARDED = ROUTES.filter(({ guard }) => guard !== 'open')
const FORMS = GUARDED.filter(({ method }) => method === 'POST')
const ELEVEN_MINUTES = 11 * 60

/** Any values: whoever is let in by them is let in by all. */
const filled = (path: string) => path.replace(/:(\w+)/g, 'x-$1')

let stage: Stage
const { at, signedIn, ask, post, rowsOf, addAddress, authenticatorOf } = peopleOf(() => stage)

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

/** Every route of the account page and its guard, asked of the function that adds them. */
function routesOf(): Route[] {
  const routes: Route[] = []
  const add = (method: Route['method']) => (path: string, handler: unknown) => {
    routes.push({ method, path, guard: typeof handler === 'string' ? handler : 'open' })
  }
  const anything: unknown = new Proxy(() => {}, { get: () => anything })
  const page = { guarded: () => 'guarded', strong: () => 'strong', fresh: () => 'fresh' }
  const parts = new Proxy(page, { get: (known, name) => Reflect.get(known, name) ?? anything })
  addAccountRoutes({ get: add('GET'), post: add('POST') }, parts as never)
  return routes
}

describe('every path of the account page', () => {
  test('stands behind a guard, but for the doors and what a mail leads to', () => {
    expect(ROUTES.filter(({ guard }) => guard === 'open').map(({ path }) => path)).toEqual([
      '/account/sign-in',
      '/account/callback',
      '/account/signed-out',
      '/account/notice/:token',
      '/n/:token',
      '/account/notice/:token',
      '/account/notice/:token/stop',
      '/account/notice-done',
      '/account/rescue/stopped',
    ])
  })

  test.each(GUARDED)('R-100 $method $path without a session leads to a sign-in, and says nothing', async ({ method, path }) => {
    const visitor = createVisitor(stage.service)
    const page = await (method === 'GET' ? visitor.get(at(filled(path))) : visitor.post(at(filled(path)), {}))
    expect({ status: page.status, text: page.text }).toEqual({ status: 303, text: '' })
    expect(page.headers['cache-control']).toBe('no-store')
    expect(formWith(await visitor.follow(page), 'identifier')).toBeDefined()
  })

  describe('with a session', () => {
    let person: Person
    let other: Person
    beforeAll(async () => {
      person = await signedIn()
      other = await signedIn()
    })

    test.each(FORMS)('R-136 $path takes no form without the token of its session', async ({ path }) => {
      const forged = [{}, { csrf: '' }, { csrf: other.csrf }, { csrf: `${person.csrf}x` }]
      for (const fields of forged) expect((await person.visitor.post(at(filled(path)), fields)).status).toBe(403)
      const across = await person.visitor.post(at(filled(path)), { csrf: person.csrf }, { 'sec-fetch-site': 'cross-site' })
      expect(across.status).toBe(403)
    })

    test.each(GUARDED.filter(({ method }) => method === 'GET'))(
      'R-134 $path is kept by no cache, and breaks for nobody',
      async ({ path }) => {
        const page = await ask(person, filled(path))
        expect([200, 303]).toContain(page.status)
        expect(page.headers['cache-control']).toBe('no-store')
      },
    )
  })

  test('R-088, R-107, R-109 what matters wants a proof of the last ten minutes; the rest does not', async () => {
    const person = await signedIn()
    await stage.moveClock(ELEVEN_MINUTES)
    for (const { method, path, guard } of GUARDED) {
      if (path === '/account/sign-out' || path === '/account/step-up') continue
      const page = await (method === 'GET' ? ask(person, filled(path)) : post(person, filled(path)))
      const asked = ledTo(page) === '/authorize'
      expect({ method, path, asked }).toEqual({ method, path, asked: guard === 'fresh' })
      if (asked) expect(new URL(page.location ?? '').searchParams.get('max_age')).toBe('600')
    }
    const fresh = ROUTES.filter(({ guard }) => guard === 'fresh').map(({ method, path }) => `${method} ${path}`)
    expect(fresh).toEqual([
      'GET /account/addresses/new',
      'POST /account/addresses/new',
      'GET /account/addresses/:ref/change',
      'POST /account/addresses/:ref/change',
      'GET /account/addresses/:ref/primary',
      'POST /account/addresses/:ref/primary',
      'GET /account/addresses/:ref/remove',
      'POST /account/addresses/:ref/remove',
      'GET /account/authenticators/new',
      'POST /account/authenticators/new',
      'GET /account/authenticators/:id/remove',
      'POST /account/authenticators/:id/remove',
      'GET /account/passkeys/new',
      'POST /account/passkeys/new',
      'POST /account/passkeys/options',
      'GET /account/passkeys/always',
      'POST /account/passkeys/always',
      'GET /account/passkeys/always/end',
      'POST /account/passkeys/always/end',
      'GET /account/passkeys/:id/remove',
      'POST /account/passkeys/:id/remove',
      'GET /account/codes/new',
      'POST /account/codes/new',
      'GET /account/data/download',
      'GET /account/close',
      'POST /account/close',
    ])
  })
})

describe('what is another account’s', () => {
  test('addresses: no page, no change', async () => {
    const owner = await signedIn()
    await addAddress(owner, 'owners@fabrikam.example')
    const refs = refsIn(await ask(owner, '/account/methods'))
    expect(refs).toHaveLength(2)
    const before = await rowsOf(owner.address)
    const person = await signedIn()
    for (const ref of refs) {
      for (const what of ['change', 'primary', 'remove']) {
        const page = await ask(person, `/account/addresses/${ref}/${what}`)
        expect({ location: page.location, text: page.text }).toEqual({ location: at('/account/methods'), text: '' })
      }
      for (const what of ['change', 'primary', 'remove', 'keep']) {
        const sent = await post(person, `/account/addresses/${ref}/${what}`, { address: 'mine@fabrikam.example' })
        expect(sent.location).toBe(at('/account/methods'))
      }
    }
    expect(await rowsOf(owner.address)).toEqual(before)
    expect((await person.visitor.open(at('/account/methods'))).words).not.toContain('owners@')
  })

  test('authenticators: no page, no name, no removal', async () => {
    const { address } = await signedIn()
    await addAuthenticator(stage.service, address)
    const id = await authenticatorOf(address)
    const person = await signedIn()
    for (const path of [`/account/authenticators/${id}`, `/account/authenticators/${id}/remove`]) {
      expect((await ask(person, path)).location).toBe(at('/account/methods'))
      expect((await post(person, path, { name: 'Mine' })).location).toBe(at('/account/methods'))
    }
    const rows = await query(stage.service.databaseUrl, 'select label, removed_at from credential where id = $1', [id])
    expect(rows).toEqual([{ label: '', removed_at: null }])
  })

  test('sessions and remembered browsers: not ended, not forgotten', async () => {
    const [owner, person] = [await signedIn(), await signedIn()]
    const uids = await query<{ uid: string }>(
      stage.service.databaseUrl,
      `select uid from oidc_record where model = 'Session'
       and account_id = (select account_id from address where canonical = $1)`,
      [owner.address],
    )
    expect(uids).not.toHaveLength(0)
    for (const { uid } of uids) expect((await post(person, '/account/devices/end', { session: uid })).status).toBe(303)
    expect((await ask(owner, '/account')).status).toBe(200)

    await query(
      stage.service.databaseUrl,
      `insert into remembered_device (id, account_id, label, created_at, last_used_at, expires_at)
       select 'owners-device', account_id, '', now(), now(), now() + interval '10 years' from address where canonical = $1`,
      [owner.address],
    )
    expect((await post(person, '/account/devices/forget', { device: 'owners-device' })).status).toBe(303)
    expect(await query(stage.service.databaseUrl, `select 1 from remembered_device where id = 'owners-device'`)).toHaveLength(1)
    await post(owner, '/account/devices/forget', { device: 'owners-device' })
    expect(await query(stage.service.databaseUrl, `select 1 from remembered_device where id = 'owners-device'`)).toHaveLength(0)
  })

  test('applications: an end is an end for oneself', async () => {
    const [owner, person] = [await signedIn(), await signedIn()]
    await stage.signIn(owner.address, { visitor: owner.visitor })
    const path = '/account/apps/test-app/end'
    expect((await ask(person, path)).location).toBe(at('/account/apps'))
    await post(person, path)
    expect((await ask(owner, '/account/apps')).text).toContain(path)
    expect((await ask(owner, path)).status).toBe(200)
    await post(owner, path)
    expect((await ask(owner, '/account/apps')).text).not.toContain(path)
  })

  test('what happened, and what is kept: only one’s own', async () => {
    const [owner, person] = [await signedIn(), await signedIn()]
    await addAddress(owner, 'trail@fabrikam.example')
    const [own, theirs] = [await ask(owner, '/account/activity'), await ask(person, '/account/activity')]
    expect(own.words).toContain('t•••l@fabrikam.example')
    expect(theirs.words).not.toContain('t•••l')
    const file = await ask(person, '/account/data/download')
    expect(file.headers['content-type']).toMatch(/^application\/json/)
    expect(file.headers['content-disposition']).toContain('attachment')
    expect(JSON.parse(file.text)).toBeInstanceOf(Object)
    expect(file.text).not.toContain(owner.address)
  })
})
