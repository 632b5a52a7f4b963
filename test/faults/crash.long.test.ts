import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ask, submit } from './fault-tools.ts'

// The process dies at the worst moments; what was acknowledged stays, and what was not has not happened (S-1).

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

/** Ends the process without warning and starts it anew with the same settings. */
async function crash(): Promise<void> {
  await stage.service.kill9()
  await stage.service.restart()
}

const countOf = async (sql: string, values: unknown[]) =>
  Number((await query<{ n: string }>(stage.service.databaseUrl, sql, values))[0]?.n)

describe('a process that is killed', () => {
  test('F-16 between the saved session and its answer: the browser is told to start again, and can', async () => {
    const email = 'unheard@fabrikam.example'
    const walk = await ask(stage, email)
    const mail = await stage.mailbox.next(email)
    const form = formWith(walk.page, 'code')
    if (!form) throw new Error('no code field')
    const resume = (await walk.visitor.submit(form, { code: mail.code ?? '' })).location ?? ''
    // The answer is lost on its way: this browser gets neither session nor code.
    const lost = await send(resume, { headers: { cookie: walk.visitor.jar.header(resume) ?? '' } })
    expect(lost.headers.location).toContain('code=')
    await crash()

    const repeated = await walk.visitor.open(resume)
    expect(repeated.status).toBe(400)
    expect(repeated.words).toMatch(/sign in again/)
    await stage.signIn(email, { visitor: walk.visitor })
    const uses = `select count(*) n from audit_entry where event = 'sign_in.completed' and account_id = $1`
    expect(await countOf(uses, [stage.relyingParty.last().idToken.sub])).toBe(2)
  })

  test('R-064 between two guesses: the count of wrong codes goes on where it was', async () => {
    const email = 'guesses@fabrikam.example'
    const walk = await ask(stage, email)
    const { code } = await stage.mailbox.next(email)
    const wrong = code === '000000' ? '000001' : '000000'
    for (let guess = 0; guess < 4; guess++) walk.page = await submit(walk, 'code', { code: wrong })
    await crash()
    walk.page = await walk.visitor.open(walk.home)
    walk.page = await submit(walk, 'code', { code: wrong })
    expect(formWith(walk.page, 'code')).toBeUndefined()
    const tries = 'select tries n from challenge where target = $1'
    expect(await countOf(tries, [email])).toBe(5)
  })
})
