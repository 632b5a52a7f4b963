import type { CeremonyStore } from '../signin/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

// The oldest ones go: a page that was left open does not keep a new one from asking.
const BEGIN: Statement = {
  name: 'ceremonies_begin',
  text: `
    with gone as (
      delete from passkey_ceremony where id in (
        select id from passkey_ceremony where bound_to = $3 order by created_at desc, id offset $7)
    )
    insert into passkey_ceremony (id, kind, bound_to, account_id, created_at, expires_at)
    values ($1, $2, $3, $4, $5::timestamptz, $6::timestamptz)`,
}

const FIND: Statement = {
  name: 'ceremonies_find',
  text: `
    select account_id as "accountId" from passkey_ceremony
    where id = $1 and kind = $2 and bound_to = any($3::text[]) and expires_at > $4::timestamptz`,
}

const USE: Statement = { name: 'ceremonies_use', text: 'delete from passkey_ceremony where id = $1 returning 1' }

/** Challenges for passkeys, in `passkey_ceremony`. */
export function createCeremonyStore(db: Database): CeremonyStore {
  return {
    async begin({ id, kind, boundTo, accountId, createdAt, expiresAt }, most) {
      await db.run(BEGIN, [id, kind, boundTo, accountId, createdAt, expiresAt, most - 1])
    },
    async find({ id, kind, boundTo }, now) {
      return (await db.run<{ accountId: string | null }>(FIND, [id, kind, boundTo, now]))[0] ?? null
    },
    use: async (tx, id) => (await runIn(tx, USE, [id])).length === 1,
  }
}
