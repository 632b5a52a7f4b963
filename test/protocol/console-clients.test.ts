import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import type { Page } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { type AtConsole, enterConsole } from './console-walk.ts'
import { reply } from './protocol.ts'

let stage: Stage
let admin: AtConsole
let auditor: AtConsole

beforeAll(async () => {
  stage = await startAdminStage()
  admin = await enterConsole(stage, 'ada@fabrikam.example', 'admin')
  auditor = await enterConsole(stage, 'ida@fabrikam.example', 'auditor')
}, 120_000)
afterAll(() => stage.stop())

const rows = <T extends object>(sql: string, values: unknown[] = []) => query<T>(stage.service.databaseUrl, sql, values)

/** Registers a web app and answers the page that shows its secret. */
async function register(name: string, fields: Record<string, string> = {}): Promise<Page> {
  const form = await admin.open('/admin/new-client/web')
  return admin.press(form, /Register/, { client_name: name, redirect_uris: `https://${name}.example/callback`, ...fields })
}

const secretOn = ({ words }: Page) => /Client secret (?:· ends [\w ]+ )?(\S{43})/.exec(words)?.[1] ?? ''

/** Whether the token endpoint knows this client by this secret: it then finds fault with the code only. */
async function proves(id: string, secret: string): Promise<boolean> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const fields = {
    grant_type: 'authorization_code',
    code: 'none',
    redirect_uri: `https://${id}.example/callback`,
    code_verifier: 'v'.repeat(43),
  }
  const answer = reply(
    await send(`${stage.service.issuer}/token`, { body: fields, headers: { authorization }, via: stage.service }),
  )
  return answer.body.error === 'invalid_grant'
}

describe('a new client', () => {
  test('R-171 shows its secret once: the same form again makes no second one, and no other page shows it', async () => {
    const form = await admin.open('/admin/new-client/web')
    const fields = { client_name: 'wiki', redirect_uris: 'https://wiki.example/callback' }
    const made = await admin.press(form, /Register/, fields)
    const secret = secretOn(made)
    expect(await proves('wiki', secret)).toBe(true)
    expect(made.headers['cache-control']).toContain('no-store')
    const again = await admin.press(form, /Register/, fields)
    expect(secretOn(again)).toBe(secret)
    expect(await rows("select id from client where metadata ->> 'client_name' = 'wiki'")).toHaveLength(1)
    for (const path of ['/admin/clients/wiki', '/admin/clients/wiki/edit/proof', '/admin/search?q=wiki', '/admin/clients']) {
      expect((await admin.open(path)).text).not.toContain(secret)
    }
  })

  test('R-163 is refused with the reason at the field, and what was typed stays', async () => {
    const form = await admin.open('/admin/new-client/web')
    const typed = {
      client_name: '"><b>bold</b>',
      redirect_uris: 'https://ok.example/cb\nhttps://*.example/cb',
      client_uri: 'ftp://x',
    }
    const page = await admin.press(form, /Register/, typed)
    expect(page.status).toBe(422)
    expect(page.words).toContain('Line 2: ')
    expect(page.text).toContain('<title>Error: ')
    const again = page.forms.find(({ action }) => action.endsWith('/new-client/web'))
    expect(again?.values).toMatchObject({ client_name: typed.client_name, client_uri: 'ftp://x' })
    expect(page.text).not.toContain('<b>bold')
    expect(await rows("select 1 from client where metadata ->> 'client_uri' = 'ftp://x'")).toEqual([])
  })

  test('R-039 is nobody’s own unless it is said, as at the command line and the API', async () => {
    const ask = async (id: string) =>
      (await rows<{ own: boolean }>(`select (policy ->> 'firstParty')::boolean as own from client where id = $1`, [id]))[0]?.own
    for (const kind of ['web', 'spa', 'native']) {
      const form = await admin.open(`/admin/new-client/${kind}`)
      expect(form.words).toContain('Is it one of your own applications? Then people are not asked for consent.')
      expect(form.text).toMatch(/<input[^>]*name="first_party"/)
      expect(form.text).not.toMatch(/<input(?=[^>]*name="first_party")[^>]* checked/)
    }
    await register('somebodys')
    await register('ours', { first_party: 'on' })
    expect([await ask('somebodys'), await ask('ours')]).toEqual([false, true])
  })

  test('of each kind has what that kind needs', async () => {
    const native = await admin.open('/admin/new-client/native')
    const made = await admin.press(native, /Register/, { client_name: 'Pocket', redirect_uris: 'http://127.0.0.1/callback' })
    expect(made.words).toContain('It needs no secret.')
    const machine = await admin.press(await admin.open('/admin/new-client/machine'), /Register/, { client_name: 'Night job' })
    expect(secretOn(machine)).not.toBe('')
    expect(machine.words).not.toContain('Try a sign-in')
    expect((await admin.open('/admin/new-client/toaster')).status).toBe(404)
  })
})

