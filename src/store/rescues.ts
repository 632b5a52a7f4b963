import type { LockedAccount, Rescue, RescueStore } from '../rescue/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const READ = `
  id, account_id as "accountId", started_by as "startedBy", client_id as "clientId", address, device,
  started_at as "startedAt", halfway_at as "halfwayAt", opens_at as "opensAt", lapses_at as "lapsesAt",
  opens_told as "opensTold"`

const WAITING: Statement = {
  name: 'rescues_waiting',
  text: `select ${READ} from rescue where account_id = $1 and state = 'waiting'`,
}

const WAITING_LOCKED: Statement = {
  name: 'rescues_waiting_locked',
  text: `select ${READ} from rescue where account_id = $1 and state = 'waiting' for update`,
}

const BEGUN_SINCE: Statement = {
  name: 'rescues_begun_since',
  text: 'select id from rescue where account_id = $1 and started_by is null and started_at > $2::timestamptz limit 1',
}

const LOCKED_UNTIL: Statement = {
  name: 'rescues_locked_until',
  text: 'select rescue_locked_until as "lockedUntil" from account where id = $1',
}

const LOCK_ACCOUNT: Statement = {
  name: 'rescues_lock_account',
  text: `
    select state = 'active' and closing_at is null as stays, locale, created_at as "createdAt", rescue_locked_until as "lockedUntil"
    from account where id = $1 for no key update`,
}

// The partial index lets one of several win; the others wait for its outcome.
const ADD: Statement = {
  name: 'rescues_add',
  text: `
    insert into rescue (id, account_id, started_by, client_id, address, device, started_at, halfway_at, opens_at, lapses_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (account_id) where state = 'waiting' do nothing returning id`,
}

const END: Statement = {
  name: 'rescues_end',
  text: `
    update rescue set state = $2, ended_by = $3, ended_at = $4::timestamptz
    where id = $1 and state = 'waiting' returning ${READ}`,
}

const END_OF: Statement = {
  name: 'rescues_end_of',
  text: `
    update rescue set state = 'cancelled', ended_by = $2, ended_at = $3::timestamptz
    where account_id = $1 and state = 'waiting' and (not $4::boolean or started_by is null) returning ${READ}`,
}

const SHORTEN: Statement = {
  name: 'rescues_shorten',
  text: `
    update rescue set opens_at = $2::timestamptz, lapses_at = $3::timestamptz, halfway_at = $4::timestamptz, halfway_told = true
    where account_id = $1 and state = 'waiting' and opens_at > $2::timestamptz returning ${READ}`,
}

// What another instance is just telling is passed over; should it die, its lock dies with it and the next look takes it.
const due = (marks: string, condition: string, order: string) => `
  update rescue set ${marks} where id = (
    select id from rescue where state = 'waiting' and ${condition} order by ${order}, id limit 1 for update skip locked)
  returning ${READ}`

const TAKE_HALFWAY: Statement = {
  name: 'rescues_take_halfway',
  text: due(
    'halfway_told = true',
    'not halfway_told and halfway_at <= $1::timestamptz and opens_at > $1::timestamptz',
    'halfway_at',
  ),
}

const TAKE_OPENS: Statement = {
  name: 'rescues_take_opens',
  text: due(
    'halfway_told = true, opens_told = true',
    'not opens_told and opens_at <= $1::timestamptz and lapses_at > $1::timestamptz',
    'opens_at',
  ),
}

const TAKE_LAPSED: Statement = {
  name: 'rescues_take_lapsed',
  text: due(
    `state = 'lapsed', ended_by = 'clock', ended_at = $1::timestamptz`,
    'opens_at <= $1::timestamptz and lapses_at <= $1::timestamptz',
    'opens_at',
  ),
}

const LOCK_UNTIL: Statement = {
  name: 'rescues_lock_until',
  text: 'update account set rescue_locked_until = $2::timestamptz where id = $1',
}

const RECOVERED: Statement = {
  name: 'rescues_recovered',
  text: `
    update account set recovered_at = $2::timestamptz, recovery_started_at = $3::timestamptz, demands_second = $4
    where id = $1`,
}

// Those that were removed before as well: an objection would bring them back.
const KEEP_ONLY: Statement = {
  name: 'rescues_keep_only',
  text: 'delete from credential where account_id = $1 and id <> $2',
}

const KIND_OF: Statement = {
  name: 'rescues_kind_of',
  text: 'select kind from credential where account_id = $1 and id = $2 and removed_at is null',
}

/** Rescues, in `rescue`, and what they change of an account. */
export function createRescueStore(db: Pick<Database, 'run'>): RescueStore {
  const first = async (rows: Promise<Rescue[]>): Promise<Rescue | null> => (await rows)[0] ?? null
  return {
    waiting: (accountId) => first(db.run<Rescue>(WAITING, [accountId])),
    waitingIn: (tx, accountId, how) => first(runIn<Rescue>(tx, how === 'locked' ? WAITING_LOCKED : WAITING, [accountId])),
    lockedUntil: async (accountId) =>
      (await db.run<Pick<LockedAccount, 'lockedUntil'>>(LOCKED_UNTIL, [accountId]))[0]?.lockedUntil ?? null,
    lockAccount: async (tx, accountId) => (await runIn<LockedAccount>(tx, LOCK_ACCOUNT, [accountId]))[0] ?? null,
    async begunSince(tx, accountId, since) {
      const values = [accountId, since]
      return (await (tx ? runIn(tx, BEGUN_SINCE, values) : db.run(BEGUN_SINCE, values))).length === 1
    },
    async add(tx, { id, accountId, startedBy, clientId, address, device, startedAt, halfwayAt, opensAt, lapsesAt }) {
      const values = [id, accountId, startedBy, clientId, address, device, startedAt, halfwayAt, opensAt, lapsesAt]
      return (await runIn(tx, ADD, values)).length === 1
    },
    end: (tx, id, state, by, now) => first(runIn<Rescue>(tx, END, [id, state, by, now])),
    endOf: (tx, accountId, by, now, byPersonOnly) => first(runIn<Rescue>(tx, END_OF, [accountId, by, now, byPersonOnly])),
    shorten: (tx, accountId, { opensAt, lapsesAt }, now) =>
      first(runIn<Rescue>(tx, SHORTEN, [accountId, opensAt, lapsesAt, now])),
    takeDue: (tx, moment, now) => first(runIn<Rescue>(tx, moment === 'opens' ? TAKE_OPENS : TAKE_HALFWAY, [now])),
    takeLapsed: (tx, now) => first(runIn<Rescue>(tx, TAKE_LAPSED, [now])),
    async lockUntil(tx, accountId, until) {
      await runIn(tx, LOCK_UNTIL, [accountId, until])
    },
    async recovered(tx, accountId, at, startedAt, demandsSecond) {
      await runIn(tx, RECOVERED, [accountId, at, startedAt, demandsSecond])
    },
    async keepOnly(tx, accountId, credentialId) {
      await runIn(tx, KEEP_ONLY, [accountId, credentialId])
    },
    kindOf: async (tx, accountId, id) => (await runIn<{ kind: string }>(tx, KIND_OF, [accountId, id]))[0]?.kind ?? null,
  }
}
