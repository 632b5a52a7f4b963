import type { Tx } from '../base/index.ts'
import type { Challenge } from '../factors/index.ts'
import type { AttemptStore } from '../signin/index.ts'
import { createAttemptReads } from './attempt-reads.ts'
import { type Database, runIn, type Statement } from './database.ts'

// Two tabs that begin at once must leave one attempt open: the lock puts them in a row. Their moments were taken before
// it, so `begin` moves one that would lie behind: the open attempt is always the newest.
const lockInteraction: Statement = {
  name: 'attempt_lock',
  text: `select pg_advisory_xact_lock(hashtextextended($1, 4711))`,
}

const BEGIN = `
    with earlier as (
      update attempt set state = 'ended' where interaction_hash = $2 and state = 'open' returning id
    ), closed as (
      update challenge set state = 'ended' where attempt_id in (select id from earlier) and state in ('open', 'held', 'unnamed')
    ), begun as (
      insert into attempt (id, interaction_hash, interaction, purpose, client_id, state, device, locale, created_at, expires_at,
        requirement, account_id, proofs, asks)
      values ($1, $2, $3, $4, $5, 'open', $6, $7,
        greatest($8::timestamptz, (select max(created_at) + interval '1 millisecond' from attempt where interaction_hash = $2)),
        $9::timestamptz, $10, $11, $12, $13)
      returning id
    )`

const begin: Statement = { name: 'attempt_begin', text: `${BEGIN} select from begun` }

const CHALLENGE = `challenge (id, attempt_id, kind, target, target_key, secret_id, known_browser, short_code,
      state, messages, chosen_at, first_sent_at, last_sent_at, expires_at)`

const beginWith: Statement = {
  name: 'attempt_begin_with',
  text: `${BEGIN}
    insert into ${CHALLENGE}
    select $14, id, $15, $16, $17, $18, $19::boolean, $20::boolean and not exists (
      select from guess_counter where target_key = $17 and known_browser = $19::boolean and failures >= $25::int
    ), $21, $22::int,
      $23::timestamptz, $23::timestamptz, $23::timestamptz, $24::timestamptz
    from begun`,
}

// The attempt is locked first: of two tabs that add one method, the second finds it there.
const add: Statement = {
  name: 'challenge_add',
  text: `
    with attempt as (select id from attempt where id = $2 and state = 'open' for update)
    insert into ${CHALLENGE}
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

// The try and the guess at its address, in the order in which a success locks them too.
const countTry: Statement = {
  name: 'challenge_count_try',
  text: `
    with counted as (
      update challenge set tries = tries + 1
      where id = $1 and state = 'open' and tries < $2 and expires_at > $3::timestamptz
      returning tries, target_key, known_browser
    ), guessed as (
      insert into guess_counter as g (target_key, known_browser, failures, updated_at)
      select target_key, known_browser, 1, $3::timestamptz from counted where $4::boolean
      on conflict (target_key, known_browser) do update set failures = g.failures + 1, updated_at = excluded.updated_at
      returning failures
    )
    select tries, coalesce((select failures from guessed), 0) as failures from counted`,
}

// The attempt is locked first, and stays so: nobody else ends it between the use and what comes of it.
const consume: Statement = {
  name: 'challenge_consume',
  text: `
    with attempt as (
      select id from attempt
      where id = (select attempt_id from challenge where id = $1) and purpose = $2 and state = 'open' for update
    ), used as (
      update challenge c set state = 'used', used_at = $3::timestamptz from attempt
      where c.id = $1 and c.attempt_id = attempt.id and c.state = 'open' and c.expires_at > $3::timestamptz
      returning c.target_key
    ), forgotten as (
      delete from guess_counter where $4::boolean and target_key = (select target_key from used)
    )
    select 1 from used`,
}

const prove: Statement = {
  name: 'attempt_prove',
  text: `update attempt set state = $4, account_id = $2, proofs = $3::jsonb, asks = $5, sealed = $6
         where id = $1 and state = 'open' returning 1`,
}

// An address may have been taken from the account in the very moment that it was proven. (`offset 0`: looked up by whole
// key for each challenge, not joined with all addresses.)
const standsIn: Statement = {
  name: 'attempt_stands',
  text: `
    select 1 from attempt a
    where a.id = $1 and a.state = 'proven' and not exists (
      select from challenge c
      where c.attempt_id = a.id and c.kind in ('email', 'sms') and a.proofs @> jsonb_build_array(jsonb_build_object('kind', c.kind))
        and not exists (
          select from address own
          where own.kind = case c.kind when 'sms' then 'phone' else c.kind end and own.canonical = c.target
            and own.account_id = a.account_id offset 0)
      offset 0)
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

async function insertChallenge(tx: Tx, c: Challenge): Promise<boolean> {
  return (await runIn(tx, add, [c.id, c.attemptId, ...columnsOf(c)])).length === 1
}

function columnsOf(c: Challenge): unknown[] {
  const who = [c.kind, c.target, c.targetKey, c.secretId, c.knownBrowser, c.shortCode]
  return [...who, c.state, c.messages, c.chosenAt, c.expiresAt]
}

/** Ends whatever an account was about to sign in with, but `except`. An attempt that is just being proven is waited for. */
export async function endAttempts(tx: Tx, accountId: string, except: string | null): Promise<void> {
  await runIn(tx, endOfAccount, [accountId, except])
}

/** Attempts and challenges in PostgreSQL. */
export function createAttemptStore(db: Database): AttemptStore {
  return {
    ...createAttemptReads(db),
    async begin(tx, a, first) {
      const locked = runIn(tx, lockInteraction, [a.interactionHash])
      const where = [a.id, a.interactionHash, a.interactionSealed, a.purpose, a.clientId, a.device, a.locale]
      const what = [JSON.stringify(a.requirement), a.accountId, JSON.stringify(a.proofs), a.asks]
      const values = [...where, a.createdAt, a.expiresAt, ...what]
      const begins = first
        ? runIn(tx, beginWith, [...values, first.challenge.id, ...columnsOf(first.challenge), first.failuresMax])
        : runIn(tx, begin, values)
      await Promise.all([locked, begins])
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
    async countTry(challengeId, { triesMax, isGuess }, now) {
      return (await db.run<{ tries: number; failures: number }>(countTry, [challengeId, triesMax, now, isGuess]))[0] ?? null
    },
    async consume(tx, challengeId, { purpose, endsGuesses }, now) {
      return (await runIn(tx, consume, [challengeId, purpose, now, endsGuesses])).length === 1
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
  }
}
