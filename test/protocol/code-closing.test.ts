import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import type { Mail } from '../support/mailbox.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import { type App, appOf, authorize, authorizeUrl, newVerifier, shortCodeOf } from './protocol.ts'

const JUDGED_MAX = 50
const ATTEMPTS = 30
const TRIES = 5
const email = 'victim@fabrikam.example'

let stage: Stage
let app: App
let own: Visitor

/** A browser that has asked for a mail to this address. */
interface Walk {
  visitor: Visitor
  page: Page
  mail: Mail
}

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  app = appOf(stage)
  own = (await authorize(stage, app, { email })).visitor
})
afterAll(() => stage.stop())

async function ask(address: string, visitor = createVisitor(stage.service)): Promise<Walk> {
  const start = await visitor.open(authorizeUrl(stage.service, app, newVerifier(), { prompt: 'login' }))
  const page = await visitor.follow(await visitor.submit(form(start, 'identifier'), { identifier: address }))
  return { visitor, page, mail: await stage.mailbox.next(address) }
}

function form(page: Page, field: string) {
  const found = formWith(page, field)
  if (!found) throw new Error(`no field ${field}: ${page.words}`)
  return found
}

/** Types a code; answers whether it was the right one. */
async function answer({ visitor, page }: Walk, code: string): Promise<boolean> {
  return leadsOn((await visitor.submit(form(page, 'code'), { code })).location)
}

const wrong = (walk: Walk, index: number) => (walk.mail.code === `00000${index}` ? '999999' : `00000${index}`)

/** The field's own words on how it is filled in. */
const inputMode = (page: Page) => /<input[^>]*name="code"[^>]*>/.exec(page.text)?.[0] ?? ''

describe('an address that strangers guess at', () => {
  test('R-062 takes no more short codes from them after fifty wrong ones in a row, however they spread them', async () => {
    // Half of them begin before the first guess, half after the code was closed: neither gets a guess more.
    const before: Walk[] = []
    for (let attempt = 0; attempt < ATTEMPTS / 2; attempt++) before.push(await ask(email))
    for (const walk of before) {
      for (let index = 0; index < TRIES; index++) expect(await answer(walk, wrong(walk, index))).toBe(false)
    }
    for (let attempt = 0; attempt < ATTEMPTS / 2; attempt++) {
      const walk = await ask('Victim@FABRIKAM.example')
      for (let index = 0; index < TRIES; index++) expect(await answer(walk, wrong(walk, index))).toBe(false)
    }
    const [judged] = await query<{ count: number }>(
      stage.service.databaseUrl,
      `select count(*)::int as count from audit_entry e join challenge c on c.attempt_id = e.attempt_id
       where e.event = 'sign_in.code_wrong' and c.target = $1`,
      [email],
    )
    expect(judged?.count).toBe(JUDGED_MAX)
    const closed = `select 1 from audit_entry where event = 'sign_in.code_closed'`
    expect(await query(stage.service.databaseUrl, closed)).toHaveLength(1)
  })

  test('R-062 then gets mails with the link alone, and the right short code is not taken', async () => {
    const walk = await ask(email)
    expect(walk.mail.code).toBeNull()
    expect(walk.mail.link).not.toBeNull()
    const newest = 'select short_code from challenge where target = $1 order by first_sent_at desc limit 1'
    expect(await query(stage.service.databaseUrl, newest, [email])).toEqual([{ short_code: false }])
    expect(walk.mail.raw.replace(/=\r?\n/g, '')).not.toMatch(/(^|\s)\d{3}\s?\d{3}(\s|$)/m)
    expect(inputMode(walk.page)).not.toMatch(/inputmode="numeric"/)
    expect(await answer(walk, await shortCodeOf(stage.service, email))).toBe(false)
  })

  test('R-063 lets its owner in all the same: the browser that signed in before still gets its short code', async () => {
    const walk = await ask(email, own)
    expect(walk.mail.code).toMatch(/^\d{6}$/)
    expect(inputMode(walk.page)).toMatch(/inputmode="numeric"/)
    // Not answered: a success would open the code for everybody again.
  })

  test('R-063 lets its owner in by the link in a new browser', async () => {
    const walk = await ask('linked@fabrikam.example')
    await query(stage.service.databaseUrl, closeFor('linked@fabrikam.example'))
    const again = await ask('linked@fabrikam.example', walk.visitor)
    expect(again.mail.code).toBeNull()
    const opened = await again.visitor.get(again.mail.link ?? '')
    const button = opened.forms.find(({ method }) => method === 'POST')
    const end = await again.visitor.submit(button ?? form(opened, 'csrf'))
    expect(leadsOn(end.location)).toBe(true)
  })

  test('R-063 lets its owner in by the long code that another browser shows, and a success opens the short one again', async () => {
    const walk = await ask(email)
    const elsewhere = await createVisitor(stage.service).get(walk.mail.link ?? '')
    const long = /[0-9A-HJKMNP-TV-Z]{4}[ -]?[0-9A-HJKMNP-TV-Z]{4}[ -]?[0-9A-HJKMNP-TV-Z]{4}/.exec(elsewhere.words)?.[0]
    expect(elsewhere.words).not.toMatch(/(^|\s)\d{3} ?\d{3}(\s|$)/)
    expect(long).toBeDefined()
    const begunMeanwhile = await ask(email)
    const itsShortCode = await shortCodeOf(stage.service, email)
    expect(await answer(walk, long?.toLowerCase() ?? '')).toBe(true)

    // An attempt that was begun meanwhile never named a short code: none is taken from it.
    expect(await answer(begunMeanwhile, itsShortCode)).toBe(false)
    const next = await ask(email)
    expect(next.mail.code).toMatch(/^\d{6}$/)
    expect(await answer(next, next.mail.code ?? '')).toBe(true)
  })
})

function closeFor(address: string): string {
  return `insert into guess_counter (target_key, known_browser, failures, updated_at)
          select target_key, false, ${JUDGED_MAX}, first_sent_at from challenge where target = '${address}'`
}
