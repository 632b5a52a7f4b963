import type { Tx } from '../base/index.ts'
import type { Challenge } from '../factors/index.ts'
import type { AttemptStore, StoredAttempt } from '../signin/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const CHALLENGES = `
  (select coalesce(jsonb_agg(jsonb_build_object(
     'id', c.id, 'attemptId', c.attempt_id, 'kind', c.kind, 'target', c.target, 'targetKey', c.target_key,
     'secretId', c.secret_id, 'knownBrowser', c.known_browser, 'shortCode', c.short_code, 'state', c.state,
     'tries', c.tries, 'messages', c.messages, 'chosenAt', coalesce(c.chosen_at, c.first_sent_at), 'firstSentAt', c.first_sent_at, 'lastSentAt', c.last_sent_at,
     'lastHandedAt', c.last_handed_at, 'expiresAt', c.expires_at, 'usedAt', c.used_at)
     order by coalesce(c.chosen_at, c.first_sent_at) desc), '[]')
   from challenge c where c.attempt_id = a.id`

const COLUMNS = `a.id, a.interaction_hash as "interactionHash", a.interaction as "interactionSealed", a.purpose,
  a.client_id as "clientId", a.state, a.device, a.locale, a.account_id as "accountId", a.proofs,
  a.requirement, a.asks, a.sealed,
  a.created_at as "createdAt", a.expires_at as "expiresAt"`

const history: Statement = {
  name: 'attempt_history',
  text: `select ${COLUMNS}, ${CHALLENGES}) as challenges from attempt a
         where a.interaction_hash = $1 order by a.created_at desc, a.state = 'open' desc, a.id limit 10`,
}

const ofChallenge: Statement = {
  name: 'attempt_of_challenge',
  text: `select ${COLUMNS}, ${CHALLENGES} and c.id = $1) as challenges from attempt a
         where a.id = (select attempt_id from challenge where id = $1)`,
}

// Two tabs that begin at once must leave one attempt open: the lock puts them in a row. Their moments were taken before
// it, so `begin` moves one that would lie behind: the open attempt is always the newest.
const lockInteraction: Statement = {
  name: 'attempt_lock',
  text: `select pg_advisory_xact_lock(hashtextextended($1, 4711))`,
}

const begin: Statement = {
  name: 'attempt_begin',
  text: `
    with earlier as (
      update attempt set state = 'ended' where interaction_hash = $2 and state = 'open' returning id
    ), closed as (
      update challenge set state = 'ended' where attempt_id in (select id from earlier) and state in ('open', 'held', 'unnamed')
    )
    insert into attempt (id, interaction_hash, interaction, purpose, client_id, state, device, locale, created_at, expires_at,
      requirement, account_id, proofs, asks)
    values ($1, $2, $3, $4, $5, 'open', $6, $7,
      greatest($8::timestamptz, (select max(created_at) + interval '1 millisecond' from attempt where interaction_hash = $2)),
      $9::timestamptz, $10, $11, $12, $13)`,
}

// The attempt is locked first: of two tabs that add one method, the second finds it there.
const add: Statement = {
  name: 'challenge_add',
  text: `
    with attempt as (select id from attempt where id = $2 and state = 'open' for update)
    insert into challenge (id, attempt_id, kind, target, target_key, secret_id, known_browser, short_code,
      state, messages, chosen_at, first_sent_at, last_sent_at, expires_at)
    select $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11::timestamptz, $11::timestamptz, $11::timestamptz, $12::timestamptz
    from attempt on conflict (attempt_id, kind) do nothing returning 1`,
}

const drop: Statement = {
  name: 'challenge_drop',
  text: `delete from challenge where id = $1 and state <> 'used'`,
}

const choose: Statement = {
  name: 'challenge_choose',
  text: `update challenge set chosen_at = $2::timestamptz where id = $1 and state in ('open', 'held', 'unnamed')`,
}

const hold: Statement = {
  name: 'challenge_hold',
  text: `update challenge set state = 'held' where id = $1 and state = 'open'`,
}

const holdAll: Statement = {
  name: 'challenge_hold_all',
  text: `update challenge set state = 'held' where attempt_id = $1 and state = 'open'`,
}

const requireOf: Statement = {
  name: 'attempt_require',
  text: `update attempt set requirement = $2::jsonb where id = $1 and state = 'open' returning 1`,
}

const unname: Statement = {
  name: 'challenge_unname',
  text: `update challenge set state = 'unnamed' where id = $1 and state in ('open', 'held') and last_sent_at <= $2::timestamptz`,
}

const nameTarget: Statement = {
  name: 'challenge_name',
  text: `
    update challenge set state = 'held', chosen_at = $2::timestamptz, short_code = $4,
      target = case when target = '' then $3 else target end
    where id = $1 and state = 'unnamed' and expires_at > $2::timestamptz returning 1`,
}

const release: Statement = {
  name: 'challenge_release',
  text: `
    update challenge set state = 'open', messages = messages + 1, last_sent_at = $2::timestamptz, chosen_at = $2::timestamptz,
      first_sent_at = case when messages = 0 then $2::timestamptz else first_sent_at end,
      expires_at = case when messages = 0 then $3::timestamptz else expires_at end,
      short_code = $5,
      target = case when target = '' then $4 else target end
    where id = $1 and state = $7 and messages < $6 and expires_at > $2::timestamptz returning 1`,
}

const countTry: Statement = {
  name: 'challenge_count_try',
  text: `update challenge set tries = tries + 1
         where id = $1 and state = 'open' and tries < $2 and expires_at > $3::timestamptz returning tries`,
}

// The attempt is locked first, and stays so: nobody else ends it between the use and what comes of it.
const consume: Statement = {
  name: 'challenge_consume',
  text: `
    with attempt as (
      select a.id from attempt a join challenge c on c.attempt_id = a.id
      where c.id = $1 and a.purpose = $2 and a.state = 'open' for update of a)
    update challenge c set state = 'used', used_at = $3::timestamptz from attempt
    where c.id = $1 and c.attempt_id = attempt.id and c.state = 'open' and c.expires_at > $3::timestamptz
    returning 1`,
}

const prove: Statement = {
  name: 'attempt_prove',
  text: `update attempt set state = $4, account_id = $2, proofs = $3::jsonb, asks = $5, sealed = $6
         where id = $1 and state = 'open' returning 1`,
}

// An address may have been taken from the account in the very moment that it was proven.
const standsIn: Statement = {
  name: 'attempt_stands',
  text: `
    select 1 from attempt a
    where a.id = $1 and a.state = 'proven' and not exists (
      select from challenge c
      where c.attempt_id = a.id and c.kind in ('email', 'sms') and a.proofs @> jsonb_build_array(jsonb_build_object('kind', c.kind))
        and not exists (select from address own where own.account_id = a.account_id and own.canonical = c.target))
    for update of a`,
}

const endProven: Statement = {
  name: 'attempt_end_proven',
  text: `update attempt set state = 'ended' where id = $1 and state = 'proven'`,
}

const endOthers: Statement = {
  name: 'challenge_end_others',
  text: `update challenge set state = 'ended' where attempt_id = $1 and state in ('open', 'held') and kind <> all($2::text[])`,
}

const reopen: Statement = {
  name: 'challenge_reopen',
  text: `update challenge set state = 'open', chosen_at = $2::timestamptz where id = $1 and state in ('open', 'held')`,
}

const end: Statement = {
  name: 'attempt_end',
  text: `with attempt_ended as (update attempt set state = 'ended' where id = $1 and state = 'open')
         update challenge set state = 'ended' where attempt_id = $1 and state in ('open', 'held', 'unnamed')`,
}

const endOfAccount: Statement = {
  name: 'attempt_end_of_account',
  text: `
    with ended as (
      update attempt set state = 'ended'
      where account_id = $1 and id is distinct from $2::text and purpose = 'sign-in' and state in ('open', 'proven') returning id
    )
    update challenge set state = 'ended' where attempt_id in (select id from ended) and state in ('open', 'held', 'unnamed')`,
}

const addMessage: Statement = {
  name: 'challenge_add_message',
  text: `update challenge set messages = messages + 1, last_sent_at = $4::timestamptz
         where id = $1 and state = 'open' and messages < $2 and last_sent_at <= $3::timestamptz and expires_at > $4::timestamptz
         returning 1`,
}

const handedOver: Statement = {
  name: 'challenge_handed_over',
  // What leads to a number on file ends when it would end if it led to nobody.
  text: `update challenge set last_handed_at = $2::timestamptz,
           expires_at = case when target_key like 'nobody:%' then expires_at
             else least(first_sent_at + make_interval(secs => $3::float8), $2::timestamptz + make_interval(secs => $4::float8)) end
         where id = $1 and state = 'open' and expires_at > $2::timestamptz`,
}

async function insertChallenge(tx: Tx, c: Challenge): Promise<boolean> {
  const who = [c.id, c.attemptId, c.kind, c.target, c.targetKey, c.secretId, c.knownBrowser, c.shortCode]
  return (await runIn(tx, add, [...who, c.state, c.messages, c.chosenAt, c.expiresAt])).length === 1
}

/** Ends whatever an account was about to sign in with, but `except`. An attempt that is just being proven is waited for. */
export async function endAttempts(tx: Tx, accountId: string, except: string | null): Promise<void> {
  await runIn(tx, endOfAccount, [accountId, except])
}

/** Attempts and challenges in PostgreSQL. */
export function createAttemptStore(db: Database): AttemptStore {
  return {
    async history(interactionHash) {
      return (await db.run<StoredAttempt>(history, [interactionHash])).map(revived)
    },
    async ofChallenge(challengeId) {
      const row = (await db.run<StoredAttempt>(ofChallenge, [challengeId]))[0]
      return row ? revived(row) : null
    },
    async begin(tx, a, challenge) {
      await runIn(tx, lockInteraction, [a.interactionHash])
      const where = [a.id, a.interactionHash, a.interactionSealed, a.purpose, a.clientId, a.device, a.locale]
      const what = [JSON.stringify(a.requirement), a.accountId, JSON.stringify(a.proofs), a.asks]
      await runIn(tx, begin, [...where, a.createdAt, a.expiresAt, ...what])
      if (challenge) await insertChallenge(tx, challenge)
    },
    add: insertChallenge,
    async replace(tx, challengeId, challenge) {
      await runIn(tx, drop, [challengeId])
      return insertChallenge(tx, challenge)
    },
    async endOthers(tx, attemptId, kinds) {
      await runIn(tx, endOthers, [attemptId, kinds])
    },
    async reopen(tx, challengeId, now) {
      await runIn(tx, reopen, [challengeId, now])
    },
    async choose(tx, challengeId, now) {
      await runIn(tx, choose, [challengeId, now])
    },
    async hold(tx, challengeId) {
      await runIn(tx, hold, [challengeId])
    },
    async holdAll(tx, attemptId) {
      await runIn(tx, holdAll, [attemptId])
    },
    async require(tx, attemptId, requirement) {
      return (await runIn(tx, requireOf, [attemptId, JSON.stringify(requirement)])).length === 1
    },
    async unname(tx, challengeId, notAfter) {
      await runIn(tx, unname, [challengeId, notAfter])
    },
    async name(tx, c) {
      return (await runIn(tx, nameTarget, [c.id, c.chosenAt, c.target, c.shortCode])).length === 1
    },
    async release(tx, c, from, messagesMax) {
      const values = [c.id, c.lastSentAt, c.expiresAt, c.target, c.shortCode, messagesMax, from]
      return (await runIn(tx, release, values)).length === 1
    },
    async countTry(challengeId, triesMax, now) {
      return (await db.run<{ tries: number }>(countTry, [challengeId, triesMax, now]))[0]?.tries ?? null
    },
    async consume(tx, challengeId, purpose, now) {
      return (await runIn(tx, consume, [challengeId, purpose, now])).length === 1
    },
    async prove(tx, attemptId, { accountId, proofs, state, asks, sealed }) {
      return (await runIn(tx, prove, [attemptId, accountId, JSON.stringify(proofs), state, asks, sealed])).length === 1
    },
    async standsIn(tx, attemptId) {
      const stands = (await runIn(tx, standsIn, [attemptId])).length === 1
      if (!stands) await runIn(tx, endProven, [attemptId])
      return stands
    },
    async end(tx, attemptId) {
      await runIn(tx, end, [attemptId])
    },
    async addMessage(tx, challengeId, { messagesMax, notAfter }, now) {
      return (await runIn(tx, addMessage, [challengeId, messagesMax, notAfter, now])).length === 1
    },
    async handedOver(tx, challengeId, at, { capSeconds, ttlSeconds }) {
      await runIn(tx, handedOver, [challengeId, at, capSeconds, ttlSeconds])
    },
  }
}

// Inside JSON a moment is text.
function revived(row: StoredAttempt): StoredAttempt {
  const moment = (value: unknown) => (value === null ? null : new Date(String(value)))
  return {
    ...row,
    challenges: row.challenges.map((challenge) => ({
      ...challenge,
      chosenAt: moment(challenge.chosenAt) as Date,
      firstSentAt: moment(challenge.firstSentAt) as Date,
      lastSentAt: moment(challenge.lastSentAt) as Date,
      lastHandedAt: moment(challenge.lastHandedAt),
      expiresAt: moment(challenge.expiresAt) as Date,
      usedAt: moment(challenge.usedAt),
    })) satisfies Challenge[],
  }
}
