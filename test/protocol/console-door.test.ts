import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addConsoleRoutes } from '../../src/web/console/routes.ts'
import { csrfOf } from '../support/account.ts'
import { setRole, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { type AtConsole, enterConsole } from './console-walk.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startAdminStage()
}, 60_000)
afterAll(() => stage.stop())

const at = (path: string) => `${stage.service.issuer}${path}`
const run = (sql: string, values: unknown[]) => query(stage.service.databaseUrl, sql, values)
let people = 0
const enter = (role: 'admin' | 'support' | 'auditor' = 'admin'): Promise<AtConsole> =>
  enterConsole(stage, `door-${people++}@fabrikam.example`, role)

/** Every path of the console, as it is added. */
function pathsOf(method: 'get' | 'post'): string[] {
  const found: Record<'get' | 'post', string[]> = { get: [], post: [] }
  const adding = (to: string[]) => (path: string) => void to.push(path)
  const anything: unknown = new Proxy(() => anything, { get: () => anything })
  addConsoleRoutes({ get: adding(found.get), post: adding(found.post) }, anything as never)
  return found[method].map((path) =>
    path.replace('/:kind', '/web').replace('/:section', '/details').replace(/:\w+/g, 'dashboard'),
  )
}

/** Whether the answer leads to a sign-in. */
function asksToSignIn({ status, location }: Page): URL | null {
  return status === 303 && location?.startsWith(at('/authorize')) ? new URL(location) : null
}

const OPEN = ['/admin/sign-in', '/admin/callback', '/admin/signed-out']
const isOpen = (path: string) => OPEN.includes(path) || path.startsWith('/admin/first/')

describe('without a session at the console', () => {
  test('R-135 every page leads to a sign-in, and no form does anything', async () => {
    const visitor = createVisitor(stage.service)
    for (const path of pathsOf('get').filter((one) => !isOpen(one))) {
      expect([path, asksToSignIn(await visitor.get(at(path)))?.searchParams.get('client_id')]).toEqual([path, 'console'])
    }
    for (const path of pathsOf('post').filter((one) => !isOpen(one))) {
      const page = await visitor.post(at(path), {})
      expect([path, page.status, new URL(page.location ?? '').pathname.split('/')[1]]).toEqual([path, 303, 'admin'])
    }
  })

  test('R-109, R-120 a second factor is asked of everybody, and set up where there is none', async () => {
    const visitor = await stage.signIn('no-second@fabrikam.example')
    const asked = asksToSignIn(await visitor.get(at('/admin')))
    expect(JSON.parse(asked?.searchParams.get('claims') ?? '')).toMatchObject({ id_token: { acr: { essential: true } } })
    const identify = formWith(await visitor.open(at('/admin')), 'identifier')
    if (!identify) throw new Error('no sign-in')
    const waiting = await visitor.follow(await visitor.submit(identify, { identifier: 'no-second@fabrikam.example' }))
    const answer = formWith(waiting, 'code')
    if (!answer) throw new Error('no code is asked for')
    const { code } = await stage.mailbox.next('no-second@fabrikam.example')
    const page = await visitor.follow(await visitor.submit(answer, { code: code ?? '' }))
    expect(page.words).toContain('Set up a second proof')
    expect(asksToSignIn(await visitor.get(at('/admin')))).not.toBeNull()
  })
})

