import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { query } from '../support/database.ts'
import { formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, ask, finish, submit } from './fault-tools.ts'

// Somebody else holds what a request needs, for longer than anybody should wait.

const LOCK_SECONDS = 2

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

/** Does the work while another connection holds these locks. */
async function whileLocked<T>(sql: string, work: () => Promise<T>): Promise<T> {
  const holder = new Client({ connectionString: stage.service.databaseUrl })
  await holder.connect()
  try {
    await holder.query(`begin; ${sql}`)
    return await work()
  } finally {
    await holder.end()
  }
}

const challengeOf = async (email: string) =>
  (await query(stage.service.databaseUrl, 'select tries, state from challenge where target = $1', [email]))[0]

describe('what is locked', () => {
  test('F-10 a challenge: 503 after two seconds, no try is counted, and then the code works', async () => {
    const email = 'locked@fabrikam.example'
    const walk = await ask(stage, email)
    const { code } = await stage.mailbox.next(email)
    const began = performance.now()
    const answers = await whileLocked(`select from challenge where target = '${email}' for update`, () =>
      Promise.all([
        submit({ ...walk }, 'code', { code: code ?? '' }),
        submit({ ...walk }, 'code', { code: code === '000000' ? '000001' : '000000' }),
      ]),
    )
    expect(answers.map(({ status }) => status)).toEqual([503, 503])
    expect(answers[0].headers['retry-after']).toMatch(/^\d+$/)
    expect(performance.now() - began).toBeLessThan((LOCK_SECONDS + 3) * 1000)
    expect(await challengeOf(email)).toEqual({ tries: 0, state: 'open' })

    const end = await submit(walk, 'code', { code: code ?? '' })
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
  })

  test('F-54, R-154 the limits: nothing is begun and nothing is mailed, and then it works', async () => {
    const email = 'uncounted@fabrikam.example'
    const walk = await arrive(stage)
    const form = formWith(walk.page, 'identifier')
    if (!form) throw new Error(walk.page.words)
    const answer = await whileLocked('lock table limit_counter in access exclusive mode', () =>
      walk.visitor.submit(form, { identifier: email }),
    )
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toMatch(/^\d+$/)
    expect(await challengeOf(email)).toBeUndefined()
    expect(await query(stage.service.databaseUrl, 'select from delivery where target = $1', [email])).toEqual([])
    const page = await submit(walk, 'identifier', { identifier: email })
    expect((await finish(stage, { ...walk, page }, email)).status).toBe(200)
    expect(stage.mailbox.count(email)).toBe(1)
  })

  test('F-54, R-154 the counter of wrong codes: a code is not judged, neither a wrong one nor the right one', async () => {
    const email = 'unjudged@fabrikam.example'
    const walk = await ask(stage, email)
    const { code } = await stage.mailbox.next(email)
    const answer = await whileLocked('lock table guess_counter in exclusive mode', () =>
      submit({ ...walk }, 'code', { code: code ?? '' }),
    )
    expect(answer.status).toBe(503)
    expect(await challengeOf(email)).toEqual({ tries: 0, state: 'open' })
    const end = await submit(walk, 'code', { code: code ?? '' })
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
  })
})
