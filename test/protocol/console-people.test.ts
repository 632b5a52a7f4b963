import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import type { Page } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { type AtConsole, enterConsole, somebody as signedIn, waysOf } from './console-walk.ts'
import { addAuthenticator } from './second-walk.ts'

let stage: Stage
let admin: AtConsole
let support: AtConsole
let auditor: AtConsole

beforeAll(async () => {
  stage = await startAdminStage()
  admin = await enterConsole(stage, 'ada@fabrikam.example', 'admin')
  support = await enterConsole(stage, 'sam@fabrikam.example', 'support')
  auditor = await enterConsole(stage, 'ida@fabrikam.example', 'auditor')
}, 120_000)
afterAll(() => stage.stop())

const PAGES = [
  '/admin',
  '/admin/people',
  '/admin/invitations',
  '/admin/messages',
  '/admin/keys',
  '/admin/audit',
  '/admin/administrators',
]

const somebody = (address: string) => signedIn(stage, address)

function railOf({ text }: Page): string[] {
  const rail = text.slice(text.indexOf('<nav class="rail"'), text.indexOf('</nav>'))
  return [...rail.matchAll(/href="([^"]+)"/g)].map(([, path = '']) => path)
}

async function sentLength(path: string): Promise<number> {
  const answer = await fetch(new URL(path, stage.service.issuer), { headers: { 'accept-encoding': 'br' } })
  await answer.body?.cancel()
  return Number(answer.headers.get('content-length'))
}

const stateOf = async (id: string) =>
  (
    await query<{ state: string; role: string | null }>(
      stage.service.databaseUrl,
      'select state, role from account where id = $1',
      [id],
    )
  )[0]

describe('what a role may not do is not shown', () => {
  test('an administrator sees every page', async () => {
    for (const path of PAGES) expect([path, (await admin.open(path)).status]).toEqual([path, 200])
    expect(railOf(await admin.open('/admin'))).toEqual(
      expect.arrayContaining(PAGES.filter((path) => path !== '/admin/invitations')),
    )
  })

  test('R-175 support sees people and messages; keys, the audit log and administrators answer 403', async () => {
    expect(railOf(await support.open('/admin'))).toEqual(['/admin', '/admin/people', '/admin/messages'])
    for (const path of ['/admin/keys', '/admin/audit', '/admin/audit/export', '/admin/audit/verify', '/admin/administrators'])
      expect([path, (await support.open(path)).status]).toEqual([path, 403])
  })

  test('R-175 an auditor reads a person, and no link or form there leads to a change', async () => {
    const { path } = await somebody('read@fabrikam.example')
    const page = await auditor.open(path)
    expect(page.status).toBe(200)
    expect(
      waysOf(page).filter((way) => /\/(name|role|suspend|close|end|end-sessions|remove|revoke|export|lift)$/.test(way)),
    ).toEqual([])
    expect(waysOf(await admin.open(path))).toEqual(
      expect.arrayContaining(['/name', '/role', '/suspend', '/close', '/end-sessions', '/export']),
    )
    for (const deed of [
      'suspend',
      'close',
      'name',
      'role',
      'export',
      'end-sessions',
      'rescue',
      'rescue/shorten',
      'rescue/cancel',
    ])
      expect([deed, (await auditor.open(`${path}/${deed}`)).status]).toEqual([deed, 403])
  })

  test('R-175 support may not touch somebody who has a role: nothing is offered, and a form that is sent all the same does nothing', async () => {
    const path = `/admin/people/${auditor.accountId}`
    expect(waysOf(await support.open(path)).filter((way) => /suspend|close|name|end/.test(way))).toEqual([])
    const own = await somebody('not-own@fabrikam.example')
    const [form] = (await support.open(`${own.path}/suspend`)).forms.filter(({ action }) => action.endsWith('/suspend'))
    if (!form) throw new Error('no question')
    const answer = await support.visitor.submit({ ...form, action: form.action.replace(own.id, auditor.accountId) })
    expect(answer.status).toBe(403)
    expect(await stateOf(auditor.accountId)).toEqual({ state: 'active', role: 'auditor' })
    expect(await stateOf(own.id)).toMatchObject({ state: 'active' })
  })
})

describe('pages', () => {
  test('each weighs less than 30 kB with all it loads, as browsers ask for it', async () => {
    const { path } = await somebody('weight@fabrikam.example')
    for (const place of [...PAGES, '/admin?days=90', path]) {
      const page = await admin.open(place)
      const sheets = [...page.text.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, sheet = '']) => sheet)
      expect(sheets).toHaveLength(4)
      let bytes = Buffer.byteLength(page.text)
      for (const sheet of sheets) bytes += await sentLength(sheet)
      expect([place, bytes < 30_000, bytes]).toEqual([place, true, bytes])
    }
  })
})

