import type { ContactStore } from '../clients/index.ts'
import { runIn, type Statement } from './database.ts'

// Whoever adds to the row waits for whoever does so already. A client that is going takes its rows along.
const LOCK: Statement = {
  name: 'client_contacts_lock',
  text: `
    select coalesce(contact.failures, 0) as failures from client
    left join client_contact contact on contact.client_id = client.id and contact.purpose = $2
    where client.id = $1 and client.source <> 'removed' for no key update of client`,
}

const ADD: Statement = {
  name: 'client_contacts_add',
  text: `
    insert into client_contact as old (client_id, purpose, last_ok_at, failed_at, failures, reason)
    values ($1, $2, $3::timestamptz, $4::timestamptz, $5::int, $6)
    on conflict (client_id, purpose) do update set
      last_ok_at = coalesce(excluded.last_ok_at, old.last_ok_at), failed_at = coalesce(excluded.failed_at, old.failed_at),
      failures = case when excluded.last_ok_at is null then old.failures else 0 end + excluded.failures,
      reason = coalesce(excluded.reason, old.reason)
    returning failures`,
}

/** Rows of `client_contact`. */
export function createClientContactStore(): ContactStore {
  return {
    async add(tx, { clientId, purpose, okAt, failedAt, failures, reason }) {
      const [before] = await runIn<{ failures: number }>(tx, LOCK, [clientId, purpose])
      if (!before) return null
      const [after] = await runIn<{ failures: number }>(tx, ADD, [clientId, purpose, okAt, failedAt, failures, reason])
      return { before: before.failures, after: after?.failures ?? 0 }
    },
  }
}
