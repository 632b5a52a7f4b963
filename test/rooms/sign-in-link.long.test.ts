import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ROBOT, setRole, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { run } from './cli-support.ts'

const ROOT = join(import.meta.dirname, '../..')
const FOREIGN = 'another-secret-that-fits-nothing-here-at-all'
const ADA = 'ada@fabrikam.example'

let stage: Stage

beforeAll(async () => {
  stage = await startAdminStage()
  await stage.signIn(ADA)
}, 60_000)
afterAll(() => stage.stop())

/** The command line in place: with the settings of the service, or others, and nothing else. */
function inPlaceWith(other: Record<string, string>, ...args: string[]) {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  const env = { PATH, NODE_COMPILE_CACHE, ...stage.service.env, ...other }
  const ended = Promise.withResolvers<{ code: number | null; out: string; err: string }>()
  const child = execFile(process.execPath, ['src/cli.ts', ...args], { cwd: ROOT, env }, (_, out, err) => {
    ended.resolve({ code: child.exitCode, out: out.trim(), err: err.trim() })
  })
  return ended.promise
}

const inPlace = (...args: string[]) => inPlaceWith({}, ...args)

/** A browser that waits for the mail of a sign-in. */
async function waiting(address: string) {
  const visitor = createVisitor(stage.service)
  const page = await visitor.open(await stage.authorizeUrl(visitor))
  const form = formWith(page, 'identifier')
  if (!form) throw new Error(page.words)
  return { visitor, page: await visitor.follow(await visitor.submit(form, { identifier: address })) }
}

describe('sign-in-link', () => {
  test('R-174 prints, for somebody who administers, what the mail of the sign-in under way says; it stands in for the mail', async () => {
    const accountId = await setRole(stage.service, ADA, 'support')
    const { visitor, page } = await waiting(ADA)
    const mail = await stage.mailbox.next(ADA)
    const { code, out } = await inPlace('sign-in-link', ADA)
    expect([code, out]).toEqual([0, `link: ${mail.link}\ncode: ${mail.code}`])
    const end = await visitor.follow(await visitor.submit(formWith(page, 'code') as never, { code: mail.code ?? '' }))
    expect(end.location).toContain(stage.relyingParty.url)

    const trail = await query(
      stage.service.databaseUrl,
      `select account_id, actor_id from audit_entry where event = 'sign_in.link_printed'`,
    )
    expect(trail).toEqual([{ account_id: accountId, actor_id: 'local' }])
    expect((await inPlace('sign-in-link', ADA)).code).toBe(1)
  }, 60_000)

  test('R-174 prints nothing for anybody else, and nothing where no sign-in is under way', async () => {
    await setRole(stage.service, ADA, null)
    await waiting(ADA)
    const { code, out, err } = await inPlace('sign-in-link', ADA)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('no sign-in of an administrator is under way')
    expect((await inPlace('sign-in-link', 'nobody@fabrikam.example')).code).toBe(1)
  }, 60_000)
})

