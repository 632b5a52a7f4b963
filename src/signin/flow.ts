import type { Audit, EventWho } from '../audit/index.ts'
import { addSeconds, type Clock, type EmailAddress, hashOf, newId, Refusal, type Secrets, type Transact } from '../base/index.ts'
import type { Delivery } from '../delivery/index.ts'
import type { Challenge, Factor, Offer } from '../factors/index.ts'
import type { Guesses, LimitRequest, Limits } from '../limits/index.ts'
import type { Attempt, AttemptStore, StoredAttempt } from './attempt.ts'
import type { KnownBrowsers } from './known-browser.ts'

/** Numbers of the policy, in seconds and pieces. */
export interface SignInPolicy {
  codeTtlSeconds: number
  codeCapSeconds: number
  messagesMax: number
  triesMax: number
  failuresMax: number
  resendWaitSeconds: number
}

export interface FlowDeps {
  store: AttemptStore
  transact: Transact
  factors: ReadonlyMap<string, Factor>
  delivery: Pick<Delivery, 'queue'>
  limits: Limits
  guesses: Guesses
  knownBrowsers: KnownBrowsers
  audit: Audit
  secrets: Secrets
  clock: Clock
  policy: SignInPolicy
}

/** Who asks: the browser and the request, as the server sees them. */
export interface Asker {
  ipSubject: string
  /** Value of the known-browser cookie. */
  knownCookie: string | undefined
  device: string
  locale: string
  who: EventWho
}

/** For what the person signs in. */
export interface Purpose {
  interactionUid: string
  clientId: string
}

