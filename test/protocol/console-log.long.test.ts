import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import type { Stage } from '../support/stage.ts'
import { type AtConsole, enterConsole } from './console-walk.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startAdminStage()
}, 120_000)
afterAll(() => stage.stop())

describe('the audit log', () => {
  /** Begins to take along very many rows; `rest` takes what is left. */
  async function begun({ visitor }: AtConsole) {
    const { databaseUrl, issuer } = stage.service
    await query(
      databaseUrl,
      "insert into audit_entry (at, event, client_id, detail) select now(), 'client.changed', 'wide', jsonb_build_object('change', repeat('x', 1000)) from generate_series(1, 20000) where not exists (select from audit_entry where client_id = 'wide')",
    )
    const url = `${issuer}/admin/audit/export?client=wide`
    const answer = await fetch(url, { headers: { cookie: visitor.jar.header(url) ?? '' } })
    const reader = answer.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    return async () => {
      for (;;) if ((await reader?.read())?.done !== false) return
    }
  }

  test('R-135, R-175 an export breaks off when its reader is suspended, loses the role, or signs out meanwhile', async () => {
    const { databaseUrl } = stage.service
    const eve = await enterConsole(stage, 'eve@fabrikam.example', 'auditor')
    await expect((await begun(eve))()).resolves.toBeUndefined()
    const endings = [
      ["update account set state = 'suspended' where id = $1", "update account set state = 'active' where id = $1"],
      ["update account set role = 'support' where id = $1", "update account set role = 'auditor' where id = $1"],
      ["delete from account_session where client_id = 'console' and account_id = $1", null],
    ] as const
    for (const [ends, restores] of endings) {
      const rest = await begun(eve)
      await query(databaseUrl, ends, [eve.accountId])
      await expect(rest()).rejects.toThrow('terminated')
      if (restores) await query(databaseUrl, restores, [eve.accountId])
    }
  })
})
