import { createDeaths } from '../../src/accounts/index.ts'
import { type AdminActor, createMessageHandlers, operations } from '../../src/admin/index.ts'
import type { EmailAddress } from '../../src/base/index.ts'
import { createDeathStore, createMessageReaderStore, createRoleStore } from '../../src/store/index.ts'
import { query } from '../support/database.ts'
import { changing, cursors, reading } from './admin-calls.ts'
import { keyOf, START, stage } from './delivery-stage.ts'

export const OTTO = 'otto@fabrikam.example' as EmailAddress

/** The handlers of messages on a database of their own. */
export async function desk() {
  const house = await stage({
    textRoutes: [{ name: 'carrier', deadlineSeconds: 5, send: async () => ({ kind: 'accepted' }), close: async () => {} }],
  })
  const store = createMessageReaderStore(house.db)
  const { delivery, deps, db, url, now } = house
  const { audit } = deps
  const deaths = createDeaths({ store: createDeathStore(), audit, clock: house.clock, tell: async () => {} })
  const roles = createRoleStore(db)
  const handlers = createMessageHandlers({ store, delivery, deaths, roles, addressKey: keyOf, cursors, audit })
  const sql = <Row>(text: string, values: readonly unknown[] = []) => query<Row>(url, text, values)
  return {
    ...house,
    sql,
    list: reading(operations['messages.list'], handlers['messages.list'], now),
    get: reading(operations['messages.get'], handlers['messages.get'], now),
    retry: changing(operations['messages.retry'], handlers['messages.retry'], now, db.transact),
    suppression: reading(operations['suppressions.get'], handlers['suppressions.get'], now),
    lift: changing(operations['suppressions.lift'], handlers['suppressions.lift'], now, db.transact),
    liftAs: (actor: AdminActor) =>
      changing(operations['suppressions.lift'], handlers['suppressions.lift'], now, db.transact, actor),
    refused: async (id: string, reason = 'smtp_550') => {
      await sql(`update delivery set state = 'refused', reason = $2, tries = 1 where id = $1`, [id, reason])
      house.jobs.length = 0
    },
    retried: () => sql(`select actor_id, ip, detail ->> 'deliveryId' as id from audit_entry where event = 'message.retried'`),
    suppress: (address: string, reason = 'bounced') =>
      sql(`insert into suppression values ($1, 'email', $2, $3)`, [keyOf(address), reason, START]),
  }
}
