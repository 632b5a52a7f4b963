import { addSeconds, hashOf, isEmail, newId, type Tx } from '../base/index.ts'
import { type Challenge, isOnFile, NOBODY, type Offer } from '../factors/index.ts'
import type { LimitRequest } from '../limits/index.ts'
import type { MessageView, RefusedWhy } from '../text/index.ts'
import type { Attempt, AttemptRow, StoredAttempt } from './attempt.ts'
import type { Asker, FlowDeps, Purpose } from './deps.ts'
import { createPhases } from './phases.ts'
import type { Requirement } from './policy.ts'

/** Attempts from their beginning to the last message. Answers are judged in prove.ts. */
export function createFlow(deps: FlowDeps) {
  const { store, transact, factors, secrets, clock, policy, audit } = deps
  const { take, takeForMessage, newChallenge, queueMessage } = createPhases(deps)

  /** Attempts of an interaction, newest first. The first one is the one that counts. */
  async function history(interactionUid: string): Promise<Attempt[]> {
    return (await store.history(hashOf(interactionUid))).map((row) => opened(row, interactionUid))
  }

  /** Reads what was typed as an identifier: `unfit` when no message reaches it, null when no method can use it. */
  function readIdentifier(typed: string, countries: readonly string[]): Offer | 'unfit' | null {
    const read = [...factors.values()].filter(({ stage }) => stage !== 'second').map((factor) => factor.offer(typed, countries))
    return read.find((one) => typeof one === 'object' && one !== null) ?? (read.includes('unfit') ? 'unfit' : null)
  }

  /**
   * Begins an attempt and queues its one message: attempt, challenge, message, job and audit row in one
   * transaction; where a proof of work comes first the message waits for it. The same for a known and an unknown
   * address. `closed`: no texts go there now, and nothing was begun. Throws `Refusal('too_many_requests')`.
   */
  async function start(purpose: Purpose, offer: Offer, requirement: Requirement, asker: Asker): Promise<'begun' | 'closed'> {
    const knownBrowser = deps.knownBrowsers.knows(asker.knownCookie, offer.target)
    await takeForMessage(purpose.clientId, offer, knownBrowser, asker)
    const gate = await gateOf(offer, purpose.clientId, knownBrowser)
    if (gate === 'closed') {
      await audit.note('text.closed', { ...asker.who, clientId: purpose.clientId, detail: {} })
      return 'closed'
    }
    const now = clock.now()
    const attempt = newAttempt(purpose, requirement, asker, now)
    const state = gate === 'proof' ? 'held' : 'open'
    const challenge = await newChallenge(attempt.id, offer, { knownBrowser, state, now })
    const who = { ...asker.who, clientId: purpose.clientId, attemptId: attempt.id }
    await transact(async (tx) => {
      await store.begin(tx, attempt, challenge)
      if (state === 'open') await queueMessage(tx, attempt.locale, challenge)
      await audit.record(tx, 'sign_in.started', { ...who, detail: { method: offer.kind, address: offer.target, knownBrowser } })
    })
    return 'begun'
  }

  /** Begins with what a living session proves: only what is missing is asked for. */
  async function beginFromSession(
    purpose: Purpose,
    { accountId, requirement, proofs }: Pick<Attempt, 'requirement' | 'proofs'> & { accountId: string },
    asker: Asker,
  ): Promise<Attempt> {
    const begun = newAttempt(purpose, requirement, asker, clock.now())
    const attempt: AttemptRow = { ...begun, accountId, proofs, asks: 'second' }
    const who = { ...asker.who, clientId: purpose.clientId, attemptId: attempt.id, accountId }
    await transact(async (tx) => {
      await store.begin(tx, attempt, null)
      await audit.record(tx, 'sign_in.second_asked', { ...who, detail: { asks: 'second' } })
    })
    return opened({ ...attempt, challenges: [] }, purpose.interactionUid)
  }

  async function gateOf(
    { kind, target }: Pick<Offer, 'kind' | 'target'>,
    clientId: string,
    knownBrowser: boolean,
  ): Promise<'open' | 'proof' | 'closed'> {
    if (kind !== 'sms' || !deps.texts) return policy.proofOfWork === 'always' ? 'proof' : 'open'
    return deps.texts.gate(target === NOBODY || isEmail(target) ? null : target, clientId, knownBrowser)
  }

  /**
   * The message that was held back goes out, once: after a proof of work, or after a wait in its place, which only so
   * many of one network may take. `early`: the wait is not over. `closed`: no texts go there any more by now. Throws
   * `Refusal('too_many_requests')`.
   */
  async function release(
    attempt: Attempt,
    challenge: Challenge,
    by: 'work' | 'wait',
    asker: Asker,
  ): Promise<'sent' | 'early' | 'closed'> {
    const now = clock.now()
    if (by === 'wait') {
      if (addSeconds(challenge.chosenAt, HELD_WAIT_SECONDS) > now) return 'early'
      await take(attempt.clientId, [{ limit: 'slow-ip', subject: asker.ipSubject }], asker)
    }
    const { knownBrowser } = challenge
    const asked = { ...challenge, target: isOnFile(challenge) ? NOBODY : challenge.target }
    if ((await gateOf(asked, attempt.clientId, knownBrowser)) === 'closed') return 'closed'
    // What leads to a number on file ends when it would end if it led to nobody.
    const lifeSeconds = isOnFile(challenge) ? policy.codeTtlSeconds : policy.codeCapSeconds
    const sent = { firstSentAt: now, lastSentAt: now, chosenAt: now, expiresAt: addSeconds(now, lifeSeconds) }
    const open = { ...challenge, ...sent }
    await transact(async (tx) => {
      if (await store.release(tx, open, 'held', policy.messagesMax)) await queueMessage(tx, attempt.locale, open)
    })
    return 'sent'
  }

  /** Sends the same link and code once more, if one is due; the caller shows the same page either way. */
  async function resend(attempt: Attempt, challenge: Challenge, asker: Asker): Promise<void> {
    if (!resendDue(challenge, clock.now())) return
    await sendAgain(attempt, challenge, asker, policy.resendWaitSeconds)
  }

  /**
   * The person says that their address takes messages again: one goes out despite what is remembered. It is forgotten
   * when they prove that it arrived. Anything else that is asked for here is a resend.
   */
  async function retry(attempt: Attempt, challenge: Challenge, asker: Asker): Promise<void> {
    if (challenge.state !== 'open' || challenge.expiresAt <= clock.now()) return
    const message = await deps.delivery.newestState(challenge.id)
    if (!mayRetry(challenge, message)) return resend(attempt, challenge, asker)
    const allow = (tx: Tx, messageId: string) => deps.delivery.allow(tx, challenge.targetKey, messageId)
    await sendAgain(attempt, challenge, asker, RETRY_WAIT_SECONDS, allow)
  }

  /** Whether the newest message was refused for what is remembered of the address, and another one may go. */
  function mayRetry(challenge: Challenge, message: MessageView | null): boolean {
    const remembered = message?.state === 'refused' && REMEMBERED.includes(message.why)
    return remembered && !isOnFile(challenge) && resendState(challenge).left > 0
  }

  async function sendAgain(
    attempt: Attempt,
    challenge: Challenge,
    asker: Asker,
    waitSeconds: number,
    also?: (tx: Tx, messageId: string) => Promise<void>,
  ): Promise<void> {
    const now = clock.now()
    const taken: LimitRequest[] = await takeForMessage(attempt.clientId, challenge, challenge.knownBrowser, asker)
    const added = await transact(async (tx) => {
      const allowed = { messagesMax: policy.messagesMax, notAfter: addSeconds(now, -waitSeconds) }
      if (!(await store.addMessage(tx, challenge.id, allowed, now))) return false
      const message = await queueMessage(tx, attempt.locale, challenge)
      await also?.(tx, message.id)
      return true
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

  function newAttempt(purpose: Purpose, requirement: Requirement, asker: Asker, now: Date): AttemptRow {
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
      requirement,
      asks: null,
      sealed: null,
      createdAt: now,
      expiresAt: addSeconds(now, policy.codeCapSeconds),
    }
  }

  function opened(row: StoredAttempt, interactionUid: string): Attempt {
    const { interactionHash: _hash, interactionSealed: _sealed, ...rest } = row
    return { ...rest, interactionUid }
  }

  return { history, readIdentifier, start, beginFromSession, release, resend, mayRetry, retry, restart, resendState, codeForm }
}

/** Refusals that hold for the next message too, until the person says otherwise. */
const REMEMBERED: readonly RefusedWhy[] = ['bounced', 'opted_out', 'unreachable']

/** How long somebody waits whose browser does no work for it. */
export const HELD_WAIT_SECONDS = 60

/** Two presses of one button are one. */
const RETRY_WAIT_SECONDS = 5

/** Additional data of the sealed interaction uid. */
export const SEAL_CONTEXT = 'attempt/interaction'

export type Flow = ReturnType<typeof createFlow>
