import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Tx } from '../../src/base/index.ts'
import { endClient, endClientTokens } from '../../src/store/client-endings.ts'
import { runIn } from '../../src/store/database.ts'
import { createAdminClientStore, type Database } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, open } from './store-support.ts'

const NOW = new Date('2030-01-01T00:00:00Z')

let url: string
let db: Database

beforeAll(async () => {
  url = await freshDatabase()
  db = open(url)
})
afterAll(closeAll)

// Five hundred people at each of ten clients, one more with three; sessions, which name no client; tokens of machines.
beforeEach(async () => {
  await query(url, 'truncate oidc_record, client cascade')
  const insert = 'insert into oidc_record (model, id, payload, grant_id, account_id, expires_at)'
  await query(
    url,
    `${insert} select model, model || n, jsonb_build_object('clientId', client, 'more', repeat('x', 300)), 'grant-' || n, 'person-' || n, '2031-01-01Z'
     from generate_series(1, 5000) n,
       lateral (select 'client-' || case when n <= 3 then 10 else n % 10 end as client) of,
       unnest(array['Grant', 'AccessToken', 'RefreshToken', 'AuthorizationCode']) model`,
  )
  await query(
    url,
    `${insert} select 'Session', 'session-' || n, '{"clientId": "client-10"}', null, 'person-' || n, '2031-01-01Z' from generate_series(0, 999) n`,
  )
  await query(
    url,
    `${insert} select 'ClientCredentials', 'own-' || n, jsonb_build_object('clientId', 'client-' || n % 11), null, null, '2031-01-01Z'
     from generate_series(1, 110) n`,
  )
  await query(url, 'analyze oidc_record')
})

/** As a client that is switched off ends: what one transaction leaves is ended by the job. */
async function end(id: string): Promise<void> {
  await query(
    url,
    `insert into client (id, metadata, policy, source, secret_hashes, disabled_at, created_at, updated_at)
     values ($1, '{}', '{}', 'console', '{}', now(), now(), now())`,
    [id],
  )
  await db.transact((tx) => endClientTokens(tx, [id], NOW))
  await endClient(db, id)
}

const count = async (where: string) => {
  const [row] = await query<{ n: number }>(url, `select count(*)::int as n from oidc_record where ${where}`)
  return row?.n
}

describe('ending what a client has', () => {
  test('ends its grants, codes and tokens, those of a machine too, and nothing of anybody else', async () => {
    const own = `payload ->> 'clientId' = 'client-10' and model <> 'Session'`
    expect(await count(own)).toBe(3 * 4 + 10)
    const before = await count('true')
    await db.transact((tx) => endClientTokens(tx, ['client-10'], NOW))
    expect(await count(own)).toBe(0)
    expect(await count('true')).toBe((before ?? 0) - 22)
    expect(await count(`model = 'Session'`)).toBe(1000)
    for (const id of ['client-1', 'client-2']) await end(id)
    expect(await count(`payload ->> 'clientId' in ('client-1', 'client-2')`)).toBe(0)
    expect(await count(`payload ->> 'clientId' = 'client-3' and model = 'AccessToken'`)).toBe(499)
  })

  test("looks at that client's alone, however many records others have", async () => {
    await db.transact(async (tx) => {
      await endClientTokens(tx, ['client-10'], NOW)
      expect(await wholeTableRead(tx)).toBe(0)
    })
  })

  test('is counted beforehand in the same way', async () => {
    await db.transact(async (tx) => {
      const store = createAdminClientStore({ run: (statement, values) => runIn(tx, statement, values) })
      expect(await store.impact('client-10', NOW, NOW)).toMatchObject({ refreshTokens: 3 })
      expect(await wholeTableRead(tx)).toBe(0)
    })
  })
})

/** How often the whole table was read in this transaction. */
async function wholeTableRead(tx: Tx): Promise<number> {
  const text = `select seq_scan::int as n from pg_stat_xact_user_tables where relname = 'oidc_record'`
  const [row] = await runIn<{ n: number }>(tx, { name: 'test_whole_table', text }, [])
  return row?.n ?? Number.NaN
}
