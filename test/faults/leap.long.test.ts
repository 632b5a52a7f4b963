import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { until } from './fault-tools.ts'

const MONTH_SECONDS = 30 * 86_400

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage?.stop())

describe('a clock that leaps, as that of a machine that slept', () => {
  test('F-35 mails go out at once, however many minutes the queue has to catch up with', async () => {
    await stage.moveClock(MONTH_SECONDS)
    // The timer of the next minute was set before the leap: it is what begins to catch up.
    const last =
      "select last_execution as at from graphile_worker._private_known_crontabs where last_execution > now() + '1 hour'"
    await until('the queue catches up', async () => (await query(stage.service.databaseUrl, last)).length > 0, 90)
    // Whatever the sweep wants of this table it waits for, so that what comes after it stands in line.
    const holder = new Client({ connectionString: stage.service.databaseUrl })
    await holder.connect()
    await holder.query('begin; lock table replay in access exclusive mode')
    try {
      for (let count = 0; count < 3; count++) await stage.signIn(`after-the-leap-${count}@fabrikam.example`)
      // Of the minutes that were missed one at most waits for each task, beside what is being worked on.
      const waiting = `select task_id from graphile_worker._private_jobs where locked_at is null and attempts < max_attempts group by task_id having count(*) > 1`
      expect(await query(stage.service.databaseUrl, waiting)).toEqual([])
    } finally {
      await holder.end()
    }
  }, 150_000)
})
