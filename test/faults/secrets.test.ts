import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ask, submit, until } from './fault-tools.ts'

// Every value that was handed out on a walk is searched for where it must not be: in the log and in the database.

const EMAIL = 'canary.person@fabrikam.example'

let stage: Stage
/** What opens a door, by name. */
const secrets = new Map<string, string>()

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, LOG_LEVEL: 'debug' } })
  await walkAndNote()
})
afterAll(() => stage.stop())

async function walkAndNote(): Promise<void> {
  const visitor = createVisitor(stage.service)
  const walk = await ask(stage, EMAIL, visitor)
  const mail = await stage.mailbox.next(EMAIL)
  note('code', mail.code)
  note('link', mail.link)
  note('link token', mail.link?.split('/').at(-1))
  note('csrf token', walk.page.forms[0]?.values.csrf)
  note('interaction', walk.uid)
  for (const pair of (visitor.jar.header(walk.home) ?? '').split('; '))
    note(`cookie ${pair.split('=')[0]} on the way`, pair.slice(pair.indexOf('=') + 1))
  // Strangers, wrong codes and faults write other lines.
  await send(`${mail.link}`)
  await send(`${stage.service.issuer}/sign-in/${walk.uid}/link/${mail.link?.split('/').at(-1)}?x=${mail.code}`, { method: 'PUT' })
  const again = await submit(walk, 'code', { code: mail.code === '111111' ? '222222' : '111111' })
  const end = await submit({ ...walk, page: again }, 'code', { code: mail.code ?? '' })
  note('authorization code', new URL(end.location ?? '').searchParams.get('code'))
  await visitor.get(end.location ?? '')
  const { tokens } = stage.relyingParty.last()
  note('access token', tokens.access_token)
  note('id token', tokens.id_token)
  note('refresh token', tokens.refresh_token)
  note('client secret', stage.relyingParty.clientSecret)
  note('SECRETS', stage.service.env.SECRETS)
  for (const pair of (visitor.jar.header(stage.service.issuer) ?? '').split('; '))
    note(`cookie ${pair.split('=')[0]}`, pair.slice(pair.indexOf('=') + 1))

  // One more sign-in is left open in the signed-in browser: its record knows the session it came from.
  const pending = await visitor.open(
    await stage.authorizeUrl(visitor, { prompt: 'login', state: 'canary-state-of-the-application' }),
  )
  note('interaction with a session', /sign-in\/([^/]+)/.exec(pending.url)?.[1])
  note('state of the application', 'canary-state-of-the-application')

  const { clientId, clientSecret } = stage.relyingParty
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
  const token = (fields: Record<string, string>) =>
    send(`${stage.service.issuer}/token`, { body: fields, headers: { authorization } })
  const renewed = await token({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' })
  note('second refresh token', JSON.parse(renewed.text).refresh_token)
  note('second access token', JSON.parse(renewed.text).access_token)
  await token({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' }) // a reuse is told of
  await token({ grant_type: 'authorization_code', code: new URL(end.location ?? '').searchParams.get('code') ?? '' })
  await send(`${stage.service.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
  await visitor.get(`${stage.service.issuer}/logout?id_token_hint=${tokens.id_token}&state=${mail.code}`)
}

function note(name: string, value: string | null | undefined): void {
  if (!value) throw new Error(`no ${name} was handed out`)
  secrets.set(name, value)
}

/** Whether it stands there, as it is or as bytes of a URL or in base64. */
function standsIn(text: string, value: string): boolean {
  if (/^\d{6}$/.test(value)) return new RegExp(`(?<![\\dA-Za-z])${value}(?![\\dA-Za-z])`).test(text)
  const forms = [value, encodeURIComponent(value), Buffer.from(value).toString('base64').replace(/=+$/, '').slice(0, -1)]
  return forms.some((form) => text.includes(form))
}

describe('after a whole walk', () => {
  test('R-065, R-177 the log holds no code, token, link, cookie, secret or address, at its most talkative', async () => {
    await until('the log is written', () => /token\.reuse_detected/.test(stage.service.output()))
    const log = stage.service.output()
    expect([...secrets].filter(([, value]) => standsIn(log, value)).map(([name]) => name)).toEqual([])
    expect(log).not.toContain(EMAIL)
    expect(log).not.toContain('canary.person')
    expect(log).toMatch(/"route":"\/sign-in\/:uid\/link"/)
  })

  test('R-065 metrics hold none of it either', async () => {
    const metrics = await (await fetch(`${stage.service.opsUrl}/metrics`)).text()
    expect([...secrets].filter(([, value]) => standsIn(metrics, value)).map(([name]) => name)).toEqual([])
    expect(metrics).not.toContain('canary.person')
  })

  test('R-170 all tables as text hold none of the values that were handed out', async () => {
    const tables = await query<{ name: string }>(
      stage.service.databaseUrl,
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    )
    let dump = ''
    for (const { name } of tables) {
      const rows = await query<{ line: string }>(
        stage.service.databaseUrl,
        `select row::text || ' ' || to_jsonb(row)::text as line from ${name} as row`,
      )
      dump += rows.map(({ line }) => `${name} ${line}\n`).join('')
    }
    expect(dump).toContain(EMAIL) // the address is an account's own; the search finds what is there
    const found = [...secrets].filter(([, value]) => standsIn(dump, value)).map(([name]) => name)
    expect(found).toEqual([])
  })
})
