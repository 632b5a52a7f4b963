import type { Accounts } from '../accounts/index.ts'
import type { Secrets } from '../base/index.ts'
import type { Clients } from '../clients/index.ts'
import type { ComposedMail, DueDelivery } from '../delivery/index.ts'
import type { Factor } from '../factors/index.ts'
import type { Guesses } from '../limits/index.ts'
import type { AppView, MailName, Mails, Text } from '../text/index.ts'
import type { AttemptStore, StoredAttempt } from './attempt.ts'
import { SEAL_CONTEXT } from './flow.ts'

export interface ComposeDeps {
  store: Pick<AttemptStore, 'ofChallenge'>
  accounts: Pick<Accounts, 'byEmail' | 'mayJoin'>
  clients: Pick<Clients, 'find'>
  factors: ReadonlyMap<string, Factor>
  guesses: Pick<Guesses, 'closed'>
  text: Text
  secrets: Secrets
  /** Links in mails come from here and from nowhere else. */
  issuer: string
  codeTtlSeconds: number
  appViewOf(client: NonNullable<Awaited<ReturnType<Clients['find']>>>): AppView
}

/**
 * Puts a sign-in's message into words, in the worker: whether somebody has this address is looked up here, off the
 * request, so that no answer to a request depends on it. Every accepted request ends in one mail.
 */
export function createComposer(deps: ComposeDeps) {
  const { text } = deps

  async function compose(delivery: DueDelivery): Promise<ComposedMail | null> {
    const attempt = delivery.challengeId ? await deps.store.ofChallenge(delivery.challengeId) : null
    const challenge = attempt?.challenges[0]
    if (!attempt || !challenge || attempt.state !== 'open' || challenge.state !== 'open') return null
    const client = await deps.clients.find(attempt.clientId)
    if (!client) return null
    const shared = {
      app: deps.appViewOf(client),
      to: challenge.target,
      device: attempt.device,
      askedAt: attempt.createdAt,
      footer: new URL(deps.issuer).host,
    }
    const name = await whichMail(challenge.target)
    if (name !== 'sign-in') return text.mail(name, shared, attempt.locale)

    const { link, code } = await answersOf(attempt, challenge)
    const props: Mails['sign-in'] = { ...shared, link, code, minutes: Math.floor(deps.codeTtlSeconds / 60) }
    return { ...text.mail('sign-in', props, attempt.locale), facts: { link, code } }
  }

  async function whichMail(address: DueDelivery['target']): Promise<MailName> {
    const account = await deps.accounts.byEmail(address)
    if (account) return account.state === 'active' ? 'sign-in' : 'account-closed'
    return deps.accounts.mayJoin(address) ? 'sign-in' : 'no-account'
  }

  async function answersOf(attempt: StoredAttempt, challenge: StoredAttempt['challenges'][number]) {
    const factor = deps.factors.get(challenge.kind)
    if (!factor) throw new Error(`no method of kind ${challenge.kind}`)
    const answers = factor.answers(challenge)
    const uid = deps.secrets.open(attempt.interactionSealed, SEAL_CONTEXT)
    const closed = !challenge.shortCode || (await deps.guesses.closed(challenge.targetKey, challenge.knownBrowser))
    return { link: `${deps.issuer}/sign-in/${uid}/link/${answers.link}`, code: closed ? null : answers.shortCode }
  }

  return compose
}