describe('a change', () => {
  test('is looked at before it is saved, and can be taken up again', async () => {
    await register('handbook')
    const form = await admin.open('/admin/clients/handbook/edit/addresses')
    const two = 'https://handbook.example/callback\r\nhttps://two.example/callback'
    const look = await admin.press(form, /Look at the change/, { redirect_uris: two })
    expect(look.words).toContain('Save this change?')
    expect((await admin.open('/admin/clients/handbook')).words).not.toContain('https://two.example')
    const save = look.forms.find(({ action }) => action.endsWith('/save/addresses'))
    if (!save) throw new Error('nothing to save')
    const again = await admin.visitor.post(`${stage.service.issuer}/admin/clients/handbook/edit/addresses`, {
      ...save.values,
      again: 'yes',
    })
    expect(again.forms.find(({ action }) => action.endsWith('/edit/addresses'))?.values.redirect_uris).toContain(
      'https://two.example',
    )
    const done = await admin.press(look, /^Save$/)
    expect(done.words).toContain('The change was saved.')
    expect(done.words).toContain('https://two.example/callback')
    const [entry] = await rows<{ actor_id: string }>(
      "select actor_id from audit_entry where event = 'client.changed' and client_id = 'handbook'",
    )
    expect(entry?.actor_id).toBe(admin.accountId)
  })

  test('says what a weakening means', async () => {
    await register('open-door')
    const form = await admin.open('/admin/clients/open-door/edit/rules')
    const { require_pkce: _, ...values } = form.forms.find(({ action }) => action.endsWith('/edit/rules'))?.values ?? {}
    const look = await admin.visitor.post(`${stage.service.issuer}/admin/clients/open-door/edit/rules`, values)
    expect(look.words).toContain('PKCE is not required: a code that leaks')
  })

  test('meets what somebody else has saved meanwhile, and shows both', async () => {
    await register('twice')
    const mine = await admin.open('/admin/clients/twice/edit/details')
    const theirs = await admin.open('/admin/clients/twice/edit/details')
    await admin.press(await admin.press(theirs, /Look/, { client_name: 'Theirs' }), /^Save$/)
    const page = await admin.press(mine, /Look/, { client_name: 'Mine' })
    expect(page.status).toBe(422)
    expect(page.words).toContain('It was changed meanwhile')
    expect(page.words).toMatch(/Name Theirs Mine/)
    const saved = await admin.press(await admin.press(page, /Look/), /^Save$/)
    expect(saved.words).toContain('Mine')
  })

  test('R-175 writes only the fields of its section', async () => {
    await register('narrow')
    const form = await admin.open('/admin/clients/narrow/edit/details')
    const more = { redirect_uris: 'https://evil.example/cb', admin_scopes: 'clients:write', source: 'file', client_id: 'other' }
    await admin.press(await admin.press(form, /Look/, { client_name: 'Narrower', ...more }), /^Save$/)
    const [row] = await rows<{ metadata: object; source: string }>("select metadata, source from client where id = 'narrow'")
    expect(row?.source).toBe('console')
    expect(row?.metadata).toMatchObject({ client_name: 'Narrower', redirect_uris: ['https://narrow.example/callback'] })
  })

  test('of what a file declares is not offered, and not taken', async () => {
    const page = await admin.open('/admin/clients/dashboard')
    expect(page.words).toContain('This is declared in the clients file.')
    expect(page.text).not.toMatch(/\/dashboard\/(?:edit|delete|disable|new-secret)/)
    expect((await admin.open('/admin/clients/dashboard/edit/details')).url).toMatch(/\/admin\/clients\/dashboard$/)
    const { csrf = '' } =
      (await admin.open('/admin/clients/handbook/edit/details')).forms.find(({ values }) => values.csrf)?.values ?? {}
    const at = `${stage.service.issuer}/admin/clients/dashboard`
    for (const path of ['save/details', 'disable', 'delete']) {
      const sent = await admin.visitor.follow(await admin.visitor.post(`${at}/${path}`, { csrf, client_name: 'Mine' }))
      expect([path, sent.words]).toEqual([path, expect.stringMatching(/declared in the clients file/)])
    }
    expect((await admin.open('/admin/clients/dashboard')).status).toBe(200)
  })
})

describe('secrets', () => {
  test('R-171 two overlap, and one is retired after a question', async () => {
    const first = secretOn(await register('rotating'))
    const form = await admin.open('/admin/clients/rotating/new-secret')
    const made = await admin.press(form, /Make the secret/, { expires_in_days: '90', retire_others_in_hours: '168' })
    const second = secretOn(made)
    expect(second).not.toBe(first)
    expect([await proves('rotating', first), await proves('rotating', second)]).toEqual([true, true])
    const page = await admin.open('/admin/clients/rotating')
    expect(page.words).toContain(`Ends in …${first.slice(-4)}`)
    const [old] = await rows<{ id: string }>(
      "select s ->> 'id' as id from client, jsonb_array_elements(secrets) s where client.id = 'rotating' and s ->> 'hint' = $1",
      [first.slice(-4)],
    )
    const question = await admin.open(`/admin/clients/rotating/secrets/${old?.id}/retire`)
    expect(question.words).toContain(`Retire the secret …${first.slice(-4)}?`)
    expect((await admin.press(question, /^Retire$/)).words).toContain('The secret has ended.')
    expect([await proves('rotating', first), await proves('rotating', second)]).toEqual([false, true])
  })
})

