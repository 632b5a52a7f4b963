import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createSecrets } from '../../src/base/index.ts'
import { tokenOf } from '../../src/notices/notice-token.ts'
import { openAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { aroundAccount, lacking, person } from './account-walk.ts'

const DAY = 24 * 60 * 60

let stage: Stage
let around: ReturnType<typeof aroundAccount>
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  around = aroundAccount(stage)
})
afterAll(() => stage.stop())

/** Somebody is told that an authenticator was added; answers the path of the link in the mail. */
async function told(address: string): Promise<string> {
  const id = randomBytes(16).toString('base64url')
  const now = new Date(Date.now() + stage.service.clockSeconds * 1000)
  await query(
    stage.service.databaseUrl,
    `insert into notice (id, account_id, kind, detail, device, created_at, object_until)
     select $2, account_id, 'factor_added', '{"values": {"name": "Phone"}, "undo": {"credentialId": "x"}}', 'Firefox on Linux', $3, $4
     from address where canonical = $1`,
    [address, id, now, new Date(now.getTime() + 3 * DAY * 1000)],
  )
  return `/account/notice/${tokenOf(createSecrets([stage.service.env.SECRETS ?? '']), id)}`
}

describe('the link in a mail about the account', () => {
  test('R-054, R-065 is opened without effect by anybody; its button takes back, once, and ends every session', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('told'))
    const path = await told(person('told'))

    const stranger = createVisitor(stage.service)
    // As it stands in a mail, and in a text.
    for (const way of [path, path, path.replace('/account/notice', '/n')]) {
      expect(await stranger.get(around.at(way))).toMatchObject({ status: 200, location: null })
    }
    expect(await around.isIn(visitor)).toBe(true)

    const page = await stranger.get(around.at(path))
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    const form = formWith(page, 'csrf') ?? lacking(page)
    expect((await stranger.post(form.action, { csrf: 'x' })).status).toBe(403)
    const foreign = { 'sec-fetch-site': 'cross-site' }
    expect((await stranger.post(form.action, { csrf: form.values.csrf ?? '' }, foreign)).status).toBe(403)
    expect(await around.isIn(visitor)).toBe(true)

    const done = await stranger.submit(form)
    expect(done).toMatchObject({ status: 303, location: around.at('/account/notice-done') }) // a clean address
    expect((await stranger.follow(done)).status).toBe(200)
    expect(await around.isIn(visitor)).toBe(false)
    expect(around.cookieOf(stranger)).toBeUndefined() // nobody is signed in by it

    expect(await stranger.follow(await stranger.submit(form))).toMatchObject({ status: 410, url: around.at(path) })
    expect((await stranger.get(around.at(path))).status).toBe(410)
  })

  test('says no more than that it is out of time where that is so, where it was used and where nobody knows it', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('late'))
    const path = await told(person('late'))
    await stage.moveClock(3 * DAY + 1)
    const late = await visitor.get(around.at(path))
    const unknown = await visitor.get(around.at(`/account/notice/${'n'.repeat(54)}`))
    const other = await visitor.get(around.at(path.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))))
    for (const page of [late, unknown, other]) expect(page).toMatchObject({ status: 410, location: null, words: late.words })
    expect(await visitor.get(around.at('/account/notice-done'))).toMatchObject({ status: 303, location: around.at('/account') })
  })

  test('R-065 never stands in a log', async () => {
    await openAccount(stage, createVisitor(stage.service), person('logged'))
    const path = await told(person('logged'))
    const short = path.replace('/account/notice', '/n')
    for (const way of [path, short]) expect((await createVisitor(stage.service).get(around.at(way))).status).toBe(200)
    expect(stage.service.output()).toContain('"route":"/n/:token"')
    expect(stage.service.output()).toContain('"route":"/account/notice"')
    expect(stage.service.output()).not.toContain(path.split('/').at(-1))
  })
})
