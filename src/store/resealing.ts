import type { Tx } from '../base/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

/** A seed that is sealed, and to whom. */
export interface SealedSeed {
  id: string
  accountId: string
  data: string
}

/** How many rows of one kind are sealed with a secret, or were begun with it, when the newest was made and the last ends. */
export interface SealedCount {
  kind: 'session' | 'sign_in' | 'challenge' | 'interaction' | 'answer'
  secretId: string
  rows: number
  newestAt: Date | null
  lastEndsAt: Date
}

const CURRENT: Statement = {
  name: 'reseal_current',
  text: 'select secret_ids[1] as "secretId" from deployment where id = 1',
}

// From one secret to the next by the index: as many steps as there are secrets, whatever the number of rows.
const SECRETS_OF_SEEDS: Statement = {
  name: 'reseal_secrets',
  text: `
    with recursive found as (
      (select split_part(data, '.', 1) as secret_id from credential where kind = 'totp'
        order by split_part(data, '.', 1) limit 1)
      union all
      select (select split_part(c.data, '.', 1) from credential c where c.kind = 'totp'
        and split_part(c.data, '.', 1) > found.secret_id order by split_part(c.data, '.', 1) limit 1)
      from found where found.secret_id is not null)
    select secret_id as "secretId" from found where secret_id is not null`,
}

const COUNT_SEEDS: Statement = {
  name: 'reseal_count',
  text: `
    select count(*)::int as rows from (
      select from credential where kind = 'totp' and split_part(data, '.', 1) = $1 limit $2) as counted`,
}

const NEXT_SEEDS: Statement = {
  name: 'reseal_next',
  text: `
    select id, account_id as "accountId", data from credential
    where kind = 'totp' and split_part(data, '.', 1) = $1 and id > $2 order by split_part(data, '.', 1), id limit $3`,
}

// `skip locked`: a seed that is just being used or removed is left for the next look, and nobody waits for the other.
const REPLACE_SEEDS: Statement = {
  name: 'reseal_replace',
  text: `
    with given as (select * from unnest($1::text[], $2::text[], $3::text[]) as g (id, before, after)),
    mine as (select c.id from credential c where c.id = any($1::text[]) order by c.id for no key update skip locked)
    update credential c set data = given.after
    from given, mine where c.id = given.id and c.id = mine.id and c.data = given.before
    returning c.id`,
}

// What ends by itself. Of sessions of the engine only the short-lived form of sign-out is sealed: they are left out.
const SHORT_LIVED: Statement = {
  name: 'reseal_short_lived',
  text: `
    select 'session' as kind, split_part(id_token, '.', 1) as "secretId", count(*)::int as rows, max(created_at) as "newestAt",
      max(expires_at) as "lastEndsAt"
    from account_session where expires_at > $1 group by 2
    union all
    select 'sign_in', split_part(interaction, '.', 1), count(*)::int, max(created_at), max(expires_at)
    from attempt where expires_at > $1 group by 2
    union all
    select 'challenge', secret_id, count(*)::int, max(first_sent_at), max(expires_at)
    from challenge where expires_at > $1 group by 2
    union all
    select 'interaction', split_part(payload ->> 'sealed', '.', 1), count(*)::int, null, max(expires_at)
    from oidc_record where model = 'Interaction' and expires_at > $1 and payload ? 'sealed' group by 2
    union all
    select 'answer', split_part(answer, '.', 1), count(*)::int, null, max(expires_at)
    from idempotent_answer where expires_at > $1 and answer is not null group by 2`,
}

// Each change of the newest secret leaves one row.
const EXCHANGES: Statement = {
  name: 'reseal_exchanges',
  text: `
    select detail ->> 'newest' as "secretId", at from audit_entry
    where event = 'secrets.exchanged' order by at desc, id desc limit 50`,
}

/** What an exchange of SECRETS needs of the tables. */
export function createResealingStore(db: Pick<Database, 'run' | 'orm'>) {
  return {
    /** The newest secret of the instance that was started last; null before any was. */
    current: async (): Promise<string | null> => (await db.run<{ secretId: string }>(CURRENT, []))[0]?.secretId ?? null,
    /** The secrets that seeds are sealed with. */
    secretsOfSeeds: async (): Promise<string[]> =>
      (await db.run<{ secretId: string }>(SECRETS_OF_SEEDS, [])).map(({ secretId }) => secretId),
    /** How many seeds are sealed with one; counts no further than `rowsMax`. */
    countSeeds: async (secretId: string, rowsMax: number): Promise<number> =>
      (await db.run<{ rows: number }>(COUNT_SEEDS, [secretId, rowsMax]))[0]?.rows ?? 0,
    /** The next seeds sealed with one, in the order of their ids, after `afterId`. */
    nextSeeds: (secretId: string, afterId: string, rowsMax: number): Promise<SealedSeed[]> =>
      db.run<SealedSeed>(NEXT_SEEDS, [secretId, afterId, rowsMax]),
    /**
     * Puts fresh seals in the place of those that were read, each only where it is still there; answers the ids. Must be
     * single-winner by row: what was changed or removed meanwhile stays as it is, and who holds a row is not waited for.
     */
    async replaceSeeds(tx: Tx, seals: readonly { id: string; before: string; after: string }[]): Promise<string[]> {
      const columns = [seals.map(({ id }) => id), seals.map(({ before }) => before), seals.map(({ after }) => after)]
      return (await runIn<{ id: string }>(tx, REPLACE_SEEDS, columns)).map(({ id }) => id)
    },
    /** The signing keys as they are sealed. */
    async signingKeys(): Promise<string[]> {
      const keys = await (await db.orm()).signingKey.findMany({ select: { privateJwe: true } })
      return keys.map(({ privateJwe }) => privateJwe)
    },
    /** What is sealed or derived with each secret and ends by itself. Reads all of it: not for a path that people wait on. */
    shortLived: (now: Date): Promise<SealedCount[]> => db.run<SealedCount>(SHORT_LIVED, [now]),
    /** Which secret came to the front when, the latest first. */
    exchanges: (): Promise<{ secretId: string; at: Date }[]> => db.run<{ secretId: string; at: Date }>(EXCHANGES, []),
  }
}

export type ResealingStore = ReturnType<typeof createResealingStore>
