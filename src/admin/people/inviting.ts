import type { Audit, EventWho } from '../../audit/index.ts'
import { type Address, addSeconds, isEmail, newId, Refusal, type Tx } from '../../base/index.ts'
import { AdminFault } from '../fault.ts'
import type { Role } from '../scopes.ts'
import type { PeopleDeps } from './deps.ts'
import type { InvitationStore } from './stores.ts'

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3600
/** Of one actor, within an hour. */
const INVITATIONS_PER_HOUR = 100
/** To one address, within a day: whoever invites cannot fill somebody's mailbox. */
const MAILS_PER_DAY = 3
/** What a command line leaves stands for so long. */
const ROLE_DAYS = 14

/** What leaving an invitation needs. */
export type InvitingDeps = Pick<PeopleDeps, 'mailInvitation' | 'defaultLocale'> & {
  invitations: InvitationStore
  audit: Pick<Audit, 'record'>
}

interface Invited {
  address: Address
  role: Role | null
  clientId: string | null
  expiresAt: Date
  who: EventWho
  now: Date
}

/** Leaves invitations, and tells of them by mail. */
export function createInviting(deps: InvitingDeps) {
  const { invitations, audit } = deps

  /** In the caller's transaction. Another invitation by the same address gives way; answers the id of the one that stands. */
  async function leave(tx: Tx, { address, role, clientId, expiresAt, who, now }: Invited): Promise<string> {
    const kind = isEmail(address) ? 'email' : 'phone'
    const invitedBy = who.actorId ?? 'local'
    const id = await invitations.save(tx, {
      ...{ id: newId(), kind, address, role, clientId },
      invitedBy,
      createdAt: now,
      expiresAt,
    })
    await audit.record(tx, 'invitation.created', { ...who, detail: { address, ...(role && { role }) } })
    const byMail = isEmail(address) && (await invitations.mailedTo(tx, address, addSeconds(now, -DAY_SECONDS))) < MAILS_PER_DAY
    if (byMail) {
      const giveUpAt = addSeconds(now, DAY_SECONDS)
      await deps.mailInvitation(tx, address, deps.defaultLocale, giveUpAt < expiresAt ? giveUpAt : expiresAt)
    }
    return id
  }

  /** Counts what this actor leaves, under a lock of the actor's own. Throws `Refusal('too_many_requests')`. */
  async function count(tx: Tx, { address, who, now }: Pick<Invited, 'address' | 'who' | 'now'>): Promise<void> {
    const actorId = who.actorId ?? 'local'
    await invitations.lockActor(tx, actorId)
    const made = await invitations.madeBy(tx, actorId, addSeconds(now, -HOUR_SECONDS))
    if (made >= INVITATIONS_PER_HOUR) throw new Refusal('too_many_requests', { retryAfterSeconds: HOUR_SECONDS })
    const mailed = await invitations.mailedTo(tx, address, addSeconds(now, -DAY_SECONDS))
    if (mailed >= MAILS_PER_DAY) throw new Refusal('too_many_requests', { retryAfterSeconds: DAY_SECONDS })
  }

  /**
   * For whoever holds the database: whoever proves this address first has the role. A role that an earlier invitation
   * by it held gives way. What it replaces is not counted.
   */
  async function inviteWithRole(
    tx: Tx,
    { address, role, who, now }: Pick<Invited, 'address' | 'who' | 'now'> & { role: Role },
  ): Promise<{ invitationId: string; expiresAt: Date }> {
    const expiresAt = addSeconds(now, ROLE_DAYS * DAY_SECONDS)
    return { invitationId: await leave(tx, { address, role, clientId: null, expiresAt, who, now }), expiresAt }
  }

  return { leave, count, inviteWithRole }
}

export function noSuchInvitation(): AdminFault {
  return new AdminFault('not_found', 'There is no such invitation: it was taken up, taken back, or has expired.')
}
