import { afterEach, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { addSeconds } from '../../src/base/index.ts'
import { createSweep } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, listeningLog, open, silent } from './store-support.ts'

afterEach(closeAll)

const now = new Date('2026-06-01T12:00:00Z')
const clock = { now: () => now }
const countOf = async (url: string, table: string) =>
  (await query<{ count: number }>(url, `select count(*)::int as count from ${table}`))[0]?.count

const RECORDS = `insert into oidc_record (model, id, payload, expires_at)
  select 'AccessToken', n::text, '{}', $1::timestamptz from generate_series($2::int, $3::int) n`
const ATTEMPT = `insert into attempt (id, interaction_hash, interaction, purpose, client_id, device, locale, created_at, expires_at)
  values ($1, 'h', 'i', 'sign-in', 'c', 'd', 'en', $2, $2)`
const CHALLENGE = `insert into challenge (id, attempt_id, kind, target, target_key, secret_id, known_browser, short_code, first_sent_at, last_sent_at, expires_at)
  values ($1, $1, 'email', 'a@b.example', 'k', 's', false, true, $2, $2, $2)`

describe('the sweep', () => {
  test('F-45 deletes what has expired, batch after batch, and nothing else', async () => {
    const url = await freshDatabase()
    await query(url, RECORDS, [addSeconds(now, -3600), 1, 2500])
    await query(url, RECORDS, [addSeconds(now, 1), 3001, 3010])
    await query(url, `insert into replay values ('old', $1), ('new', $2)`, [addSeconds(now, -3600), addSeconds(now, 60)])
    const answers = `insert into idempotent_answer (id, request_hash, expires_at) values ('old', '', $1), ('new', '', $2)`
    await query(url, answers, [addSeconds(now, -3600), addSeconds(now, 60)])
    await query(url, `insert into limit_counter values ('old', 1, $1), ('new', 1, $2)`, [
      addSeconds(now, -3600),
      addSeconds(now, 60),
    ])
    const report = await createSweep({ db: open(url), clock, log: silent, batchSize: 100 })()
    expect(report).toEqual({ oidc_record: 2500, replay: 1, limit_counter: 1, idempotent_answer: 1 })
    expect([await countOf(url, 'oidc_record'), await countOf(url, 'replay'), await countOf(url, 'limit_counter')]).toEqual([
      10, 1, 1,
    ])
  })

  test('keeps an ended attempt for an hour, so that a late visitor hears "expired"; then all of it goes', async () => {
    const url = await freshDatabase()
    for (const [id, seconds] of [
      ['late', -3000],
      ['gone', -4000],
    ] as const) {
      await query(url, ATTEMPT, [id, addSeconds(now, seconds)])
      await query(url, CHALLENGE, [id, addSeconds(now, seconds)])
    }
    expect(await createSweep({ db: open(url), clock, log: silent })()).toEqual({ attempt: 1 })
    expect(await query(url, 'select id from challenge')).toEqual([{ id: 'late' }])
  })

  test('R-062, R-185 keeps wrong codes until a success, and lets go of those that nobody added to for a year', async () => {
    const url = await freshDatabase()
    await query(
      url,
      `insert into guess_counter values ('attacked', false, 49, $1), ('left', false, 49, $2), ('left', true, 1, $2)`,
      [addSeconds(now, -364 * 24 * 3600), addSeconds(now, -366 * 24 * 3600)],
    )
    expect(await createSweep({ db: open(url), clock, log: silent })()).toEqual({ guess_counter: 2 })
    expect(await query(url, 'select target_key from guess_counter')).toEqual([{ target_key: 'attacked' }])
  })

  test('R-185 keeps what all texts of a day cost for 100 days, and all else that they were counted on for 30', async () => {
    const url = await freshDatabase()
    await query(
      url,
      `insert into spend_counter select id, $1::date - days, 5 from unnest(array['all', 'number:x']) id, unnest(array[29, 31, 99, 101]) days`,
      [now],
    )
    expect(await createSweep({ db: open(url), clock, log: silent })()).toEqual({ spend_counter: 4 })
    expect(await query(url, `select id, $1::date - day as days from spend_counter order by id, days`, [now])).toEqual([
      { id: 'all', days: 29 },
      { id: 'all', days: 31 },
      { id: 'all', days: 99 },
      { id: 'number:x', days: 29 },
    ])
  })

  test('F-45 waits for nobody: a row in use is left for the next time', async () => {
    const url = await freshDatabase()
    await query(url, RECORDS, [addSeconds(now, -3600), 1, 3])
    const other = new Client({ connectionString: url })
    await other.connect()
    try {
      await other.query(`begin; select from oidc_record where id = '2' for update`)
      const sweep = createSweep({ db: open(url), clock, log: silent })
      expect(await sweep()).toEqual({ oidc_record: 2 })
      await other.query('rollback')
      expect(await sweep()).toEqual({ oidc_record: 1 })
    } finally {
      await other.end()
    }
  })

  test('ends when its time is over, says so, and leaves the rest to the next minute', async () => {
    const url = await freshDatabase()
    await query(url, RECORDS, [addSeconds(now, -3600), 1, 30])
    let seconds = 0
    const running = { now: () => addSeconds(now, seconds++) }
    const { log, lines } = listeningLog()
    const report = await createSweep({ db: open(url), clock: running, log, batchSize: 10, secondsMax: 2 })()
    expect(report).toEqual({ oidc_record: 20 })
    expect(lines.join()).toContain('the next one goes on')
  })
})
