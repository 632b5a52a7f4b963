import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog } from '../../src/base/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { query } from '../support/database.ts'
import { formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ask, type OwnPostgres, startOwnPostgres, until } from './fault-tools.ts'
import { type Line, lineTo } from './line.ts'

// The database restarts exactly while a code is being verified: before or after it has kept that the code is used.

let postgres: OwnPostgres
let line: Line
let stage: Stage

beforeAll(async () => {
  postgres = await startOwnPostgres()
  await migrate({ url: postgres.url, log: createLog('error') })
  line = await lineTo(postgres.url)
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, DATABASE_URL: line.url, DATABASE_DIRECT_URL: postgres.url } })
})
afterAll(async () => {
  await stage.stop()
  await line.stop()
  await postgres.stop()
})

const count = async (sql: string, values: unknown[]) =>
  Number((await query<{ n: string }>(postgres.url, `select count(*) n from ${sql}`, values))[0]?.n)

describe('a code is verified, and the connection is cut at COMMIT', () => {
  test.each([
    ['before the server hears of it', 'before', 0],
    ['before its answer, which says done', 'after', 1],
  ] as const)(
    'F-04 %s, and the database restarts: 503, all of it or nothing was kept, and one session comes of it',
    async (_, when, kept) => {
      const email = `${when}@fabrikam.example`
      const walk = await ask(stage, email)
      const { code } = await stage.mailbox.next(email)
      const form = formWith(walk.page, 'code')
      if (!form) throw new Error(walk.page.words)
      const happened = line.cutAtCommitOf('challenge_consume', when)
      const answer = await walk.visitor.submit(form, { code: code ?? '' })
      expect([happened(), answer.status]).toEqual([true, 503])
      expect(answer.headers['retry-after']).toMatch(/^\d+$/)
      expect(answer.words).not.toMatch(/not right|wrong code|already used/i)
      await postgres.down()
      await postgres.up()

      const account = '(select account_id from address where canonical = $1)'
      expect(await count(`challenge where target = $1 and state = 'used'`, [email])).toBe(kept)
      expect(await count(`audit_entry where event = 'sign_in.proven' and account_id = ${account}`, [email])).toBe(kept)
      expect(await count(`oidc_record where model = 'Session' and account_id = ${account}`, [email])).toBe(0)

      // The same form once more: it works, or leads on to where the proof is known.
      const again = await until('it is served again', async () => {
        const one = await walk.visitor.submit(form, { code: code ?? '' })
        return one.status === 503 ? null : one
      })
      const next = await walk.visitor.follow(again)
      const onward = next.location === null ? next.forms.find(({ action }) => action.endsWith('/continue')) : undefined
      const end = onward ? await walk.visitor.follow(await walk.visitor.submit(onward)) : next
      expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
      expect(await count(`audit_entry where event = 'sign_in.proven' and account_id = ${account}`, [email])).toBe(1)
      expect(await count(`oidc_record where model = 'Session' and account_id = ${account}`, [email])).toBe(1)
    },
    90_000,
  )
})
