import type { DeliveryStore, DueDelivery, NewestDelivery, ReceiptedDelivery, SuppressionReason } from '../delivery/index.ts'
import { appendEntries } from './audit.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { mayGoAgain, mayWait } from './delivery-sql.ts'

const INSERT: Statement = {
  name: 'deliveries_insert',
  text: `insert into delivery (id, challenge_id, channel, message, target, target_key, locale, created_at, due_at, give_up_at, notice_id,
      claimed_until, state, tries)
    select $1, $2, $3, $4, $5, $6, $7, $8::timestamptz, $8::timestamptz, $9::timestamptz, $10,
      held.until, case when held.until is null then 'queued' else 'sending' end, case when held.until is null then 0 else 1 end
    from (select case when not exists (select from suppression where target_key = $6) then $11::timestamptz end as until) held
    returning state = 'sending' as held`,
}

// The row is locked in its newest version first, so that a second claim waits and then finds it `sending`.
const CLAIM: Statement = {
  name: 'deliveries_claim',
  text: `with due as (
      select id, state = 'sending' as resumed, coalesce(reason = 'unanswered', false) as unanswered from delivery
      where id = $1 and (state in ('queued', 'deferred') or (state = 'sending' and claimed_until <= $2))
      for update
    ), claimed as (
      update delivery d set state = 'sending', tries = d.tries + 1,
        claimed_until = case d.channel when 'sms' then $4::timestamptz else $3::timestamptz end,
        reason = case when due.resumed then 'unanswered' else d.reason end
      from due where d.id = due.id
      returning d.id, d.channel, d.challenge_id, d.notice_id, d.message, d.target, d.target_key, d.locale, d.created_at, d.give_up_at, d.tries,
        due.resumed, due.unanswered
    )
    select c.id, c.channel, c.challenge_id as "challengeId", c.notice_id as "noticeId", h.attempt_id as "attemptId",
      coalesce(a.client_id, '') as "clientId", c.message, c.target, coalesce(c.target_key, h.target_key, '') as "targetKey",
      coalesce(h.known_browser, false) as "knownBrowser", coalesce(h.target_key like 'nobody:%', false) as unasked,
      s.reason as suppressed, c.locale, c.created_at as "createdAt", c.give_up_at as "giveUpAt", c.tries, c.resumed, c.unanswered
    from claimed c
      left join challenge h on h.id = c.challenge_id
      left join attempt a on a.id = h.attempt_id
      left join suppression s
        on s.target_key = coalesce(c.target_key, h.target_key) and s.allowed_id is distinct from c.id`,
}

// One statement, so that message, challenge and trail learn of it together. What leads to a number on file ends when it
// would end if it led to nobody. The challenge is looked up by its key alone: a join would be planned while the
// table is empty, and then read all of it.
const HAND_OVER: Statement = {
  name: 'deliveries_hand_over',
  text: `with handed as (
      update delivery set state = 'handed_over', handed_at = $2::timestamptz, claimed_until = null, reason = null, route = $3,
        receipt_id = $4
      where id = $1 and state <> 'handed_over' returning challenge_id
    ), lasting as (
      update challenge set last_handed_at = $2::timestamptz,
        expires_at = case when target_key like 'nobody:%' then expires_at
          else least(first_sent_at + make_interval(secs => $5::float8), $2::timestamptz + make_interval(secs => $6::float8)) end
      where id = (select challenge_id from handed) and state = 'open' and expires_at > $2::timestamptz
    ), noted as (${appendEntries('$7', 'handed,')}
    )
    select from handed`,
}

const HOLD: Statement = {
  name: 'deliveries_hold',
  text: `update delivery set claimed_until = $3 where id = $1 and state = 'sending' and tries = $2`,
}

const GIVE_BACK: Statement = {
  name: 'deliveries_give_back',
  text: `update delivery set state = 'queued', tries = tries - 1, claimed_until = null
    where id = $1 and state = 'sending' and tries = $2 returning id`,
}

const DEFER: Statement = {
  name: 'deliveries_defer',
  text: `update delivery set state = 'deferred', due_at = $4, claimed_until = null,
      reason = case when reason = 'unanswered' then reason else $3 end
    where id = $1 and state = 'sending' and tries = $2 returning id`,
}

const END: Statement = {
  name: 'deliveries_end',
  text: `update delivery set state = $3, reason = $4, claimed_until = null
    where id = $1 and state = 'sending' and tries = $2 returning id`,
}

const NEWEST: Statement = {
  name: 'deliveries_newest',
  text: `select channel, state, reason, target, due_at as "dueAt", handed_at as "handedAt", delivered_at as "deliveredAt"
    from delivery where challenge_id = $1 order by created_at desc, id desc limit 1`,
}

