import { addSeconds, hashOf, type Tx } from '../base/index.ts'
import { type Challenge, isOnFile, NOBODY, type Offer } from '../factors/index.ts'
import { type Attempt, type AttemptRow, opened } from './attempt.ts'
import type { Asker, FlowDeps, Purpose } from './deps.ts'
import { createPhases } from './phases.ts'
import type { Requirement } from './policy.ts'
import { createResend } from './resend.ts'

/** Attempts to sign in, from their beginning to the last message. Answers are judged in prove.ts. */
export function createFlow(deps: FlowDeps) {
  const { store, transact, factors, clock, policy, audit } = deps
  const { take, takeForMessage, gateOf, newAttempt, firstChallenge, queueMessage } = createPhases(deps)

  /** Attempts to sign in of an interaction, newest first. The first one is the one that counts. */
  async function history(interactionUid: string): Promise<Attempt[]> {
    const rows = await store.history(hashOf(interactionUid))
    return rows.filter(({ purpose }) => purpose === 'sign-in').map((row) => opened(row, interactionUid))
  }

  /** Reads what was typed as an identifier: `unfit` when no message reaches it, null when none of the methods can use it. */
  function readIdentifier(typed: string, countries: readonly string[], methods?: readonly string[]): Offer | 'unfit' | null {
    const may = [...factors.values()].filter(({ stage, kind }) => stage !== 'second' && (methods?.includes(kind) ?? true))
    const read = may.map((factor) => factor.offer(typed, countries))
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
    const attempt = newAttempt('sign-in', purpose, requirement, asker, now)
    const state = gate === 'proof' ? 'held' : 'open'
    const challenge = firstChallenge(attempt.id, offer, { knownBrowser, state, now })
    const who = { ...asker.who, clientId: purpose.clientId, attemptId: attempt.id }
    await transact(async (tx) => {
      const begins = store.begin(tx, attempt, { challenge, failuresMax: policy.failuresMax })
      await Promise.all([begins, state === 'open' ? queueMessage(tx, attempt, challenge) : null])
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
    const begun = newAttempt('sign-in', purpose, requirement, asker, clock.now())
    const attempt: AttemptRow = { ...begun, accountId, proofs, asks: 'second' }
    const who = { ...asker.who, clientId: purpose.clientId, attemptId: attempt.id, accountId }
    await transact(async (tx) => {
      await store.begin(tx, attempt, null)
      await audit.record(tx, 'sign_in.second_asked', { ...who, detail: { asks: 'second' } })
    })
    return opened({ ...attempt, challenges: [] }, purpose.interactionUid)
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
      if (await store.release(tx, open, 'held', policy.messagesMax)) await queueMessage(tx, attempt, open)
    })
    return 'sent'
  }

  /** Ends an attempt: the person wants another address. */
  async function restart(attempt: Attempt): Promise<void> {
    await transact((tx) => store.end(tx, attempt.id))
  }

  /** Whether what was proven still counts. True: whoever ends it waits for `tx`, and sees what `tx` has written. */
  const stands = (tx: Tx, attempt: Attempt): Promise<boolean> => store.standsIn(tx, attempt.id)

  return { history, readIdentifier, start, beginFromSession, release, restart, stands, ...createResend(deps) }
}

/** How long somebody waits whose browser does no work for it. */
export const HELD_WAIT_SECONDS = 60

export type Flow = ReturnType<typeof createFlow>
