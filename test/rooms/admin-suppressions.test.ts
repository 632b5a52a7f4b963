import { afterEach, describe, expect, test } from '@jest/globals'
import type { AdminActor } from '../../src/admin/index.ts'
import { LOCAL } from './admin-calls.ts'
import { desk, OTTO } from './admin-messages-stage.ts'
import { cleanUp, START, TO } from './delivery-stage.ts'

afterEach(cleanUp)

describe('an address that takes no messages', () => {
  test('R-175 says why, and takes them again when an administrator says so; the trail names who', async () => {
    const house = await desk()
    expect(await house.suppression({ address: TO })).toEqual({ address: TO, reason: null, since: null })
    await expect(house.lift({ address: TO })).rejects.toMatchObject({ code: 'not_found' })
    await house.suppress(TO)
    await house.suppress(OTTO)
    expect(await house.suppression({ address: ' MARIA@fabrikam.example' })).toEqual({
      ...{ address: TO, reason: 'bounced', since: START.toISOString() },
    })
    expect(await house.lift({ address: TO })).toEqual({ done: true })
    await expect(house.lift({ address: TO })).rejects.toMatchObject({ code: 'not_found' })
    expect(await house.suppression({ address: OTTO })).toMatchObject({ reason: 'bounced' })
    expect(await house.sql(`select actor_id, detail from audit_entry where event = 'suppression.lifted'`)).toEqual([
      { actor_id: 'local', detail: { channel: 'email' } },
    ])
    await house.order()
    await house.work()
    expect(house.mailbox.count(TO)).toBe(1)
  })

  test('R-093 that has died opens its account by itself again, when an administrator answers for it', async () => {
    const house = await desk()
    await house.sql(`insert into account (id, profile, created_at) values ('a', '{}', $1)`, [START])
    await house.sql(
      `insert into address (kind, canonical, account_id, usable_from, proven_at, created_at, dead_since) values ('email', $2, 'a', $1, $1, $1, $1)`,
      [START, TO],
    )
    expect(await house.lift({ address: TO })).toEqual({ done: true })
    expect(await house.sql('select 1 from address where dead_since is not null')).toEqual([])
    expect(await house.sql(`select account_id, actor_id from audit_entry where event = 'address.revived'`)).toEqual([
      { account_id: 'a', actor_id: 'local' },
    ])
  })

  test('R-175 that has died of somebody who administers is lifted by those alone who decide who does', async () => {
    const house = await desk()
    await house.sql(`insert into account (id, profile, role, created_at) values ('a', '{}', 'auditor', $1)`, [START])
    await house.sql(
      `insert into address (kind, canonical, account_id, usable_from, proven_at, created_at, dead_since) values ('email', $2, 'a', $1, $1, $1, $1)`,
      [START, TO],
    )
    await house.suppress(TO)
    const support: AdminActor = {
      ...{ ...LOCAL, kind: 'person', accountId: 'sam', role: 'support', level: 2, authTime: START, standing: { session: 's' } },
    }
    await expect(house.liftAs(support)({ address: TO })).rejects.toMatchObject({ code: 'forbidden' })
    const admin: AdminActor = { ...support, role: 'admin' }
    const scopes = new Set([...LOCAL.scopes].filter((scope) => scope !== 'administrators:write'))
    await expect(house.liftAs({ ...admin, scopes })({ address: TO })).rejects.toMatchObject({ code: 'insufficient_scope' })
    expect(await house.sql('select 1 from address where dead_since is not null')).toHaveLength(1)
    expect(await house.suppression({ address: TO })).toMatchObject({ reason: 'bounced' })
    expect(await house.liftAs(admin)({ address: TO })).toEqual({ done: true })
    expect(await house.sql('select 1 from address where dead_since is not null')).toEqual([])
  })

  test('R-177 what is no address is refused', async () => {
    const house = await desk()
    await expect(house.suppression({ address: 'maria' })).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(house.lift({ address: '*' })).rejects.toMatchObject({ code: 'invalid_input' })
  })
})
