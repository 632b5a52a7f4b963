import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { germanNumber, identify } from '../protocol/text-walk.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ask, until } from './fault-tools.ts'

const MAILS = 20
const IN_TIME_MS = 5000

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(async () => {
  await stage?.mailbox.down() // nothing hangs any more that the service would wait for
  await stage?.stop()
})

test('S-5, F-28 a mail server hangs and mails stand in line: a text goes out at once', async () => {
  stage.mailbox.setBehaviour('hang-after-data')
  const emails = Array.from({ length: MAILS }, (_, n) => `hangs-${n}@fabrikam.example`)
  await Promise.all(emails.map((email) => ask(stage, email)))
  await until('mails hang', () => stage.mailbox.seen.length > 0)

  for (let n = 0; n < 3; n++) {
    const number = germanNumber(n)
    const began = performance.now()
    await identify(stage, number)
    await stage.texts.sns.next(number)
    expect(performance.now() - began).toBeLessThan(IN_TIME_MS)
  }

  // It was so all the while.
  const inLine = `select from delivery where channel = 'email' and state in ('queued', 'sending')`
  expect((await query(stage.service.databaseUrl, inLine)).length).toBeGreaterThan(MAILS / 2)
  expect(stage.mailbox.received).toHaveLength(0)
})
