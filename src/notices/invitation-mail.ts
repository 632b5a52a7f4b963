import { type Address, type Clock, isEmail, type Tx } from '../base/index.ts'
import type { Composed, DueDelivery, MessageOrder } from '../delivery/index.ts'
import type { AppView, Text } from '../text/index.ts'

/** An invitation in force, as its mail speaks of it. */
export interface MailedInvitation {
  /** What waits for whoever takes it up; null for no role. */
  role: string | null
  clientId: string | null
  createdAt: Date
  expiresAt: Date
}

export interface InvitationMailDeps {
  store: {
    /** The invitation by this address; null when it is in force no more. */
    forMail(address: Address, now: Date): Promise<MailedInvitation | null>
  }
  /** Queues a message in the caller's transaction. */
  queue(tx: Tx, order: MessageOrder): Promise<unknown>
  /** How people know an application; null when it is none any more. */
  appOf(clientId: string): Promise<AppView | null>
  text: Pick<Text, 'mail'>
  clock: Clock
  issuer: string
}

/**
 * The mail that tells somebody of an invitation. It opens nothing: its link leads where everybody may go, and nobody comes
 * in without proving the address. No text in it was typed by a person.
 */
export function createInvitationMail(deps: InvitationMailDeps) {
  const { issuer } = deps
  const { host } = new URL(issuer)

  async function send(tx: Tx, target: Address, locale: string, giveUpAt: Date): Promise<void> {
    await deps.queue(tx, { channel: 'email', challengeId: null, message: 'invitation', target, locale, giveUpAt })
  }

  /** The words, in the worker; null when the invitation was taken up or back meanwhile. */
  async function compose({ target, locale }: DueDelivery): Promise<Composed | null> {
    if (target === '' || !isEmail(target)) return null
    const invitation = await deps.store.forMail(target, deps.clock.now())
    if (!invitation) return null
    const { role, clientId, createdAt: askedAt, expiresAt: until } = invitation
    const app = clientId === null ? null : await deps.appOf(clientId)
    if (clientId !== null && !app) return null
    const own = role === null ? `${issuer}/account` : `${issuer}/admin`
    const link = app?.url ?? own
    const props = { ...(app && { app }), to: target, link, askedAt, until, footer: host }
    return { channel: 'email', ...deps.text.mail('invitation', props, locale), facts: { link, code: null } }
  }

  return { send, compose }
}

export type InvitationMail = ReturnType<typeof createInvitationMail>
