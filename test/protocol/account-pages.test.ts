import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addAccountRoutes } from '../../src/web/account/routes.ts'
import { codeOf } from '../rooms/totp-support.ts'
import { csrfOf, openAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
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

let stage: Stage
let people = 0
const at = (path: string) => `${stage.service.issuer}${path}`
/** Any values: whoever is let in by them is let in by all. */
const filled = (path: string) => path.replace(/:(\w+)/g, 'x-$1')
const pathOf = (page: Page) => new URL(page.url).pathname
const ledTo = (page: Page) => (page.location === null ? null : new URL(page.location).pathname)

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
  const page = { guarded: () => 'guarded', fresh: () => 'fresh' }
  const parts = new Proxy(page, { get: (known, name) => Reflect.get(known, name) ?? anything })
  addAccountRoutes({ get: add('GET'), post: add('POST') }, parts as never)
  return routes
}

interface Person {
  address: string
  visitor: Visitor
  csrf: string
}

async function signedIn(authenticator?: () => string): Promise<Person> {
  const address = `person${++people}@fabrikam.example`
  return { address, ...(await signInAs(address, authenticator)) }
}

async function signInAs(address: string, authenticator?: () => string): Promise<Omit<Person, 'address'>> {
  const visitor = createVisitor(stage.service)
  const page = await openAccount(stage, visitor, address, authenticator ? { authenticator } : {})
  return { visitor, csrf: csrfOf(page) }
}

const ask = ({ visitor }: Pick<Person, 'visitor'>, path: string) => visitor.get(at(path))
const post = ({ visitor, csrf }: Pick<Person, 'visitor' | 'csrf'>, path: string, fields: Record<string, string> = {}) =>
  visitor.post(at(path), { csrf, ...fields })

async function rowsOf(address: string): Promise<{ canonical: string; leaving: boolean; primary: boolean }[]> {
  return query(
    stage.service.databaseUrl,
    `select canonical, leaves_at is not null as leaving, primary_from is not null as primary from address
     where account_id = (select account_id from address where canonical = $1) order by created_at, canonical`,
    [address],
  )
}

/** Adds a proven address by the page's own forms. */
async function addAddress(person: Person, address: string): Promise<Page> {
  const page = await ask(person, '/account/addresses/new?kind=email')
  const sent = await person.visitor.submit(formWith(page, 'address') as never, { address })
  expect(ledTo(sent)).toBe('/account/addresses/prove')
  const { code } = await stage.mailbox.next(address)
  return post(person, '/account/addresses/prove', { code: code ?? '' })
}