describe('grant-admin and doctor', () => {
  test('R-174 grant-admin makes an administrator of a person, and whoever has no account is one from their first sign-in', async () => {
    expect(await inPlace('grant-admin', ADA)).toMatchObject({ code: 0, out: `${ADA} is an administrator from now on.` })
    expect((await inPlace('grant-admin', 'grace@fabrikam.example')).out).toContain('whoever signs in with it first')
    const before = await roleOf('grace@fabrikam.example')
    await stage.mailbox.next('grace@fabrikam.example') // the invitation
    await stage.signIn('grace@fabrikam.example')
    expect([before, await roleOf('grace@fabrikam.example'), await roleOf(ADA)]).toEqual([undefined, 'admin', 'admin'])
    expect((await inPlace('grant-admin', 'not an address')).code).toBe(2)
  }, 60_000)

  test('doctor finds an installation well, and a mail server that is gone broken', async () => {
    const { code, out } = await inPlace('doctor', '--json')
    const findings = JSON.parse(out) as { about: string; state: string; words: string }[]
    expect([code, findings.filter(({ state }) => state === 'broken')]).toEqual([0, []])
    expect(findings.map(({ about }) => about)).toEqual(
      expect.arrayContaining([
        'settings',
        'database',
        'clock',
        'mail',
        'issuer',
        'secrets',
        'signing keys',
        'clients file',
        'jobs',
        'administrators',
      ]),
    )
    const other = await inPlaceWith({ SMTP_URL: 'smtp://127.0.0.1:1', SECRETS: FOREIGN }, 'doctor')
    expect(other.code).toBe(1)
    expect(other.out).toMatch(/broken {2}mail: smtp: mail server 127\.0\.0\.1:1: connect_refused/)
    expect(other.out).toMatch(/broken {2}secrets: no key of SECRETS/)
    expect(other.out).toMatch(/broken {2}signing keys: /)
  }, 60_000)

  test('R-174 with keys or an issuer of another installation no command in place does anything', async () => {
    for (const wrong of [{ SECRETS: FOREIGN }, { ISSUER: 'http://localhost:1' }]) {
      const { code, out } = await inPlaceWith(wrong as Record<string, string>, 'grant-admin', 'eve@fabrikam.example')
      expect([code, out]).toEqual([1, ''])
    }
  }, 60_000)
})

describe('over the API', () => {
  test('a machine registers an application, sees it, and is told what is wrong with another; in place it is the same one', async () => {
    const env = { DOORWARD_URL: stage.service.issuer, DOORWARD_CLIENT_ID: ROBOT.id, DOORWARD_CLIENT_SECRET: ROBOT.secret }
    const create = ['clients', 'create', '--template', 'web', '--client-id', 'shop', '--client-name', 'Shop']
    const made = await run([...create, '--first-party', '--redirect-uris', 'https://shop.example/callback', '--json'], { env })
    expect([made.code, made.err]).toEqual([0, []])
    expect(JSON.parse(made.out.join('\n')).secret.secret).toMatch(/^[\w-]{43}$/)
    const wrong = await run(
      ['clients', 'create', '--template', 'web', '--client-name', 'Bad', '--redirect-uris', 'javascript:alert(1)'],
      { env },
    )
    expect([wrong.code, wrong.err.join(' ')]).toEqual([1, expect.stringContaining('--redirect-uris [0]')])
    const listed = await run(['clients', 'list', '--q', 'shop', '--json', '--all'], { env })
    expect(JSON.parse(listed.out[0] ?? '{}')).toMatchObject({ client_id: 'shop', source: 'console' })
    expect((await inPlace('clients', 'get', 'shop')).out).toMatch(/client_name: +Shop/)
    expect((await run(['clients', 'list'], { env: { ...env, DOORWARD_CLIENT_SECRET: 'wrong' } })).code).toBe(4)
  }, 60_000)

  test('a sign-in is tried as the application would do it: each step and claim is shown, no token, code or secret', async () => {
    const visitor = await stage.signIn('tess@fabrikam.example')
    const browse = async (url: string) => {
      const { location } = await visitor.open(url)
      await fetch(location ?? '')
    }
    const env = { DOORWARD_URL: stage.service.issuer, DOORWARD_CLIENT_ID: ROBOT.id, DOORWARD_CLIENT_SECRET: ROBOT.secret }
    const { code, out, err } = await run(['try', 'shop'], { env, browse: (url) => void browse(url) })
    const text = out.join('\n')
    expect([code, err.filter((line) => !/^ {2}http|^Open/.test(line))]).toEqual([0, []])
    for (const word of ['1. ', '2. ', '3. ', '4. ', '5. ', 'sub ', 'auth_time', '(not shown)']) expect(text).toContain(word)
    expect(text).not.toMatch(/ey[\w-]+\.ey/)
  }, 60_000)
})

async function roleOf(address: string): Promise<string | null | undefined> {
  const [row] = await query<{ role: string | null }>(
    stage.service.databaseUrl,
    'select role from account join address on account_id = account.id where canonical = $1',
    [address],
  )
  return row?.role
}
