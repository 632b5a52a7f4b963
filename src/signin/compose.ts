import type { Accounts } from '../accounts/index.ts'
import type { Address, Secrets } from '../base/index.ts'
import type { Clients } from '../clients/index.ts'
import type { Composed, DueDelivery } from '../delivery/index.ts'
import type { Challenge, Factor } from '../factors/index.ts'
import type { AppView, Channel, Mails, Text } from '../text/index.ts'
import { type AttemptStore, SEAL_CONTEXT, type StoredAttempt } from './attempt.ts'

export interface ComposeDeps {
  store: Pick<AttemptStore, 'ofChallenge'>
  accounts: Pick<Accounts, 'doorFor'>
  clients: Pick<Clients, 'find'>
  factors: ReadonlyMap<string, Factor>
  text: Text
  secrets: Secrets
  /** Links in mails, and the host that a texted code is bound to, come from here and from nowhere else. */
  issuer: string
  codeTtlSeconds: number
  /** So many wrong codes in a row at an address close its short codes. */
  failuresMax: number
  appViewOf(client: NonNullable<Awaited<ReturnType<Clients['find']>>>): AppView
}

/**
 * Puts an attempt's message into words, in the worker: whether somebody has this address is looked up here, off the
 * request, so that no answer to a request depends on it. Every accepted request ends in one message,
 * except one to nobody.
 */
export function createComposer(deps: ComposeDeps) {
  const { text } = deps
  const { host, hostname } = new URL(deps.issuer)
  const minutes = Math.floor(deps.codeTtlSeconds / 60)

  async function compose(delivery: Pick<DueDelivery, 'channel' | 'challengeId' | 'target'>): Promise<Composed | null> {
    if (delivery.target === '') return null
    const attempt = delivery.challengeId ? await deps.store.ofChallenge(delivery.challengeId) : null
    const challenge = attempt?.challenges[0]
    if (!attempt || !challenge || attempt.state !== 'open' || challenge.state !== 'open') return null
    if (attempt.purpose === 'address') return proofOf(delivery.channel, delivery.target, attempt, challenge)
    const client = await deps.clients.find(attempt.clientId)
    if (!client) return null
    const app = deps.appViewOf(client)
    return delivery.channel === 'sms'
      ? textOf(delivery.target, attempt, challenge, app)
      : mailOf(delivery.target, attempt, challenge, app)
  }

  async function mailOf(to: Address, attempt: StoredAttempt, challenge: Challenge, app: AppView): Promise<Composed> {
    const shared = { app, to, device: attempt.device, askedAt: attempt.createdAt, footer: host }
    const name = await whichMessage(to)
    if (name !== 'sign-in') return { channel: 'email', ...text.mail(name, shared, attempt.locale) }
    const { link: token, shortCode } = answersOf(challenge)
    const uid = deps.secrets.open(attempt.interactionSealed, SEAL_CONTEXT)
    const link = `${deps.issuer}/sign-in/${uid}/link/${token}`
    const code = closesShortCode(challenge) ? null : shortCode
    const props: Mails['sign-in'] = { ...shared, link, code, minutes }
    return { channel: 'email', ...text.mail('sign-in', props, attempt.locale), facts: { link, code } }
  }

  async function textOf(to: Address, attempt: StoredAttempt, challenge: Challenge, app: AppView): Promise<Composed> {
    const name = await whichMessage(to)
    if (name !== 'sign-in') return { channel: 'sms', text: text.sms(name, { app }, attempt.locale) }
    const { shortCode, longCode } = answersOf(challenge)
    // A text has no link: while the number's short code is closed it carries the long one.
    const code = closesShortCode(challenge) ? longCode : shortCode
    const words = text.sms('sign-in', { app, code, minutes, host: hostname }, attempt.locale)
    return { channel: 'sms', text: words, facts: { code, link: null } }
  }

  /** The code alone, whoever has the address by now: it is typed where it was asked for. */
  function proofOf(channel: Channel, to: Address, attempt: StoredAttempt, challenge: Challenge): Composed {
    const { shortCode, longCode } = answersOf(challenge)
    const code = closesShortCode(challenge) ? longCode : shortCode
    const facts = { code, link: null }
    if (channel === 'sms') {
      return { channel, text: text.sms('prove-address', { code, minutes, host: hostname }, attempt.locale), facts }
    }
    const props = { to, code, minutes, device: attempt.device, askedAt: attempt.createdAt, footer: host }
    return { channel, ...text.mail('prove-address', props, attempt.locale), facts }
  }

  async function whichMessage(address: Address): Promise<'sign-in' | 'no-account' | 'account-closed'> {
    const door = await deps.accounts.doorFor(address)
    if (door === 'open') return 'sign-in'
    return door === 'closed' ? 'account-closed' : 'no-account'
  }

  function closesShortCode({ shortCode, failures }: Challenge): boolean {
    return !shortCode || failures >= deps.failuresMax
  }

  function answersOf(challenge: Challenge) {
    const factor = deps.factors.get(challenge.kind)
    if (!factor) throw new Error(`no method of kind ${challenge.kind}`)
    return factor.answers(challenge)
  }

  return compose
}
