import type { SuppressionStore } from '../delivery/index.ts'
import { runIn, type Statement } from './database.ts'

const REMEMBER: Statement = {
  name: 'suppressions_remember',
  text: `insert into suppression (target_key, channel, reason, created_at) values ($1, $2, $3, $4)
    on conflict (target_key) do update
      set channel = excluded.channel, reason = excluded.reason, created_at = excluded.created_at, allowed_id = null
    where suppression.reason <> excluded.reason or suppression.allowed_id is not null
    returning 1`,
}

const ALLOW: Statement = {
  name: 'suppressions_allow',
  text: 'update suppression set allowed_id = $2 where target_key = $1',
}

const FORGET: Statement = {
  name: 'suppressions_forget',
  text: 'delete from suppression where target_key = $1 returning 1',
}

/** The table `suppression`. It is read where a message is claimed: see deliveries.ts. */
export function createSuppressionStore(): SuppressionStore {
  return {
    remember: async (tx, { targetKey, channel, reason, at }) =>
      (await runIn(tx, REMEMBER, [targetKey, channel, reason, at])).length === 1,
    allow: async (tx, targetKey, deliveryId) => {
      await runIn(tx, ALLOW, [targetKey, deliveryId])
    },
    forget: async (tx, targetKey) => (await runIn(tx, FORGET, [targetKey])).length === 1,
  }
}
