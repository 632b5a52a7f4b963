import { afterAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { createAuditStore } from '../../src/store/audit.ts'
import { eraseAccount, lockDue } from '../../src/store/erasure.ts'
import { type ChainStage, chainStage, closeAll, open, row, START, tenRows } from './audit-chain-stage.ts'

afterAll(closeAll)

describe('the chain, where a person was erased', () => {
  const erase = async (stage: ChainStage) => {
    await stage.sql(`insert into account (id, created_at, closing_at) values ('maria', $1, $1)`, [START])
    await stage.db.transact(async (tx) => {
      const id = await lockDue(tx, START)
      await eraseAccount(tx, id ?? '', START)
      const erased = row('account.erased', { ip: null, device: null, attemptId: null, requestId: null })
      await createAuditStore(stage.db).append(tx, [erased])
    })
  }

  test('R-184, R-185 leaves the chain whole, without the salt of a single row', async () => {
    const stage = await tenRows()
    await stage.happened(row('token.refreshed', { accountId: 'otto' }), row('sign_in.started', { detail: { address: 'm' } }))
    await stage.chain.advance()
    const head = (await stage.chain.state()).head
    await erase(stage)
    // To be told from a forgery the erasure needs a place of its own, and whoever verifies sees to it.
    expect(await stage.verified()).toMatchObject({ broken: null, waits: false, reached: { place: 13 } })
    expect(await stage.sql('select chain_hash as head from audit_entry where chain_seq = 12')).toEqual([{ head }])
    const kept = await stage.sql<{ who: string; salts: number; personal: number }>(
      `select account_id as who, count(chain_salt)::int as salts,
        (count(ip) + count(device) + count(attempt_id) + count(request_id) + count(detail ->> 'address'))::int as personal
       from audit_entry where event <> 'account.erased' group by account_id order by account_id`,
    )
    expect(kept).toEqual([
      { who: 'maria', salts: 0, personal: 0 },
      { who: 'otto', salts: 1, personal: 4 },
    ])
  })

  const SCRUBBED = 'ip = null, device = null, attempt_id = null, request_id = null, chain_salt = null'
  const FORGED = `insert into audit_entry (at, event, account_id, detail) values ('2030-01-01', 'account.erased', 'maria', '{}')`
  const unsalted = { broken: { place: 1, kind: 'unsalted' } }

  test('R-184 is not believed to be while the account is there', async () => {
    const stage = await tenRows()
    await stage.sql(`insert into account (id, created_at) values ('maria', $1)`, [START])
    await stage.sql(`update audit_entry set ${SCRUBBED}; ${FORGED}`)
    expect(await stage.verified()).toMatchObject(unsalted)
    await stage.chain.advance()
    expect(await stage.verified()).toMatchObject(unsalted)
  })

  test('R-184 is not believed to be because of a row without a place, nor of one that was changed since', async () => {
    const stage = await tenRows()
    await stage.sql(`update audit_entry set ${SCRUBBED}`)
    const forger = new Client({ connectionString: stage.url })
    await forger.connect()
    try {
      // Held, so that the job passes it over.
      await forger.query(FORGED)
      await forger.query(`begin; select from audit_entry where event = 'account.erased' for update`)
      expect(await stage.verified()).toMatchObject({ broken: null, waits: true, reached: { place: 0 } })
      await forger.query(`delete from audit_entry where event = 'account.erased'; commit`)
    } finally {
      await forger.end()
    }
    expect(await stage.verified()).toMatchObject(unsalted)
    await stage.happened(row('account.erased', { accountId: 'otto' }))
    await stage.chain.advance()
    await stage.sql(`update audit_entry set account_id = 'maria' where account_id = 'otto'`)
    expect(await stage.verified()).toMatchObject(unsalted)
  })

  test('R-184, R-185 by an instance of the version before leaves the chain whole; the job takes the salts', async () => {
    const stage = await tenRows()
    await stage.sql(`update audit_entry set ip = null, device = null, attempt_id = null, request_id = null`)
    expect(await stage.verified()).toMatchObject({ broken: { place: 1, kind: 'changed' } })
    await stage.happened(row('account.erased', { ip: null, device: null, attemptId: null, requestId: null }))
    const other = stage.chainOn(open(stage.url))
    expect(await other.advance()).toBe(1)
    expect(await stage.verified()).toMatchObject({ broken: null, reached: { place: 11 } })
    const salts = `select count(chain_salt)::int as salts from audit_entry where event <> 'account.erased'`
    expect(await stage.sql(salts)).toEqual([{ salts: 0 }])
    await stage.sql(`update audit_entry set chain_salt = 'x' where chain_seq = 5`) // not taken yet
    expect((await stage.verified()).broken).toBeNull()
    await stage.sql(`update audit_entry set ip = '198.51.100.1' where chain_seq = 5`)
    expect(await stage.verified()).toMatchObject({ broken: { place: 5, kind: 'changed' } })
  })

  test('R-184, R-185 leaves rows of what they did to others without a trace of them, and the chain whole', async () => {
    const stage = await chainStage()
    await stage.happened(row('account.suspended', { accountId: 'otto', actorId: 'maria', detail: { address: 'o' } }))
    await stage.chain.advance()
    await erase(stage)
    const [first] = await stage.sql(`select ip, chain_salt, detail ->> 'address' as address from audit_entry where chain_seq = 1`)
    expect(first).toEqual({ ip: null, chain_salt: null, address: 'o' })
    expect(await stage.verified()).toMatchObject({ broken: null, reached: { place: 2 } })
    await stage.sql(`insert into account (id, created_at) values ('maria', $1)`, [START])
    expect(await stage.verified()).toMatchObject(unsalted)
    await stage.sql(`delete from account; update audit_entry set request_id = 'x' where chain_seq = 1`)
    expect(await stage.verified()).toMatchObject({ broken: { place: 1, kind: 'changed' } })
  })

  test('R-184 nothing can be written into their rows afterwards', async () => {
    const stage = await tenRows()
    await erase(stage)
    expect((await stage.verified()).broken).toBeNull()
    await stage.sql(`update audit_entry set ip = '198.51.100.1' where chain_seq = 5`)
    expect(await stage.verified()).toMatchObject({ broken: { place: 5, kind: 'changed' } })
  })

  test('R-184, R-185 before the job comes by is chained without them', async () => {
    const stage = await chainStage()
    await stage.happened(row('sign_in.completed', { detail: { amr: 'email_link', acr: '1' } }))
    await erase(stage)
    expect(await stage.chain.advance()).toBe(2)
    expect(await stage.verified()).toMatchObject({ broken: null, reached: { place: 2 } })
  })

  test('while the job is at it waits for nobody, and nothing of them is committed to', async () => {
    const stage = await chainStage()
    await stage.happened(row('sign_in.completed'), row('token.refreshed', { accountId: 'otto' }))
    const other = new Client({ connectionString: stage.url })
    await other.connect()
    try {
      await other.query(`begin; update audit_entry set ip = null, device = null, chain_salt = null where account_id = 'maria'`)
      expect(await stage.chain.advance()).toBe(1)
      await other.query('commit')
    } finally {
      await other.end()
    }
    expect(await stage.chain.advance()).toBe(1)
    expect(await stage.verified()).toMatchObject({ broken: null, reached: { place: 2 } })
  })
})