/** Attempts from their beginning to the last message. Answers are judged in prove.ts. */
export function createFlow(deps: FlowDeps) {
  const { store, transact, factors, secrets, clock, policy, audit } = deps

  /** Attempts of an interaction, newest first. The first one is the one that counts. */
  async function history(interactionUid: string): Promise<Attempt[]> {
    return (await store.history(hashOf(interactionUid))).map((row) => opened(row, interactionUid))
  }

  /** Reads what was typed as an identifier; null when no method can use it. */
  function readIdentifier(typed: string): Offer | null {
    for (const factor of factors.values()) {
      const offer = factor.stage === 'second' ? null : factor.offer(typed)
      if (offer) return offer
    }
    return null
  }

  /**
   * Begins an attempt and queues its one message: attempt, challenge, message, job and audit row in one
   * transaction. The same for a known and an unknown address. Throws `Refusal('too_many_requests')`.
   */
  async function start(purpose: Purpose, offer: Offer, asker: Asker): Promise<void> {
    const knownBrowser = deps.knownBrowsers.knows(asker.knownCookie, offer.target)
    await takeLimits(purpose.clientId, offer, knownBrowser, asker)
    const shortCode = !(await deps.guesses.closed(offer.targetKey, knownBrowser))
    const now = clock.now()
    const attempt = newAttempt(purpose, asker, now)
    const challenge = newChallenge(attempt.id, offer, knownBrowser, shortCode, now)
    const who = { ...asker.who, clientId: purpose.clientId, attemptId: attempt.id }
    await transact(async (tx) => {
      await store.begin(tx, attempt, challenge)
      await queueMessage(tx, attempt.locale, challenge)
      await audit.record(tx, 'sign_in.started', { ...who, detail: { method: offer.kind, address: offer.target, knownBrowser } })
    })
  }

  /** Sends the same link and code once more, if one is due; the caller shows the same page either way. */
  async function resend(attempt: Attempt, challenge: Challenge, asker: Asker): Promise<void> {
    const now = clock.now()
    if (!resendDue(challenge, now)) return
    const taken = await takeLimits(attempt.clientId, challenge, challenge.knownBrowser, asker)
    const notAfter = addSeconds(now, -policy.resendWaitSeconds)
    const added = await transact(async (tx) => {
      const due = await store.addMessage(tx, challenge.id, { messagesMax: policy.messagesMax, notAfter }, now)
      if (due) await queueMessage(tx, attempt.locale, challenge)
      return due
    })
    if (!added) await deps.limits.giveBack(taken)
  }

  /** Ends an attempt: the person wants another address. */
  async function restart(attempt: Attempt): Promise<void> {
    await transact((tx) => store.end(tx, attempt.id))
  }

  /** How many messages are left, and in how many seconds the next may go. */
  function resendState(challenge: Challenge): { left: number; waitSeconds: number } {
    const due = addSeconds(challenge.lastSentAt, policy.resendWaitSeconds).getTime()
    return {
      left: Math.max(0, policy.messagesMax - challenge.messages),
      waitSeconds: Math.max(0, Math.ceil((due - clock.now().getTime()) / 1000)),
    }
  }

  /**
   * Which code the page may take now: five wrong ones close it for this challenge; an address under attack takes
   * the long one only.
   */
  async function codeForm(challenge: Challenge): Promise<'short' | 'long' | 'closed'> {
    if (challenge.tries >= policy.triesMax) return 'closed'
    if (!challenge.shortCode) return 'long'
    return (await deps.guesses.closed(challenge.targetKey, challenge.knownBrowser)) ? 'long' : 'short'
  }

  function resendDue(challenge: Challenge, now: Date): boolean {
    const { left, waitSeconds } = resendState(challenge)
    return challenge.state === 'open' && challenge.expiresAt > now && left > 0 && waitSeconds === 0
  }

  async function takeLimits(
    clientId: string,
    offer: Pick<Offer, 'targetKey'>,
    known: boolean,
    asker: Asker,
  ): Promise<LimitRequest[]> {
    // Strangers on the same network, or with the same address, cannot use up what a known browser may do.
    const own: LimitRequest[] = known
      ? [{ limit: 'email-known', subject: offer.targetKey }]
      : [
          { limit: 'email', subject: offer.targetKey },
          { limit: 'email-day', subject: offer.targetKey },
          { limit: 'ip', subject: asker.ipSubject },
        ]
    const requests: LimitRequest[] = [...own, { limit: 'client', subject: clientId }, { limit: 'all', subject: '' }]
    const taken = await deps.limits.take(requests)
    if (taken.ok) return requests
    const { limit, retryAfterSeconds } = taken
    await audit.note('limit.reached', { ...asker.who, clientId, detail: { limit, retryAfterSeconds } })
    throw new Refusal('too_many_requests', { retryAfterSeconds })
  }

  function newAttempt(purpose: Purpose, asker: Asker, now: Date) {
    return {
      id: newId(),
      interactionHash: hashOf(purpose.interactionUid),
      interactionSealed: secrets.seal(purpose.interactionUid, SEAL_CONTEXT),
      purpose: 'sign-in' as const,
      clientId: purpose.clientId,
      state: 'open' as const,
      device: asker.device,
      locale: asker.locale,
      accountId: null,
      proofs: [],
      createdAt: now,
      expiresAt: addSeconds(now, policy.codeCapSeconds),
    }
  }

  function newChallenge(attemptId: string, offer: Offer, knownBrowser: boolean, shortCode: boolean, now: Date): Challenge {
    return {
      id: newId(),
      attemptId,
      ...offer,
      secretId: secrets.currentId,
      knownBrowser,
      shortCode,
      state: 'open',
      tries: 0,
      messages: 1,
      firstSentAt: now,
      lastSentAt: now,
      lastHandedAt: null,
      expiresAt: addSeconds(now, policy.codeCapSeconds),
      usedAt: null,
    }
  }

  async function queueMessage(tx: Parameters<Delivery['queue']>[0], locale: string, challenge: Challenge): Promise<void> {
    const giveUpAt = addSeconds(challenge.firstSentAt, policy.codeCapSeconds)
    const order = { challengeId: challenge.id, attemptId: challenge.attemptId, target: challenge.target as EmailAddress }
    await deps.delivery.queue(tx, { ...order, message: 'sign-in', locale, giveUpAt })
  }

  function opened(row: StoredAttempt, interactionUid: string): Attempt {
    const { interactionHash: _hash, interactionSealed: _sealed, ...rest } = row
    return { ...rest, interactionUid }
  }

  return { history, readIdentifier, start, resend, restart, resendState, codeForm }
}

/** Additional data of the sealed interaction uid. */
export const SEAL_CONTEXT = 'attempt/interaction'

export type Flow = ReturnType<typeof createFlow>
