import { createHash, createHmac } from 'node:crypto'
import { afterAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { createEntriesAbout, operations } from '../../src/admin/index.ts'
import { createAuditReader, createChain } from '../../src/audit/index.ts'
import { addSeconds, createLog, type Transact } from '../../src/base/index.ts'
import { createAuditReaderStore } from '../../src/store/admin-audit.ts'
import { chainStage, closeAll, open, row, START, tenRows } from './audit-chain-stage.ts'

afterAll(closeAll)

interface Stored {
  id: string
  chain_seq: string | null
  chain_salt: string | null
  chain_proof: string | null
  chain_hash: string | null
}

const PLACES = 'select id, chain_seq, chain_salt, chain_proof, chain_hash from audit_entry order by id'

describe('the chain over the trail', () => {
  test('R-184 gives committed rows their places in order, each once, and names its head in the log', async () => {
    const stage = await tenRows()
    const rows = await stage.sql<Stored>(PLACES)
    expect(rows.map(({ chain_seq }) => Number(chain_seq))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(new Set(rows.map(({ chain_salt }) => chain_salt)).size).toBe(10)
    const head = rows.at(-1)?.chain_hash
    expect(stage.lines).toMatchObject([{ level: 'info', place: 10, head, chained: 10 }])
    expect(await stage.chain.advance()).toBe(0)
    expect(await stage.sql(PLACES)).toEqual(rows)
    expect(stage.lines).toHaveLength(1)
    expect(await stage.chain.state()).toEqual({ rows: 10, head, headAt: addSeconds(START, 9), waiting: 0 })
    expect(await stage.verified()).toMatchObject({ broken: null, reached: { place: 10, hash: head }, more: false })
  })

  test('an empty trail has an empty chain', async () => {
    const { chain } = await chainStage()
    expect(await chain.advance()).toBe(0)
    expect(await chain.state()).toEqual({ rows: 0, head: null, headAt: null, waiting: 0 })
    expect(await chain.verify(null, 10)).toMatchObject({ broken: null, more: false, reached: { place: 0 } })
  })

  test('R-184 is what docs/audit-log.md says, so that a script of somebody else finds the same', async () => {
    const stage = await chainStage()
    const about = { actorId: 'otto', detail: { method: 'email', knownBrowser: true, address: 'm•••a@fabrikam.example' } }
    await stage.happened(
      row('sign_in.started', about),
      row('service.started', { accountId: null, ip: null, detail: { version: '1' } }),
    )
    await stage.chain.advance()
    const [first, second] = await stage.sql<Stored>(PLACES)
    const personal = `{"address":"m•••a@fabrikam.example","attempt_id":"attempt","device":"Firefox on Linux","ip":"203.0.113.7","request_id":"request"}`
    const proof = createHmac('sha256', first?.chain_salt ?? '')
      .update(personal)
      .digest('hex')
    expect(first?.chain_proof).toBe(proof)
    const open = `{"account_id":"maria","actor_id":"otto","at":"2030-01-01T10:00:00.123Z","client_id":"app","detail":{"knownBrowser":true,"method":"email"},"event":"sign_in.started","id":"${first?.id}"}`
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
    expect(first?.chain_hash).toBe(sha256(`doorward audit chain 1\n1\n${'0'.repeat(64)}\n${proof}\n${open}`))
    const next = `{"account_id":null,"actor_id":null,"at":"2030-01-01T10:00:00.123Z","client_id":"app","detail":{"version":"1"},"event":"service.started","id":"${second?.id}"}`
    expect(second?.chain_hash).toBe(sha256(`doorward audit chain 1\n2\n${first?.chain_hash}\n${second?.chain_proof}\n${next}`))
  })

  test('F-45 of instances at once one works and the others go away: no place is given twice', async () => {
    const stage = await chainStage({ batchSize: 50 })
    await stage.happened(...Array.from({ length: 400 }, () => row('token.refreshed')))
    const chains = [stage.chain, stage.chainOn(open(stage.url)), stage.chainOn(open(stage.url))]
    let chained = 0
    while (chained < 400) {
      const counts = await Promise.all(chains.map((chain) => chain.advance()))
      chained += counts.reduce((sum, count) => sum + count)
    }
    expect(chained).toBe(400)
    expect(await stage.verified(100)).toMatchObject({ broken: null, reached: { place: 400 } })
  })

  test('who finds the lock taken goes away at once', async () => {
    const stage = await chainStage()
    await stage.happened(row('token.refreshed'))
    await stage.db.transact(async (tx) => {
      expect(await stage.store.lock(tx)).toBe(true)
      expect(await stage.chainOn(open(stage.url)).advance()).toBe(0)
    })
    expect(await stage.chain.advance()).toBe(1)
  })

  test('a crash between two batches, or within one, leaves a chain that the next run goes on with', async () => {
    const stage = await chainStage()
    await stage.happened(...Array.from({ length: 9 }, () => row('sign_in.started')))
    let batches = 0
    const transact: Transact = (work) =>
      stage.db.transact(async (tx) => {
        const done = await work(tx)
        if (done && ++batches === 2) throw new Error('the process was killed')
        return done
      })
    const dying = createChain({ store: stage.store, transact, log: createLog('silent'), batchSize: 3 })
    await expect(dying.advance()).rejects.toThrow('killed')
    expect(await stage.chain.state()).toMatchObject({ rows: 3, waiting: 6 })
    expect(await stage.chain.advance()).toBe(6)
    expect(await stage.verified()).toMatchObject({ broken: null, reached: { place: 9 } })
    expect(await stage.sql('select count::int from daily_count where measure = $1', ['started'])).toEqual([{ count: 9 }])
  })

  test('who is to stop does so after a batch', async () => {
    const stage = await chainStage({ batchSize: 3 })
    await stage.happened(...Array.from({ length: 9 }, () => row('sign_in.started')))
    expect(await stage.chain.advance(AbortSignal.abort())).toBe(3)
    expect(stage.lines).toMatchObject([{ place: 3, chained: 3 }])
  })

  test('a row that is committed late, with a lower id, is chained behind what was there', async () => {
    const stage = await chainStage()
    const late = new Client({ connectionString: stage.url })
    await late.connect()
    try {
      await late.query(`begin; insert into audit_entry (at, event) values ('2030-01-01', 'service.started')`)
      await stage.happened(row('token.refreshed'), row('token.refreshed'))
      expect(await stage.chain.advance()).toBe(2)
      await late.query('commit')
      expect(await stage.chain.advance()).toBe(1)
    } finally {
      await late.end()
    }
    const rows = await stage.sql<Stored>(PLACES)
    expect(rows.map(({ chain_seq }) => Number(chain_seq))).toEqual([3, 1, 2])
    expect(await stage.verified()).toMatchObject({ broken: null, reached: { place: 3 } })
  })
})

describe('R-184 a row that a hand in the database wrote', () => {
  const odd: [string, string, string][] = [
    ['of a moment without end', `'infinity'`, `'{}'`],
    ['of a moment before all others', `'-infinity'`, `'{}'`],
    ['of a moment before our years', `'0044-03-15 12:00:00 BC'`, `'{}'`],
    ['with a list as its detail', 'now()', `'[1, {"address": "x"}]'`],
    ['with nothing as its detail', 'now()', `'null'`],
    ['with numbers that are none in ECMAScript', 'now()', `'{"seconds": 1e400, "in": {"b": [null], "a": 1}}'`],
  ]
  test.each(odd)('%s is chained, verified and read like any other, and stops nobody', async (_what, at, detail) => {
    const stage = await tenRows()
    await stage.sql(`insert into audit_entry (at, event, account_id, detail)
      select ${at}, event, 'maria', ${detail} from unnest(array['sign_in.completed', 'message.handed_over']) event`)
    await stage.happened(row('token.refreshed'))
    expect(await stage.chain.advance()).toBe(3)
    expect(await stage.verified()).toMatchObject({ broken: null, reached: { place: 13 } })
    expect((await stage.chain.state()).headAt).toEqual(START)
    const about = createEntriesAbout({ reader: createAuditReader({ store: createAuditReaderStore(stage.db) }) })
    const { items } = await about('maria', null, 20)
    const shown = items.map((entry) => operations['audit.get'].output.safeParse(entry).success)
    expect(shown).toEqual(Array.from({ length: 13 }, () => true))
    await stage.sql(`update audit_entry set at = '2030-01-01', detail = '{}' where chain_seq = 11`)
    expect(await stage.verified()).toMatchObject({ broken: { place: 11, kind: 'changed' } })
  })
})

describe('R-184 verify names the first row that is not as it was written', () => {
  const fifth = `(select id from audit_entry where chain_seq = 5)`
  const tampered: [string, string, { place: number; kind: string; stoodAt?: number }][] = [
    ['another event', `update audit_entry set event = 'sign_in.completed' where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['another moment', `update audit_entry set at = at + interval '1 ms' where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['another account', `update audit_entry set account_id = 'otto' where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['another application', `update audit_entry set client_id = null where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['another actor', `update audit_entry set actor_id = 'otto' where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['another detail', `update audit_entry set detail = '{"method":"sms"}' where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['another network', `update audit_entry set ip = '198.51.100.1' where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['another device', `update audit_entry set device = null where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['another attempt', `update audit_entry set attempt_id = 'x' where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['another request', `update audit_entry set request_id = 'x' where chain_seq = 5`, { place: 5, kind: 'changed' }],
    [
      'an address',
      `update audit_entry set detail = detail || '{"address":"x"}' where chain_seq = 5`,
      { place: 5, kind: 'changed' },
    ],
    ['another id', `update audit_entry set id = 99999 where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['no hash', `update audit_entry set chain_hash = null where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['no proof', `update audit_entry set chain_proof = null where chain_seq = 5`, { place: 5, kind: 'changed' }],
    ['the first', `update audit_entry set event = 'x' where chain_seq = 1`, { place: 1, kind: 'changed' }],
    ['the last', `update audit_entry set event = 'x' where chain_seq = 10`, { place: 10, kind: 'changed' }],
    ['removed', `delete from audit_entry where chain_seq = 5`, { place: 5, kind: 'removed' }],
    ['removed at the beginning', `delete from audit_entry where chain_seq < 3`, { place: 1, kind: 'removed' }],
    ['taken out', `update audit_entry set chain_seq = null where chain_seq = 5`, { place: 5, kind: 'removed' }],
    [
      'two far apart that changed places',
      `update audit_entry set chain_seq = -1 where chain_seq = 4;
       update audit_entry set chain_seq = 4 where chain_seq = 8; update audit_entry set chain_seq = 8 where chain_seq = -1`,
      { place: 4, kind: 'moved', stoodAt: 8 },
    ],
    [
      'two neighbours that changed places',
      `update audit_entry set chain_seq = -1 where chain_seq = 4;
       update audit_entry set chain_seq = 4 where chain_seq = 5; update audit_entry set chain_seq = 5 where chain_seq = -1`,
      { place: 4, kind: 'moved', stoodAt: 5 },
    ],
    [
      'one that was put between',
      `update audit_entry set chain_seq = chain_seq + 100 where chain_seq >= 5;
       update audit_entry set chain_seq = chain_seq - 99 where chain_seq > 100;
       insert into audit_entry (at, event, chain_seq, chain_salt, chain_proof, chain_hash)
       select at, event, 5, chain_salt, chain_proof, chain_hash from audit_entry where chain_seq = 4`,
      { place: 5, kind: 'inserted' },
    ],
    [
      'one that was put before the first',
      `insert into audit_entry (at, event, chain_seq) values ('2030-01-01', 'service.started', 0)`,
      { place: 0, kind: 'inserted' },
    ],
    ['no salt', `update audit_entry set chain_salt = null where chain_seq = 5`, { place: 5, kind: 'unsalted' }],
    [
      'no salt and no person, as if somebody had been erased',
      `update audit_entry set chain_salt = null, ip = null, device = null, attempt_id = null, request_id = null where id = ${fifth}`,
      { place: 5, kind: 'unsalted' },
    ],
    [
      'no salt, though another account was erased',
      `insert into audit_entry (at, event, account_id) values ('2030-01-01', 'account.erased', 'otto');
       update audit_entry set chain_salt = null, ip = null, device = null, attempt_id = null, request_id = null where id = ${fifth}`,
      { place: 5, kind: 'unsalted' },
    ],
  ]
  for (const [what, sql, broken] of tampered) {
    test(what, async () => {
      const stage = await tenRows()
      expect((await stage.verified()).broken).toBeNull()
      await stage.sql(sql)
      for (const limit of [20, 10]) expect(await stage.verified(limit)).toMatchObject({ broken, more: false })
    })
  }

  test('one that was put between, with the hash of its neighbour, is told from the one that was there', async () => {
    const stage = await tenRows()
    await stage.sql(`update audit_entry set chain_seq = chain_seq + 100 where chain_seq >= 5;
      update audit_entry set chain_seq = chain_seq - 99 where chain_seq > 100;
      insert into audit_entry (at, event, chain_seq, chain_proof, chain_hash) values ('2030-01-01', 'x', 5, 'p', 'h')`)
    expect((await stage.verified(20)).broken).toMatchObject({ place: 5, kind: 'inserted' })
  })

  test('a page that begins in the middle goes on where the one before it ended', async () => {
    const stage = await tenRows()
    const first = await stage.chain.verify(null, 4)
    expect(first).toMatchObject({ broken: null, more: true, reached: { place: 4 } })
    await stage.sql(`update audit_entry set event = 'x' where chain_seq = 5`)
    expect(await stage.chain.verify(first.reached, 4)).toMatchObject({ broken: { place: 5 }, reached: { place: 4 } })
  })

  test('who asked before there was a row goes on from the beginning', async () => {
    const begun = await (await chainStage()).chain.verify(null, 10)
    const { chain } = await tenRows()
    expect(await chain.verify(begun.reached, 20)).toMatchObject({ broken: null, more: false, reached: { place: 10 } })
    expect(await chain.verify({ ...begun.reached, hash: 'f'.repeat(64) }, 20)).toMatchObject({ broken: { place: 0 } })
  })

  test('R-184 the row that a stretch begins behind must be there, with the hash that was written down', async () => {
    const stage = await tenRows()
    const { head } = await stage.chain.state()
    const kept = { place: 10, hash: head ?? '' }
    expect(await stage.chain.verify(kept, 4)).toMatchObject({ broken: null, reached: kept, more: false })
    const middle = (await stage.chain.verify(null, 4)).reached
    expect(await stage.chain.verify({ ...middle, hash: 'f'.repeat(64) }, 4)).toMatchObject({
      ...{ broken: { place: 4, kind: 'changed', entryId: expect.any(String) }, more: false },
    })
    // Rewritten up to the end, by somebody who needs no key for it.
    await stage.sql(`update audit_entry set chain_hash = repeat('e', 64) where chain_seq = 10`)
    expect(await stage.chain.verify(kept, 4)).toMatchObject({ broken: { place: 10, kind: 'changed' }, more: false })
    await stage.sql('delete from audit_entry where chain_seq > 7')
    const removed = { broken: { place: 10, kind: 'removed', entryId: null }, more: false }
    expect(await stage.chain.verify(kept, 4)).toMatchObject(removed)
    await stage.sql('delete from audit_entry where chain_seq = 4')
    expect(await stage.chain.verify(middle, 4)).toMatchObject({ broken: { place: 4, kind: 'removed' } })
  })
})