const LEFT_BEHIND: Statement = {
  name: 'deliveries_left_behind',
  text: `select id, due_at as "dueAt" from delivery
    where (state in ('queued', 'deferred') and due_at <= $2) or (state = 'sending' and claimed_until <= $1)
    order by created_at desc limit $3`,
}

const AGAIN: Statement = {
  name: 'deliveries_again',
  text: `update delivery d set due_at = $2, state = case d.state when 'refused' then 'queued' else d.state end,
      reason = case d.state when 'refused' then null else d.reason end
    where d.id = $1 and ((${mayWait('$2')} and d.due_at > $2::timestamptz) or ${mayGoAgain('$2')})
    returning d.channel`,
}

const SUPPRESSED: Statement = {
  name: 'deliveries_suppressed',
  text: 'select reason, created_at as since from suppression where target_key = $1',
}

const WAITING: Statement = {
  name: 'deliveries_waiting',
  text: `select count(*)::int as waiting from delivery where state in ('queued', 'deferred', 'sending')`,
}

const RECEIPTED = `select d.id, h.attempt_id as "attemptId", d.route, d.target, d.created_at as "createdAt", coalesce(h.state = 'used', false) as used
    from delivery d left join challenge h on h.id = d.challenge_id`

const BY_RECEIPT: Statement = {
  name: 'deliveries_by_receipt',
  text: `${RECEIPTED} where d.receipt_id = $2 and d.channel = $1 order by d.created_at desc, d.id desc limit 1`,
}

const BY_TARGET: Statement = {
  name: 'deliveries_by_target',
  text: `${RECEIPTED} where d.target = $2 and d.channel = $1 and d.state = 'handed_over' and (d.receipt_id is null or not $3::boolean)
    order by d.created_at desc, d.id desc limit 1`,
}

const DELIVERED: Statement = {
  name: 'deliveries_delivered',
  text: `update delivery set delivered_at = $2 where id = $1 and state = 'handed_over' and delivered_at is null returning id`,
}

const CAME_BACK: Statement = {
  name: 'deliveries_came_back',
  text: `update delivery set state = $2, reason = $3 where id = $1 and state = 'handed_over' returning id`,
}

/** The table `delivery`. After a hand-over a challenge lasts as long as `lifetimes` say. */
export function createDeliveryStore(db: Database, lifetimes: { capSeconds: number; ttlSeconds: number }): DeliveryStore {
  const { capSeconds, ttlSeconds } = lifetimes
  return {
    insert: async (tx, d, heldUntil) => {
      const to = [d.channel, d.message, d.target, d.targetKey, d.locale]
      const values = [d.id, d.challengeId, ...to, d.createdAt, d.giveUpAt, d.noticeId, heldUntil]
      return (await runIn<{ held: boolean }>(tx, INSERT, values))[0]?.held === true
    },
    claim: async (id, now, until) => (await db.run<DueDelivery>(CLAIM, [id, now, until.email, until.sms]))[0] ?? null,
    async handOver(id, { at, route, receiptId, entry }) {
      const values = [id, at, route, receiptId, capSeconds, ttlSeconds, JSON.stringify([entry])]
      return (await db.run(HAND_OVER, values)).length === 1
    },
    hold: async (id, tries, until) => void (await db.run(HOLD, [id, tries, until])),
    giveBack: async (tx, id, tries) => (await runIn(tx, GIVE_BACK, [id, tries])).length === 1,
    defer: async (tx, id, tries, reason, dueAt) => (await runIn(tx, DEFER, [id, tries, reason, dueAt])).length === 1,
    end: async (tx, id, tries, state, reason) => (await runIn(tx, END, [id, tries, state, reason])).length === 1,
    newest: async (challengeId) => (await db.run<NewestDelivery>(NEWEST, [challengeId]))[0] ?? null,
    leftBehind: (now, dueBy, max) => db.run(LEFT_BEHIND, [now, dueBy, max]),
    again: async (tx, id, now) => (await runIn<Pick<NewestDelivery, 'channel'>>(tx, AGAIN, [id, now]))[0]?.channel ?? null,
    suppressed: async (key) => (await db.run<{ reason: SuppressionReason; since: Date }>(SUPPRESSED, [key]))[0] ?? null,
    waiting: async () => (await db.run<{ waiting: number }>(WAITING, []))[0]?.waiting ?? 0,
    byReceipt: async (channel, receiptId) => (await db.run<ReceiptedDelivery>(BY_RECEIPT, [channel, receiptId]))[0] ?? null,
    byTarget: async (channel, target, nameless) =>
      (await db.run<ReceiptedDelivery>(BY_TARGET, [channel, target, nameless]))[0] ?? null,
    delivered: async (tx, id, at) => (await runIn(tx, DELIVERED, [id, at])).length === 1,
    cameBack: async (tx, id, state, reason) => (await runIn(tx, CAME_BACK, [id, state, reason])).length === 1,
  }
}
