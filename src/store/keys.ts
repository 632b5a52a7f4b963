import type { KeyStore, SigningKeyRow } from '../keys/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const ALL: Statement = {
  name: 'keys_all',
  text: `
    select id, alg, state, public_jwk as "publicJwk", private_jwe as "privateJwe", created_at as "createdAt",
      activated_at as "activatedAt"
    from signing_key`,
}

// An advisory lock, since there may be no row yet that could be locked. It ends with the transaction, so it works
// behind a pooler too. "doorkeys" in ASCII.
const LOCK: Statement = {
  name: 'keys_lock',
  text: `select pg_advisory_xact_lock(x'646f6f726b657973'::bit(64)::bigint)`,
}

const CURRENT: Statement = {
  name: 'keys_current',
  text: `select distinct alg from signing_key where state = 'current'`,
}

const INSERT: Statement = {
  name: 'keys_insert',
  text: `
    insert into signing_key (id, alg, state, public_jwk, private_jwe, created_at, activated_at)
    values ($1, $2, $3, $4, $5, $6, $7)`,
}

const RESEAL: Statement = {
  name: 'keys_reseal',
  text: `update signing_key set private_jwe = $3 where id = $1 and private_jwe = $2`,
}

/** Signing keys in `signing_key`. */
export function createKeyStore(db: Database): KeyStore {
  return {
    all: () => db.run<SigningKeyRow>(ALL, []),
    lockCurrent: async (tx) => {
      await runIn(tx, LOCK, [])
      // A statement of its own: its snapshot is taken after the lock was had.
      const rows = await runIn<{ alg: string }>(tx, CURRENT, [])
      return rows.map(({ alg }) => alg)
    },
    reseal: async (id, before, after) => {
      await db.run(RESEAL, [id, before, after])
    },
    insert: async (tx, row) => {
      const { id, alg, state, publicJwk, privateJwe, createdAt, activatedAt } = row
      await runIn(tx, INSERT, [id, alg, state, JSON.stringify(publicJwk), privateJwe, createdAt, activatedAt])
    },
  }
}
