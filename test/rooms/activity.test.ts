import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type AuditRow, createTrail, TOLD } from '../../src/audit/index.ts'
import { addSeconds, createLog, createMetrics } from '../../src/base/index.ts'
import { createAuditStore, createTrailStore } from '../../src/store/audit.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { freshDatabase } from '../support/database.ts'

const START = new Date('2030-01-01T00:00:00.123Z')

let db: Database
const trail = () => createTrail({ store: createTrailStore(db) })

beforeAll(async () => {
  const url = await freshDatabase()
  db = openDatabase({ url, poolSize: 5, log: createLog('silent'), metrics: createMetrics(), clock: { now: () => START } })
})

afterAll(() => db.close())

function row(accountId: string, event: AuditRow['event'], more: Partial<AuditRow> = {}): AuditRow {
  const nobody = {
    clientId: null,
    attemptId: null,
    actorId: null,
    requestId: null,
    ip: '203.0.113.7',
    device: 'Firefox on Linux',
  }
  return { at: START, event, accountId, ...nobody, detail: {}, ...more }
}

async function happened(...rows: AuditRow[]): Promise<void> {
  await db.transact((tx) => createAuditStore(db).append(tx, rows))
}

describe('what happened, read back', () => {
  test('nobody reads what happened at another account', async () => {
    await happened(row('maria', 'sign_in.completed', { clientId: 'app' }), row('otto', 'sign_in.completed'))
    const { entries } = await trail().activityOf('maria', null, 10)
    expect(entries).toEqual([
      {
        id: expect.stringMatching(/^\d+$/),
        at: START,
        event: 'sign_in.completed',
        clientId: 'app',
        device: 'Firefox on Linux',
        detail: {},
      },
    ])
    expect((await trail().entriesOf('maria')).map(({ event }) => event)).toEqual(['sign_in.completed'])
    const [own] = entries
    const mark = `${START.getTime() + 1}-${BigInt(own?.id ?? 0) + 10n}`
    expect((await trail().activityOf('otto', mark, 10)).entries.map(({ clientId }) => clientId)).toEqual([null])
  })

  test('the newest comes first, and pages of one moment neither skip nor repeat a line', async () => {
    const rows = Array.from({ length: 25 }, (_, nth) =>
      row('paging', 'sign_in.code_wrong', { at: addSeconds(START, Math.floor(nth / 10)), detail: { tries: nth } }),
    )
    await happened(...rows)
    const seen: unknown[] = []
    let before: string | null = null
    do {
      const page: Awaited<ReturnType<ReturnType<typeof trail>['activityOf']>> = await trail().activityOf('paging', before, 5)
      expect(page.entries).toHaveLength(5)
      seen.push(...page.entries.map(({ detail }) => detail.tries))
      before = page.older
    } while (before)
    expect(seen).toEqual(Array.from({ length: 25 }, (_, nth) => 24 - nth))
  })

  test('the last page says that nothing is older', async () => {
    await happened(row('few', 'account.created'), row('few', 'sign_in.completed'))
    expect((await trail().activityOf('few', null, 2)).older).toBeNull()
    expect((await trail().activityOf('few', null, 1)).older).toMatch(/^\d+-\d+$/)
    expect(await trail().activityOf('nobody', null, 1)).toEqual({ entries: [], older: null })
  })

  test('steps, tokens and messages are left out; a recovery code is not', async () => {
    await happened(
      row('quiet', 'sign_in.proven', { detail: { method: 'email', face: 'code' } }),
      row('quiet', 'sign_in.second_asked', { detail: { asks: 'second' } }),
      row('quiet', 'token.issued', { detail: { grantType: 'authorization_code' } }),
      row('quiet', 'sign_in.proven', { detail: { method: 'recovery', face: 'code' } }),
    )
    const { entries } = await trail().activityOf('quiet', null, 10)
    expect(entries.map(({ event, detail }) => [event, detail.method])).toEqual([['sign_in.proven', 'recovery']])
    expect(await trail().entriesOf('quiet')).toHaveLength(4)
  })

  test.each(['', 'x', '1', '-1', '1-', "1-1'--", '99999999999999999999-1', '1-99999999999999999999', '1e3-1', '１-１'])(
    'a mark that is none (%j) begins at the newest',
    async (mark) => {
      await happened(row(`mark ${mark}`, 'account.created'))
      expect((await trail().activityOf(`mark ${mark}`, mark, 10)).entries).toHaveLength(1)
    },
  )

  test('R-185 the whole trail of an account is read, however long it is', async () => {
    await happened(...Array.from({ length: 2001 }, () => row('long', 'token.refreshed')))
    const entries = await trail().entriesOf('long')
    expect(new Set(entries.map(({ id }) => id)).size).toBe(2001)
  })

  test('each event that is told is told once', () => {
    expect(new Set(TOLD).size).toBe(TOLD.length)
  })
})