describe('people', () => {
  test('are found by an address, and one who is not there is told as such', async () => {
    const { id } = await somebody('maria.find@fabrikam.example')
    const found = await admin.open('/admin/people?q=maria.find@')
    expect(waysOf(found)).toContain(`/${id}`)
    expect(waysOf(await admin.open('/admin/people?q=maria.find@&state=suspended'))).not.toContain(`/${id}`)
    expect((await admin.open('/admin/people?q=nobody.at.all@')).words).toContain('Nobody fits')
  })

  test('R-176 a list goes on from page to page, and a forged cursor is refused in words', async () => {
    for (const path of ['people?state=active', 'audit?client=shop', 'messages?channel=email', 'clients?q=a', 'audit/verify?x=']) {
      for (const cursor of ['e30.AAAA', 'x'.repeat(1001), '%27']) {
        const page = await admin.open(`/admin/${path}&cursor=${cursor}`)
        expect([path, page.status, /syntax|postgres|prisma/i.test(page.words)]).toEqual([path, 400, false])
        const first = `/admin/${path.replace('?x=', '')}`
        expect(page.text).toContain(`href="${first}"`)
        expect((await admin.open(first)).status).toBe(200)
      }
    }
    const first = await admin.open('/admin/audit')
    const [, older = ''] = /<nav class="line apart"[^>]*>.*?href="([^"]+cursor[^"]+)"/s.exec(first.text) ?? []
    const second = await admin.open(older.replaceAll('&amp;', '&').replaceAll('&#38;', '&'))
    const rows = (page: Page) => [...page.text.matchAll(/entries\/(\d+)"/g)].map(([, id]) => Number(id))
    expect(rows(second).length).toBeGreaterThan(0)
    expect(Math.max(...rows(second))).toBeLessThan(Math.min(...rows(first)))
  })

  test('the question before a suspension names what ends; the answer ends it, and it can be undone', async () => {
    const { id, path } = await somebody('gone@fabrikam.example')
    const question = await admin.open(`${path}/suspend`)
    expect(question.words).toContain('Suspend gone@fabrikam.example?')
    expect(question.words).toContain('Firefox on Linux')
    const done = await admin.press(question, /^Suspend$/)
    expect(done.words).toContain('Suspended. Sessions and tokens have ended.')
    expect(done.words).toContain('Not signed in anywhere')
    const told = done.text.split('<tr role="row"><td').find((row) => /data-label="What">.*>Suspended</.test(row)) ?? ''
    expect(told).toContain('>by an administrator<')
    expect(told).not.toContain('Firefox') // their device is not the person's
    expect(await stateOf(id)).toMatchObject({ state: 'suspended' })
    expect(new URL((await admin.open(`${path}/suspend`)).url).pathname).toBe(path)
    await admin.press(await admin.open(`${path}/resume`), /^Resume$/)
    expect(await stateOf(id)).toMatchObject({ state: 'active' })
  })

  test('one session is ended, and another one stays', async () => {
    const { path } = await somebody('two@fabrikam.example')
    await stage.signIn('two@fabrikam.example')
    const before = waysOf(await admin.open(path)).filter((way) => /\/sessions\/.*\/end$/.test(way))
    expect(before).toHaveLength(2)
    await admin.press(await admin.open(`${path}${before[0]}`), /^End the session$/)
    expect(waysOf(await admin.open(path)).filter((way) => /\/sessions\/.*\/end$/.test(way))).toEqual([before[1]])
    // It is gone: there is nothing to ask.
    expect(new URL((await admin.open(`${path}${before[0]}`)).url).pathname).toBe(path)
  })

  test('a name is corrected, and not over what somebody else has written meanwhile', async () => {
    const { path } = await somebody('name@fabrikam.example')
    const [form, late] = [await admin.open(`${path}/name`), await support.open(`${path}/name`)]
    const done = await admin.press(form, /^Save$/, { name: 'Maria Alvarez' })
    expect(done.words).toContain('The profile was changed.')
    expect(done.text).toMatch(/<h1><bdi>Maria Alvarez<\/bdi><\/h1>/)
    const refused = await support.press(late, /^Save$/, { name: 'Mary' })
    expect(refused.text).toContain('class="notice bad"')
    expect((await admin.open(path)).text).toMatch(/<h1><bdi>Maria Alvarez<\/bdi><\/h1>/)
  })

  test('what cannot be a name is told at its field, with what was typed', async () => {
    const { path } = await somebody('long-name@fabrikam.example')
    const long = `A${'b'.repeat(300)}`
    const page = await admin.press(await admin.open(`${path}/name`), /^Save$/, { name: long, given_name: 'Anna' })
    expect(page.text).toMatch(new RegExp(`id="name"[^>]*value="${long}"[^>]*aria-invalid="true"`))
    expect(page.text).toMatch(/id="given_name"[^>]*value="Anna"(?![^>]*aria-invalid)/)
    expect((await admin.open(`${path}/name`)).text).not.toContain('aria-invalid')
  })

  test('are deleted after the grace period, and kept until then', async () => {
    const { path } = await somebody('leaves@fabrikam.example')
    const closing = await admin.press(await admin.open(`${path}/close`), /^Delete$/)
    expect(closing.words).toContain('To be deleted on')
    const kept = await admin.press(await admin.open(`${path}/keep`), /^Keep the account$/)
    expect(kept.words).not.toContain('To be deleted on')
  })

  test('all that is kept about one is a file that nobody stores on the way', async () => {
    const { path } = await somebody('export@fabrikam.example')
    const file = await admin.open(`${path}/export`)
    expect(file.headers['content-disposition']).toBe('attachment; filename="person.json"')
    expect(file.headers['cache-control']).toBe('no-store')
    expect(JSON.stringify(JSON.parse(file.text))).toContain('export@fabrikam.example')
  })

  test('R-136 no form without the token of its session', async () => {
    const { id, path } = await somebody('csrf@fabrikam.example')
    const answer = await admin.visitor.post(`${stage.service.issuer}${path}/suspend`, {})
    expect(answer.status).toBe(403)
    expect(await stateOf(id)).toMatchObject({ state: 'active' })
  })

  test('one that is not there is a page of the frame', async () => {
    const page = await admin.open('/admin/people/nobody')
    expect(page.status).toBe(404)
    expect(railOf(page)).toContain('/admin/people')
  })
})

describe('administrators', () => {
  test('a role is given and taken on the page of a person', async () => {
    const { id, path } = await somebody('promoted@fabrikam.example')
    const without = await admin.open(`${path}/role`)
    expect(without.words).toContain('This person has no second proof.')
    expect(without.text).not.toContain('name="role"')
    await addAuthenticator(stage.service, 'promoted@fabrikam.example')
    const question = await admin.open(`${path}/role`)
    expect(question.words).not.toContain('This person has no second proof.')
    await admin.press(question, /^Give the role$/, { role: 'support' })
    expect(await stateOf(id)).toMatchObject({ role: 'support' })
    expect(waysOf(await admin.open('/admin/administrators'))).toContain(`${path}/revoke-role`)
    await admin.press(await admin.open(`${path}/revoke-role`), /^Take the role$/)
    expect(await stateOf(id)).toMatchObject({ role: null })
  })

  test('R-174 the last one stays, and is told why', async () => {
    const answer = await admin.press(await admin.open(`/admin/people/${admin.accountId}/revoke-role`), /^Take the role$/)
    expect(answer.words).toContain('This is the last person who may administer')
    expect(await stateOf(admin.accountId)).toMatchObject({ role: 'admin' })
  })

  test('R-175 whoever may not decide that cannot give a role, not even by a form of their own', async () => {
    const { id, path } = await somebody('wish@fabrikam.example')
    const [form] = (await support.open(`${path}/suspend`)).forms.filter(({ action }) => action.endsWith('/suspend'))
    if (!form) throw new Error('no question')
    const answer = await support.visitor.submit({ ...form, action: form.action.replace('/suspend', '/role') }, { role: 'admin' })
    expect(answer.status).toBe(403)
    expect(await stateOf(id)).toMatchObject({ role: null, state: 'active' })
  })
})

describe('invitations', () => {
  test('what is no address is told at its field; a good one is in the list, and can be taken back', async () => {
    const form = await support.open('/admin/invitations/new')
    const wrong = await support.press(form, /^Invite$/, { address: 'maria@', client: 'nobody', days: '400' })
    expect(wrong.text).toMatch(/id="address"[^>]*value="maria@"/)
    expect(wrong.text).toContain('aria-invalid="true"')
    const done = await support.press(form, /^Invite$/, { address: 'new@fabrikam.example' })
    expect(new URL(done.url).pathname).toBe('/admin/invitations')
    expect(done.words).toContain('We invite new@fabrikam.example by a message.')
    const [way = ''] = waysOf(done).filter((path) => path.endsWith('/withdraw'))
    const question = await support.open(`/admin/invitations${way}`)
    expect(question.words).toContain('new@fabrikam.example')
    await support.press(question, /^Take it back$/)
    expect((await support.open('/admin/invitations')).words).toContain('No invitation is open')
  })
})
