import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { appOf, refresh, userinfo } from '../protocol/protocol.ts'
import { query } from '../support/database.ts'
import { formWith, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { ask, finish, submit, type Walk } from './fault-tools.ts'

// SECRETS are exchanged: a new one in front, and later the old one goes.

const secret = () => randomBytes(32).toString('base64url')
const [first, second] = [secret(), secret()]

let stage: Stage
let file: string
/** A session and a sign-in from before, which nobody touches until the old secret is gone. */
let untouched: { visitor: Visitor; walk: Walk; code: string; link: string; accessToken: string; refreshToken: string }

beforeAll(async () => {
  file = join(await tempFolder('rotation'), 'secrets')
  await writeFile(file, first)
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, SECRETS: '', SECRETS_FILE: file } })
})
afterAll(() => stage.stop())

async function restartWith(...secrets: string[]): Promise<void> {
  await writeFile(file, secrets.join(','))
  await stage.service.restart()
}

const silently = async (visitor: Visitor) =>
  new URL((await visitor.open(await stage.authorizeUrl(visitor, { prompt: 'none' }))).location ?? '').searchParams

describe('when SECRETS rotate', () => {
  test('F-38 with the new one in front everything that was begun before still works', async () => {
    const visitor = await stage.signIn('session@fabrikam.example')
    const { tokens, idToken } = stage.relyingParty.last()
    const byCode = await ask(stage, 'code@fabrikam.example')
    const byLink = await ask(stage, 'link@fabrikam.example')
    const mail = await stage.mailbox.next('link@fabrikam.example')
    untouched = await leaveOpen()
    await restartWith(second, first)

    // The session, and tokens whose key was sealed before.
    expect((await silently(visitor)).get('code')).toBeTruthy()
    expect((await userinfo(stage.service, tokens.access_token)).status).toBe(200)
    expect((await refresh(stage.service, appOf(stage), tokens.refresh_token)).status).toBe(200)
    await stage.signIn('session@fabrikam.example', { visitor })
    expect(stage.relyingParty.last().idToken.sub).toBe(idToken.sub)
    // A code and a link that were mailed before, with the forms of pages that were open.
    expect((await finish(stage, byCode, 'code@fabrikam.example')).status).toBe(200)
    const opened = await byLink.visitor.get(mail.link ?? '')
    const button = opened.forms.find(({ method }) => method === 'POST')
    if (!button) throw new Error(opened.words)
    const end = await byLink.visitor.follow(await byLink.visitor.submit(button))
    expect((await byLink.visitor.get(end.location ?? '')).status).toBe(200)
    // The browser is still known as one that has signed in with the address.
    await giveAgain(visitor, 'session@fabrikam.example')
    expect(await newestChallenge('session@fabrikam.example')).toMatchObject({ known_browser: true })
    // What is begun now takes the new one.
    await stage.signIn('new@fabrikam.example')
    const ids = await Promise.all(['new@fabrikam.example', 'code@fabrikam.example'].map(newestChallenge))
    expect(ids[0]?.secret_id).not.toBe(ids[1]?.secret_id)
  })

  test('F-38 with the old one gone, what it alone had signed is refused and never a failure; tokens stay', async () => {
    const { visitor, walk, code, link, accessToken, refreshToken } = untouched
    await restartWith(second)
    expect((await silently(visitor)).get('error')).toBe('login_required')
    expect((await userinfo(stage.service, accessToken)).status).toBe(200)
    expect((await refresh(stage.service, appOf(stage), refreshToken)).status).toBe(200)
    const form = formWith(walk.page, 'code')
    if (!form) throw new Error(walk.page.words)
    const answers = [
      await walk.visitor.submit(form, { code }),
      await walk.visitor.get(walk.home),
      await walk.visitor.get(link),
      await walk.visitor.get(`${walk.home}/state`),
    ]
    expect(answers.filter(({ status }) => status < 400 || status >= 500).map(({ url, words }) => [url, words])).toEqual([])
    await stage.signIn('untouched@fabrikam.example', { visitor })
  })
})

async function leaveOpen(): Promise<typeof untouched> {
  const visitor = await stage.signIn('untouched@fabrikam.example')
  const { tokens } = stage.relyingParty.last()
  const walk = await ask(stage, 'untouched-code@fabrikam.example')
  const { code, link } = await stage.mailbox.next('untouched-code@fabrikam.example')
  if (!code || !link || !tokens.refresh_token) throw new Error('something is lacking')
  return { visitor, walk, code, link, accessToken: tokens.access_token, refreshToken: tokens.refresh_token }
}

/** A new sign-in of a browser where somebody is signed in. */
async function giveAgain(visitor: Visitor, email: string): Promise<void> {
  const page = await visitor.open(await stage.authorizeUrl(visitor, { prompt: 'login' }))
  await submit({ visitor, page, uid: '', home: page.url }, 'identifier', { identifier: email })
}

async function newestChallenge(email: string) {
  const sql = 'select secret_id, known_browser from challenge where target = $1 order by first_sent_at desc limit 1'
  return (await query<{ secret_id: string; known_browser: boolean }>(stage.service.databaseUrl, sql, [email]))[0]
}