describe('an administrator at the console', () => {
  test('R-175 is let in by the role that the account has at that moment', async () => {
    const me = await enter('admin')
    expect((await me.open('/admin/new-client')).status).toBe(200)
    await setRole(stage.service, me.address, 'auditor')
    expect((await me.open('/admin/clients')).status).toBe(200)
    const refused = await me.open('/admin/new-client')
    expect(refused.status).toBe(403)
    expect(refused.words).toContain('Your role does not allow this')
    await setRole(stage.service, me.address, null)
    const nobody = await me.open('/admin/clients')
    expect(nobody.status).toBe(403)
    expect(nobody.words).toContain('This is for administrators')
    expect(nobody.words).toContain(me.address)
    expect(nobody.words).not.toContain('dashboard')
  })

  test('whoever is none can sign in as somebody else, or sign out', async () => {
    const me = await enter('support')
    await setRole(stage.service, me.address, null)
    const refused = await me.open('/admin')
    const other = await me.press(refused, /another account/)
    expect(formWith(other, 'identifier')).toBeDefined()
    expect((await me.press(await me.open('/admin'), /Sign out/)).words).toContain('Sign out')
    expect(asksToSignIn(await me.visitor.get(at('/admin')))).not.toBeNull()
  })

  test.each([
    ['the account is suspended', (id: string) => run("update account set state = 'suspended' where id = $1", [id])],
    [
      'the session of the engine ends',
      (id: string) => run("delete from oidc_record where model = 'Session' and account_id = $1", [id]),
    ],
    [
      'the session is taken away',
      (id: string) => run("delete from account_session where client_id = 'console' and account_id = $1", [id]),
    ],
  ])('R-135 is out with the next request when %s', async (_what, end) => {
    const me = await enter('admin')
    expect((await me.visitor.get(at('/admin/clients'))).status).toBe(200)
    await end(me.accountId)
    expect(asksToSignIn(await me.visitor.get(at('/admin/clients')))).not.toBeNull()
  })

  test('R-130 a session on the account page opens nothing here, nor the other way round', async () => {
    const me = await enter('admin')
    const cookies = me.visitor.jar.header(at('/admin')) ?? ''
    const token = /(?:^|; )console=([^;]+)/.exec(cookies)?.[1] ?? ''
    expect(token).not.toBe('')
    const stranger = createVisitor(stage.service)
    expect(asksToSignIn(await stranger.get(at('/admin/clients'), { cookie: `account=${token}` }))).not.toBeNull()
    expect(asksToSignIn(await stranger.get(at('/account'), { cookie: `account=${token}` }))).not.toBeNull()
  })

  test('R-175 what the role may not see is neither in the rail nor behind its address', async () => {
    const me = await enter('support')
    const { text } = await me.open('/admin/people')
    const rail = text.slice(text.indexOf('<nav class="rail"'), text.indexOf('</nav>'))
    for (const [path, sees] of [
      ['/admin/people', true],
      ['/admin/messages', true],
      ['/admin/clients', false],
      ['/admin/apis', false],
      ['/admin/keys', false],
      ['/admin/audit', false],
    ] as const) {
      expect([path, rail.includes(`href="${path}"`)]).toEqual([path, sees])
      expect([path, (await me.open(path)).status]).toEqual([path, sees ? 200 : 403])
    }
  })

  test('R-136 no form does anything without the token of its session', async () => {
    const [me, other] = [await enter('admin'), await enter('admin')]
    const foreign = csrfOf(await other.open('/admin/clients'))
    const guarded = pathsOf('post').filter((path) => !isOpen(path))
    expect(guarded.length).toBeGreaterThan(20)
    for (const path of guarded) {
      for (const fields of [{}, { csrf: '' }, { csrf: foreign }]) {
        expect([path, (await me.visitor.post(at(path), fields)).status]).toEqual([path, 403])
      }
    }
    expect((await me.open('/admin/clients')).status).toBe(200)
  })

  test('R-003 is led back to the page that was asked for, and to no other place', async () => {
    const me = await enter('admin')
    await run('delete from account_session where account_id = $1', [me.accountId])
    expect(new URL((await me.open('/admin/clients?q=dash+board&kind=native')).url).search).toBe('?q=dash+board&kind=native')
    for (const to of [
      'https://evil.example',
      '//evil.example',
      '/account',
      '/admin/callback',
      '/admin/../account',
      '/adminevil',
      '/admin\\evil',
    ]) {
      await run('delete from account_session where account_id = $1', [me.accountId])
      const end = await me.visitor.open(at(`/admin/sign-in?to=${encodeURIComponent(to)}`))
      expect([to, end.url]).toEqual([to, at('/admin')])
    }
  })
})

// Moves the clock of all: last.
describe('time', () => {
  test('R-109, R-120 what changes something wants a proof of the last ten minutes; reading does not', async () => {
    const me = await enter('admin')
    const page = await me.open('/admin/new-client/web')
    await stage.moveClock(10 * 60 + 5)
    expect((await me.visitor.get(at('/admin/clients'))).status).toBe(200)
    expect(asksToSignIn(await me.visitor.get(at('/admin/new-client')))?.searchParams.get('max_age')).toBe('600')
    const form = page.forms.find(({ action }) => action.endsWith('/admin/new-client/web'))
    if (!form) throw new Error('no form')
    const stale = await me.visitor.submit(form, { client_name: 'Too late', redirect_uris: 'https://late.example/cb' })
    expect(asksToSignIn(stale)).not.toBeNull()
    expect(await run("select 1 from client where metadata ->> 'client_name' = 'Too late'", [])).toEqual([])
  })

  test('R-133 half an hour without a request ends the session, and a new one wants a new proof', async () => {
    const me = await enter('admin')
    await stage.moveClock(30 * 60 + 5)
    const asked = asksToSignIn(await me.visitor.get(at('/admin/clients')))
    expect(asked?.searchParams.get('max_age')).toBe('1800')
    const page = await me.open('/admin/clients')
    expect(new URL(page.url).pathname).toMatch(/^\/sign-in\//)
  })
})
