import type { KeyStore, SigningKeyRow } from '../keys/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const ALL: Statement = {
  name: 'keys_all',
  text: `
    select id, alg, state, public_jwk as "publicJwk", private_jwe as "privateJwe", created_at as "createdAt",
      activated_at as "activatedAt", activate_by as "activateBy", retired_at as "retiredAt"
    from signing_key`,
}

// An advisory lock, since there may be no row yet that could be locked. It ends with the transaction, so it works
// behind a pooler too. "doorkeys" in ASCII.
const LOCK: Statement = {
  name: 'keys_lock',
  text: `select pg_advisory_xact_lock(x'646f6f726b657973'::bit(64)::bigint)`,
}

const TIME: Statement = { name: 'keys_time', text: 'select clock_timestamp() as at' }

const INSERT: Statement = {
  name: 'keys_insert',
  text: `
    insert into signing_key
      (id, alg, state, public_jwk, private_jwe, created_at, activated_at, activate_by, retired_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
}

const MOVE: Statement = {
  name: 'keys_move',
  text: `update signing_key set state = $2, activated_at = $3::timestamptz, retired_at = $4::timestamptz where id = $1`,
}

const REMOVE: Statement = { name: 'keys_remove', text: 'delete from signing_key where id = any($1::text[])' }

const RESEAL: Statement = {
  name: 'keys_reseal',
  text: `update signing_key set private_jwe = $3 where id = $1 and private_jwe = $2`,
}

/** The channel on which processes tell one another that the signing keys have changed. */
export const KEYS_CHANNEL = 'doorward_keys'

const NOTIFY: Statement = { name: 'keys_notify', text: `select pg_notify('${KEYS_CHANNEL}', '')` }

/** Signing keys in `signing_key`. */
export function createKeyStore(db: Pick<Database, 'run'>): KeyStore {
  return {
    all: () => db.run<SigningKeyRow>(ALL, []),
    async lock(tx) {
      await runIn(tx, LOCK, [])
      // A statement of its own: its snapshot is taken after the lock was had.
      return runIn<SigningKeyRow>(tx, ALL, [])
    },
    async time(tx) {
      const [row] = await runIn<{ at: Date }>(tx, TIME, [])
      return row?.at as Date
    },
    async insert(tx, row) {
      const { id, alg, state, publicJwk, privateJwe, createdAt, activatedAt, activateBy, retiredAt } = row
      const times = [createdAt, activatedAt, activateBy, retiredAt]
      await runIn(tx, INSERT, [id, alg, state, JSON.stringify(publicJwk), privateJwe, ...times])
      await runIn(tx, NOTIFY, [])
    },
    async move(tx, { id, state, activatedAt, retiredAt }) {
      await runIn(tx, MOVE, [id, state, activatedAt, retiredAt])
      await runIn(tx, NOTIFY, [])
    },
    async remove(tx, ids) {
      await runIn(tx, REMOVE, [ids])
      await runIn(tx, NOTIFY, [])
    },
    async reseal(id, before, after) {
      await db.run(RESEAL, [id, before, after])
    },
  }
}
