import type { InvitationRow, InvitationStore } from '../admin/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const COLUMNS = 'id, canonical as address, role, created_at as "createdAt", expires_at as "expiresAt"'

const LIST: Statement = {
  name: 'invitations_list',
  text: `
    select ${COLUMNS} from invitation
    where expires_at > $1::timestamptz and (created_at, id) < ($2::timestamptz, $3::text)
    order by created_at desc, id desc limit $4`,
}

const LOCK_ACTOR: Statement = {
  name: 'invitations_lock_actor',
  text: `select pg_advisory_xact_lock(hashtextextended('doorward/invitations ' || $1, 0))`,
}

const MADE_BY: Statement = {
  name: 'invitations_made_by',
  text: `
    select count(*)::int as count from audit_entry
    where actor_id = $1 and at > $2::timestamptz and event = 'invitation.created'`,
}

const MAILED_TO: Statement = {
  name: 'invitations_mailed_to',
  text: `
    select count(*)::int as count from delivery
    where target = $1 and created_at > $2::timestamptz and message = 'invitation'`,
}

const ACCOUNT_OF: Statement = {
  name: 'invitations_account_of',
  text: `
    select held.account_id as id from address held join account a on a.id = held.account_id
    where held.kind = $1 and held.canonical = $2 and (held.leaves_at is null or held.leaves_at > $3::timestamptz)
      and (a.closing_at is null or a.closing_at > $3::timestamptz)
    union all
    select said.account_id from claimed_address said
    where said.kind = $1 and said.canonical = $2 and not exists (select from address where account_id = said.account_id)
    limit 1`,
}

const HAS_CLIENT: Statement = {
  name: 'invitations_has_client',
  text: 'select 1 from client where id = $1 and disabled_at is null and expires_at is null',
}

const LOCK_FOR: Statement = {
  name: 'invitations_lock_for',
  text: `select ${COLUMNS} from invitation where kind = $1 and canonical = $2 for update`,
}

const SAVE: Statement = {
  name: 'invitations_save',
  text: `
    insert into invitation (id, kind, canonical, role, invited_by, client_id, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (kind, canonical) do update set role = excluded.role, invited_by = excluded.invited_by,
      client_id = excluded.client_id, created_at = excluded.created_at, expires_at = excluded.expires_at
    returning id`,
}

const LOCK_BY_ID: Statement = {
  name: 'invitations_lock_by_id',
  text: `select ${COLUMNS} from invitation where id = $1 and expires_at > $2::timestamptz for update`,
}

const REMOVE: Statement = { name: 'invitations_remove', text: 'delete from invitation where id = $1' }

const BY_ADDRESS: Statement = {
  name: 'invitations_by_address',
  text: `
    select role, client_id as "clientId", created_at as "createdAt", expires_at as "expiresAt" from invitation
    where kind = 'email' and canonical = $1 and expires_at > $2::timestamptz`,
}

interface MailedInvitations {
  /** What the mail to an invited address speaks of; null when the invitation is in force no more. */
  forMail(
    address: string,
    now: Date,
  ): Promise<{ role: string | null; clientId: string | null; createdAt: Date; expiresAt: Date } | null>
}

type Mailed = NonNullable<Awaited<ReturnType<MailedInvitations['forMail']>>>

/** Invitations, in `invitation`. They are taken up in accounts.ts. */
export function createInvitationStore(db: Pick<Database, 'run'>): InvitationStore & MailedInvitations {
  const countOf = (rows: { count: number }[]) => rows[0]?.count ?? 0
  return {
    list: (after, limit, now) => db.run<InvitationRow>(LIST, [now, after?.createdAt ?? 'infinity', after?.id ?? '', limit]),
    lockActor: async (tx, actorId) => void (await runIn(tx, LOCK_ACTOR, [actorId])),
    madeBy: async (tx, actorId, since) => countOf(await runIn(tx, MADE_BY, [actorId, since])),
    mailedTo: async (tx, address, since) => countOf(await runIn(tx, MAILED_TO, [address, since])),
    accountOf: async (tx, kind, address, now) =>
      (await runIn<{ id: string }>(tx, ACCOUNT_OF, [kind, address, now]))[0]?.id ?? null,
    hasClient: async (tx, clientId) => (await runIn(tx, HAS_CLIENT, [clientId])).length === 1,
    lockFor: async (tx, kind, address) => (await runIn<InvitationRow>(tx, LOCK_FOR, [kind, address]))[0] ?? null,
    async save(tx, { id, kind, address, role, invitedBy, clientId, createdAt, expiresAt }) {
      const values = [id, kind, address, role, invitedBy, clientId, createdAt, expiresAt]
      const [row] = await runIn<{ id: string }>(tx, SAVE, values)
      if (!row) throw new Error('an invitation was neither added nor found')
      return row.id
    },
    lockById: async (tx, id, now) => (await runIn<InvitationRow>(tx, LOCK_BY_ID, [id, now]))[0] ?? null,
    remove: async (tx, id) => void (await runIn(tx, REMOVE, [id])),
    forMail: async (address, now) => (await db.run<Mailed>(BY_ADDRESS, [address, now]))[0] ?? null,
  }
}