/** Where the pages lead that are about one address. */
function refsIn(page: Page): string[] {
  return [...new Set([...page.text.matchAll(/\/account\/addresses\/([\w-]{22})\//g)].map(([, ref]) => ref as string))]
}

describe('every path of the account page', () => {
  test('stands behind a guard, but for the doors and what a mail leads to', () => {
    expect(ROUTES.filter(({ guard }) => guard === 'open').map(({ path }) => path)).toEqual([
      '/account/sign-in',
      '/account/callback',
      '/account/signed-out',
      '/account/notice/:token',
      '/account/notice/:token',
      '/account/notice-done',
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

  test('R-088 R-107 R-109 what matters wants a proof of the last ten minutes; the rest does not', async () => {
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
      'GET /account/codes/new',
      'POST /account/codes/new',
      'GET /account/data/download',
      'GET /account/close',
      'POST /account/close',
    ])
  })
})

describe('addresses', () => {
  test('a new one counts once its code was typed; a wrong code says so', async () => {
    const person = await signedIn()
    const added = 'second-address@fabrikam.example'
    const page = await ask(person, '/account/addresses/new?kind=email')
    await person.visitor.submit(formWith(page, 'address') as never, { address: added })
    const { code } = await stage.mailbox.next(added)
    const wrong = await post(person, '/account/addresses/prove', { code: code === '000000' ? '000001' : '000000' })
    const told = await person.visitor.follow(wrong)
    expect(pathOf(told)).toBe('/account/addresses/prove')
    expect(formWith(told, 'code')).toBeDefined()
    expect(await rowsOf(person.address)).toHaveLength(1)
    const done = await person.visitor.follow(await post(person, '/account/addresses/prove', { code: code ?? '' }))
    expect(pathOf(done)).toBe('/account/methods')
    expect(done.words).toContain(added)
    expect(await rowsOf(person.address)).toHaveLength(2)
    expect((await stage.mailbox.nextNotice(person.address)).objection).toMatch(/\/account\/notice\//)
  })

  test('R-067 R-119 what an address is proven for is said before its code is sent, and by no later form', async () => {
    const person = await signedIn()
    const [ref] = refsIn(await ask(person, '/account/methods'))
    const added = 'only-added@fabrikam.example'
    const page = await ask(person, '/account/addresses/new?kind=email')
    await person.visitor.submit(formWith(page, 'address') as never, { address: added })
    const { code } = await stage.mailbox.next(added)
    const steered = {
      ref: ref ?? '',
      replaces: ref ?? '',
      address: 'other@evil.example',
      kind: 'phone',
      to: 'https://evil.example',
    }
    const done = await person.visitor.post(at(`/account/addresses/prove?${new URLSearchParams(steered)}`), {
      csrf: person.csrf,
      code: code ?? '',
      ...steered,
    })
    expect(done.location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toEqual([
      { canonical: person.address, leaving: false, primary: true },
      { canonical: added, leaving: false, primary: false },
    ])
  })

  test('R-119 a code proves nothing for what another session was asked, nor without the note of its own', async () => {
    const person = await signedIn()
    const address = 'without-note@fabrikam.example'
    const page = await ask(person, '/account/addresses/new?kind=email')
    await person.visitor.submit(formWith(page, 'address') as never, { address })
    const { code } = await stage.mailbox.next(address)
    const elsewhere = await signInAs(person.address)
    expect((await post(elsewhere, '/account/addresses/prove', { code: code ?? '' })).location).toBe(at('/account/methods'))
    person.visitor.jar.keep(at('/'), ['account-address=forged; Path=/'])
    expect((await post(person, '/account/addresses/prove', { code: code ?? '' })).location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toHaveLength(1)
  })

  test('R-119 the note of one address, or of one session, serves no other', async () => {
    const person = await signedIn()
    const [ref] = refsIn(await ask(person, '/account/methods'))
    const [first, second] = ['first-note@fabrikam.example', 'second-note@fabrikam.example']
    await post(person, '/account/addresses/new?kind=email', { address: first })
    const ofFirst = person.visitor.jar.value(at('/account'), 'account-address')
    await post(person, `/account/addresses/${ref}/change`, { address: second })
    const ofSecond = person.visitor.jar.value(at('/account'), 'account-address')
    const { code } = await stage.mailbox.next(second)
    person.visitor.jar.keep(at('/'), [`account-address=${ofFirst}; Path=/`])
    expect((await post(person, '/account/addresses/prove', { code: code ?? '' })).location).toBe(at('/account/methods'))

    const elsewhere = await signInAs(person.address)
    await post(elsewhere, '/account/addresses/new?kind=email', { address: second })
    const again = await stage.mailbox.next(second)
    elsewhere.visitor.jar.keep(at('/'), [`account-address=${ofSecond}; Path=/`])
    const sent = await post(elsewhere, '/account/addresses/prove', { code: again.code ?? '' })
    expect(sent.location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toEqual([{ canonical: person.address, leaving: false, primary: true }])
  })

  test('R-088 a change waits: the old address opens the account until then, and can be kept', async () => {
    const person = await signedIn()
    const [ref] = refsIn(await ask(person, '/account/methods'))
    const added = 'changed-to@fabrikam.example'
    expect((await ask(person, `/account/addresses/${ref}/change`)).words).toContain(person.address)
    await post(person, `/account/addresses/${ref}/change`, { address: added })
    const { code } = await stage.mailbox.next(added)
    const done = await person.visitor.follow(await post(person, '/account/addresses/prove', { code: code ?? '' }))
    expect(pathOf(done)).toBe('/account/methods')
    expect(await rowsOf(person.address)).toContainEqual({ canonical: person.address, leaving: true, primary: true })
    await signInAs(person.address)
    const keep = done.forms.find(({ action }) => action.endsWith(`${ref}/keep`))
    expect((await person.visitor.submit(keep as never)).location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toEqual([{ canonical: person.address, leaving: false, primary: true }])
  })

  test('a code is sent once more when that is due, and none is asked for after "cancel"', async () => {
    const person = await signedIn()
    const added = 'never-mind@fabrikam.example'
    await post(person, '/account/addresses/new?kind=email', { address: added })
    const { code } = await stage.mailbox.next(added)
    expect((await post(person, '/account/addresses/prove/resend')).location).toBe(at('/account/addresses/prove'))
    await stage.moveClock(61)
    await post(person, '/account/addresses/prove/resend')
    expect((await stage.mailbox.next(added)).code).toBe(code)
    expect((await post(person, '/account/addresses/prove/cancel')).location).toBe(at('/account/methods'))
    expect((await ask(person, '/account/addresses/prove')).location).toBe(at('/account/methods'))
    expect((await post(person, '/account/addresses/prove', { code: code ?? '' })).location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toHaveLength(1)
  })

  test('F-25 one that is somebody else’s is told to whoever has proven it, and to nobody before', async () => {
    const [owner, person] = [await signedIn(), await signedIn()]
    const told = await person.visitor.follow(await addAddress(person, owner.address))
    expect(pathOf(told)).toBe('/account/addresses/prove')
    expect(formWith(told, 'code')).toBeUndefined()
    expect(await rowsOf(person.address)).toHaveLength(1)
    expect(await rowsOf(owner.address)).toHaveLength(1)
  })

  test.each(['', 'nothing', 'a@b@c.example', 'x'.repeat(300)])(
    'what is no address (%j) is said at the field',
    async (address) => {
      const person = await signedIn()
      const page = await ask(person, '/account/addresses/new?kind=email')
      const said = await person.visitor.follow(await person.visitor.submit(formWith(page, 'address') as never, { address }))
      expect(pathOf(said)).toBe('/account/addresses/new')
      expect(said.text).toMatch(/aria-invalid="true"/)
    },
  )

  test('one’s own is not sent a code', async () => {
    const person = await signedIn()
    const page = await ask(person, '/account/addresses/new?kind=email')
    const sent = await person.visitor.submit(formWith(page, 'address') as never, { address: person.address.toUpperCase() })
    expect(ledTo(sent)).toBe('/account/addresses/new')
  })

  test('R-094 the last one cannot be removed, by its link or by its form', async () => {
    const person = await signedIn()
    const [ref] = refsIn(await ask(person, '/account/methods'))
    expect((await ask(person, `/account/addresses/${ref}/remove`)).location).toBe(at('/account/methods'))
    expect((await post(person, `/account/addresses/${ref}/remove`)).location).toBe(at('/account/methods'))
    expect(await rowsOf(person.address)).toEqual([{ canonical: person.address, leaving: false, primary: true }])
  })

  test('R-088 R-109 a removal waits, can be stopped, and offers to end the other sessions', async () => {
    const person = await signedIn()
    await addAddress(person, 'removed@fabrikam.example')
    const methods = await ask(person, '/account/methods')
    const path = /\/account\/addresses\/[\w-]{22}\/remove/.exec(methods.text.slice(methods.text.indexOf('removed@')))?.[0] ?? ''
    const asked = await ask(person, path)
    expect(asked.words).toContain('removed@fabrikam.example')
    const done = await post(person, path)
    expect(done.location).toBe(at('/account/devices'))
    expect(await rowsOf(person.address)).toContainEqual({ canonical: 'removed@fabrikam.example', leaving: true, primary: false })
    const kept = await post(person, path.replace('/remove', '/keep'))
    expect(kept.location).toBe(at('/account/methods'))
    expect((await rowsOf(person.address)).some(({ leaving }) => leaving)).toBe(false)
  })
})

describe('an authenticator', () => {
  const keyOn = (page: Page) => /(?:[A-Z2-7]{4} ){4,}[A-Z2-7]{2,4}/.exec(page.words)?.[0].replaceAll(' ', '') ?? ''
  const shown = (key: string) => codeOf(key, Math.floor(Date.now() / 1000) + stage.service.clockSeconds)

  test('R-107 R-116 is set up by its first code; then neither its key nor, once kept, the recovery codes are seen again', async () => {
    const person = await signedIn()
    const page = await ask(person, '/account/authenticators/new')
    const key = keyOn(page)
    expect(key).toMatch(/^[A-Z2-7]{32,}$/)
    expect(keyOn(await ask(person, '/account/authenticators/new'))).toBe(key)
    const form = formWith(page, 'code') as never
    const wrong = await person.visitor.follow(await person.visitor.submit(form, { code: '12', name: 'Old phone' }))
    expect(pathOf(wrong)).toBe('/account/authenticators/new')
    expect(wrong.text).toContain('value="Old phone"')
    const added = await person.visitor.submit(form, { code: shown(key), name: 'New phone' })
    expect(added.location).toBe(at('/account/codes'))
    const codes = await ask(person, '/account/codes')
    const file = await ask(person, '/account/codes/download')
    expect(file.headers['content-disposition']).toContain('attachment')
    expect(file.headers['content-type']).toBe('text/plain; charset=utf-8')
    const list = file.text.trim().split('\r\n')
    expect(list).toHaveLength(10)
    for (const code of list) expect(codes.words).toContain(code)

    // A session that has not shown the authenticator is not strong enough from now on.
    expect(ledTo(await ask(person, '/account/authenticators/new'))).toBe('/authorize')
    expect((await post(person, '/account/codes/kept')).location).toBe(at('/account/methods'))
    for (const path of ['/account/codes', '/account/codes/download']) {
      expect((await ask(person, path)).location).toBe(at('/account/methods'))
    }
    await stage.moveClock(60)
    const again = await openAccount(stage, person.visitor, person.address, {
      path: '/account/authenticators/new',
      authenticator: () => shown(key),
    })
    expect(keyOn(again)).toMatch(/^[A-Z2-7]{32,}$/)
    expect(keyOn(again)).not.toBe(key)
    expect((await ask(person, '/account/methods')).words).toContain('New phone')
  })

  test('R-109 goes after a question, is named anew without one, and leads to the other sessions', async () => {
    const { address } = await signedIn()
    const authenticator = await addAuthenticator(stage.service, address)
    const person = { address, ...(await signInAs(address, authenticator)) }
    await stage.moveClock(60)
    const id = await idOf(address)
    expect((await post(person, `/account/authenticators/${id}`, { name: 'Tablet' })).location).toBe(at('/account/methods'))
    expect((await ask(person, `/account/authenticators/${id}`)).words).toContain('Tablet')
    await openAccount(stage, person.visitor, address, { path: `/account/authenticators/${id}/remove`, authenticator })
    const { csrf } = { csrf: csrfOf(await ask(person, '/account')) }
    const removed = await post({ ...person, csrf }, `/account/authenticators/${id}/remove`)
    expect(removed.location).toBe(at('/account/devices'))
    expect((await ask(person, `/account/authenticators/${id}`)).location).toBe(at('/account/methods'))
  })
})

describe('an authenticator and a session that has not shown it', () => {
  test('R-109 R-120 it is neither removed, nor joined by another, nor are recovery codes made', async () => {
    const person = await signedIn()
    const authenticator = await addAuthenticator(stage.service, person.address)
    const id = await idOf(person.address)
    const paths = [`/account/authenticators/${id}/remove`, '/account/authenticators/new', '/account/codes/new', '/account/close']
    for (const path of paths) {
      for (const page of [await ask(person, path), await post(person, path)]) {
        const { searchParams, pathname } = new URL(page.location ?? '')
        expect(pathname).toBe('/authorize')
        expect(searchParams.get('claims')).toContain('urn:doorward:acr:2')
      }
    }
    expect(await countOf(person.address)).toEqual({ totp: 1 })
    await stage.moveClock(60)
    await openAccount(stage, person.visitor, person.address, { path: '/account/codes/new', authenticator })
    const csrf = csrfOf(await ask(person, '/account'))
    expect((await post({ ...person, csrf }, '/account/codes/new')).location).toBe(at('/account/codes'))
    expect(await countOf(person.address)).toEqual({ totp: 1, recovery: 10 })
  })
})

async function countOf(address: string): Promise<Record<string, number>> {
  const rows = await query<{ kind: string; count: number }>(
    stage.service.databaseUrl,
    `select kind, count(*)::int as count from credential
     where removed_at is null and account_id = (select account_id from address where canonical = $1) group by kind`,
    [address],
  )
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]))
}

describe('sessions', () => {
  test('R-135 the one that asks is named, others are ended one by one or together, and are out at their next request', async () => {
    const person = await signedIn()
    const [one, two, three] = [await signInAs(person.address), await signInAs(person.address), await signInAs(person.address)]
    const page = await ask(person, '/account/devices')
    const ends = page.forms.filter(({ action }) => action === at('/account/devices/end'))
    expect(ends).toHaveLength(3)
    const [first] = ends[0]?.buttons ?? []
    await person.visitor.submit(ends[0] as never, {}, first?.value)
    const states = await Promise.all([one, two, three].map(async (other) => (await ask(other, '/account')).status))
    expect(states.toSorted()).toEqual([200, 200, 303])
    const asked = await ask(person, '/account/devices/end-others')
    const answer = asked.forms.find(({ action }) => action === at('/account/devices/end-others'))
    expect((await person.visitor.submit(answer as never)).location).toBe(at('/account/devices'))
    for (const other of [one, two, three]) expect(ledTo(await ask(other, '/account'))).toBe('/authorize')
    expect((await ask(person, '/account')).status).toBe(200)
    expect((await ask(person, '/account/devices/end-others')).location).toBe(at('/account/devices'))
  })
})

async function idOf(address: string): Promise<string> {
  const rows = await query<{ id: string }>(
    stage.service.databaseUrl,
    `select id from credential where kind = 'totp' and account_id = (select account_id from address where canonical = $1)`,
    [address],
  )
  return rows[0]?.id ?? ''
}

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
    const id = await idOf(address)
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

describe('the profile', () => {
  test('R-089 takes what people say of themselves; nothing that is proven can be typed', async () => {
    const person = await signedIn()
    const fields = { name: 'María Álvarez', email: 'evil@evil.example', email_verified: 'true', sub: 'other', updatedAt: 'x' }
    expect((await post(person, '/account/profile', fields)).location).toBe(at('/account/profile'))
    const page = await ask(person, '/account/profile')
    expect(page.text).toContain('value="María Álvarez"')
    const [row] = await query<{ profile: object }>(
      stage.service.databaseUrl,
      'select profile from account where id = (select account_id from address where canonical = $1)',
      [person.address],
    )
    expect(Object.keys(row?.profile ?? {})).not.toEqual(expect.arrayContaining(['email', 'email_verified', 'sub']))
    expect(await rowsOf(person.address)).toHaveLength(1)
  })

  test('what cannot be so is said at its field, and nothing that was typed is lost', async () => {
    const person = await signedIn()
    const fields = { name: 'Otto', website: 'javascript:alert(1)', zoneinfo: 'Europe/Berlin' }
    const page = await person.visitor.follow(await post(person, '/account/profile', fields))
    expect(page.text).toMatch(/name="website"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*name="website"/)
    expect(page.text).toContain('value="Otto"')
    expect((await ask(person, '/account/profile')).text).not.toContain('Otto')
  })
})

describe('the end of an account', () => {
  test('is asked for, shown on every page, and taken back', async () => {
    const person = await signedIn()
    expect((await ask(person, '/account/close')).words).toContain(person.address)
    expect((await post(person, '/account/close')).location).toBe(at('/account'))
    const page = await ask(person, '/account/methods')
    const keep = page.forms.find(({ action }) => action === at('/account/keep'))
    expect(keep).toBeDefined()
    expect((await ask(person, '/account/close')).location).toBe(at('/account/data'))
    await person.visitor.submit(keep as never)
    expect((await ask(person, '/account')).forms.some(({ action }) => action === at('/account/keep'))).toBe(false)
  })
})