describe('the end of a client', () => {
  test('is a question that says what ends; off and on again', async () => {
    const secret = secretOn(await register('lamp'))
    const off = await admin.press(await admin.open('/admin/clients/lamp/disable'), /^Switch off$/)
    expect(off.words).toContain('lamp is switched off.')
    expect(await proves('lamp', secret)).toBe(false)
    expect((await admin.press(await admin.open('/admin/clients/lamp/enable'), /^Switch on$/)).words).toContain(
      'lamp is switched on.',
    )
    expect(await proves('lamp', secret)).toBe(true)
    const gone = await admin.press(await admin.open('/admin/clients/lamp/delete'), /^Delete$/)
    expect(gone.words).toContain('lamp was deleted.')
    expect((await admin.open('/admin/clients/lamp')).status).toBe(404)
  })
})

describe('a sign-in that is tried', () => {
  test('shows each step and claim, no token, and leaves nothing behind', async () => {
    await register('tried', { first_party: 'on' })
    const page = await admin.press(await admin.open('/admin/clients/tried/try'), /^Start$/)
    expect(page.words).toContain('The sign-in to tried works')
    expect(page.words).toContain(`sub ${admin.accountId}`)
    expect(page.words).toContain('Two proofs, one of them an authenticator')
    const code = new URL(page.url).searchParams.get('code') ?? ''
    expect(page.words).not.toContain(code)
    expect(page.text).not.toMatch(/eyJ[A-Za-z0-9_-]{10}/)
    expect(await rows("select id from client where source = 'try'")).toEqual([])
    const over = await admin.visitor.open(page.url)
    expect(over.words).toContain('This sign-in was tried already')
  })

  test('belongs to the session that began it', async () => {
    await register('borrowed')
    const form = (await admin.open('/admin/clients/borrowed/try')).forms.find(({ action }) => action.endsWith('/try'))
    if (!form) throw new Error('nothing to start')
    const sent = await admin.visitor.submit(form)
    const cookie = /(?:^|; )(try-flow=[^;]+)/.exec(admin.visitor.jar.header(sent.url) ?? '')?.[1] ?? ''
    expect(cookie).not.toBe('')
    const callback = `${stage.service.issuer}/admin/try/callback?code=x&state=y`
    const own = auditor.visitor.jar.header(callback)
    const page = await auditor.visitor.follow(await auditor.visitor.get(callback, { cookie: `${own}; ${cookie}` }))
    expect(page.words).toContain('begun elsewhere')
  })
})

describe('APIs', () => {
  const id = 'https://orders.northwind.example'
  const path = `/admin/apis/${Buffer.from(id).toString('base64url')}`

  test('are registered, changed, used and deleted', async () => {
    const wrong = await admin.press(await admin.open('/admin/new-api'), /Register/, {
      id: 'orders',
      name: 'Orders',
      scopes: 'orders:read',
    })
    expect([wrong.status, wrong.words]).toEqual([422, expect.stringContaining('Line 1: ')])
    const made = await admin.press(wrong, /Register/, { id, name: 'Orders', scopes: 'orders:read: See your orders' })
    expect(made.words).toContain('Orders is registered.')
    expect(made.words).toContain('orders:read See your orders')
    const changed = await admin.press(await admin.open(`${path}/edit`), /^Save$/, { name: 'Orders API' })
    expect(changed.words).toContain('Orders API')
    expect((await admin.press(await admin.open(`${path}/delete`), /^Delete$/)).words).toContain('The API was deleted.')
  })
})

describe('search', () => {
  test('leads straight to an id, and finds names for whom the role lets see them', async () => {
    await register('findable')
    expect((await admin.open('/admin/search?q=findable')).url).toMatch(/\/admin\/clients\/findable$/)
    expect((await admin.open(`/admin/search?q=${admin.accountId}`)).url).toMatch(/\/admin\/people\//)
    const found = await admin.open('/admin/search?q=ida%40')
    expect(found.words).toContain('ida@fabrikam.example')
    for (const path of ['search?q=%25%00', 'people/%00', 'clients/%00', 'apis/%00', 'clients?cursor=%00']) {
      expect([path, (await admin.open(`/admin/${path}`)).status < 500]).toEqual([path, true])
    }
    expect((await admin.open('/admin/search?q=a&q=b')).status).toBe(200)
  })
})

describe('an auditor', () => {
  test('R-175 sees clients, and nothing that would change one', async () => {
    await register('watched')
    const list = await auditor.open('/admin/clients')
    expect([list.status, list.text.includes('/admin/new-client')]).toEqual([200, false])
    const page = await auditor.open('/admin/clients/watched')
    expect(page.status).toBe(200)
    expect(page.text).not.toMatch(/\/watched\/(?:edit|delete|disable|new-secret|try)/)
    for (const below of ['edit/details', 'new-secret', 'disable', 'delete', 'try']) {
      expect([below, (await auditor.open(`/admin/clients/watched/${below}`)).status]).toEqual([below, 403])
    }
  })
})
