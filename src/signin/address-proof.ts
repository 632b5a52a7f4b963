import { type Address, type AddressKind, addSeconds, hashOf, type Log } from '../base/index.ts'
import type { Challenge, Offer } from '../factors/index.ts'
import { createAnswers } from './answers.ts'
import { type Attempt, type AttemptRow, opened } from './attempt.ts'
import type { Asker, FlowDeps } from './deps.ts'
import type { Outcome } from './outcome.ts'
import { createPhases } from './phases.ts'
import { createResend } from './resend.ts'

export interface AddressProofDeps extends Omit<FlowDeps, 'accounts'> {
  /** The account page, as a client: its messages are counted as its own. */
  clientId: string
  log: Log
}

/** Who wants the address: somebody who is signed in on the account page. */
export interface ProofFor {
  accountSessionId: string
  accountId: string
  accountCreatedAt: Date
}

/** What came of a code. `ended`: none is asked for here any more. */
export type AddressOutcome =
  | { outcome: 'proven'; kind: AddressKind; address: Address }
  | Extract<Outcome, { outcome: 'wrong' | 'unreadable' | 'closed' | 'ended' }>

/** After so long an account is more than a way to have texts sent. */
const SETTLED_SECONDS = 86_400

const NOTHING_BESIDE = { secondFactor: 'off', acr: null } as const

/**
 * Proves that somebody who is signed in can read what is sent to a new address, by a code only: there is no link that a
 * mail scanner or somebody else could follow. It finds no account and makes none. One is open in each account session.
 */
export function createAddressProof(deps: AddressProofDeps) {
  const { store, transact, factors, clock, audit } = deps
  const { take, takeForMessage, gateOf, newAttempt, firstChallenge, queueMessage } = createPhases(deps)
  const { judgeCode, useUp, factorOf } = createAnswers(deps)
  const { retry, resendState, codeForm } = createResend(deps)

  /**
   * Sends a code to what was typed; what was begun in this session before ends. `invalid`: it is no address of this
   * kind; `unfit`: no message reaches it; `closed`: no texts go there now. Whoever is signed in does no proof of work; where
   * one is asked of strangers, an account gets texts a day after it was made.
   * Throws `Refusal('too_many_requests')`.
   */
  async function begin(
    of: ProofFor,
    kind: AddressKind,
    typed: string,
    asker: Asker,
  ): Promise<'sent' | 'invalid' | 'unfit' | 'closed'> {
    const factor = [...factors.values()].find(({ addressKind }) => addressKind === kind)
    if (!factor) return 'closed'
    const offer = factor.offer(typed, asker.countries)
    if (offer === 'unfit') return 'unfit'
    return offer ? send(of, kind, offer, asker) : 'invalid'
  }

  async function send(
    { accountSessionId, accountId, accountCreatedAt }: ProofFor,
    kind: AddressKind,
    offer: Offer,
    asker: Asker,
  ) {
    const { clientId } = deps
    const knownBrowser = deps.knownBrowsers.knows(asker.knownCookie, offer.target)
    await take(clientId, [{ limit: 'account-address', subject: accountId }], { ...asker, who: { ...asker.who, accountId } })
    await takeForMessage(clientId, offer, knownBrowser, asker)
    const gate = await gateOf(offer, clientId, knownBrowser)
    // Where strangers work for a text, an account that was made a moment ago is no way around it.
    const young = accountCreatedAt > addSeconds(clock.now(), -SETTLED_SECONDS)
    if (gate === 'closed' || (gate === 'proof' && kind === 'phone' && young)) {
      await audit.note('text.closed', { ...asker.who, clientId, accountId, detail: {} })
      return 'closed'
    }
    const now = clock.now()
    const begun = newAttempt('address', { interactionUid: uidOf(accountSessionId), clientId }, NOTHING_BESIDE, asker, now)
    const attempt: AttemptRow = { ...begun, accountId }
    const challenge = firstChallenge(attempt.id, offer, { knownBrowser, state: 'open', now })
    await transact(async (tx) => {
      await store.begin(tx, attempt, { challenge, failuresMax: deps.policy.failuresMax })
      await queueMessage(tx, attempt, challenge)
      const who = { ...asker.who, clientId, accountId, attemptId: attempt.id }
      await audit.record(tx, 'address.proof_started', { ...who, detail: { kind, address: offer.target } })
    })
    return 'sent'
  }

  /** What waits for its code in this session; null when nothing does, or its time is over. */
  async function pending(accountSessionId: string): Promise<{ attempt: Attempt; challenge: Challenge } | null> {
    const uid = uidOf(accountSessionId)
    const [newest] = await store.history(hashOf(uid))
    const challenge = newest?.challenges[0]
    if (!newest || !challenge || newest.purpose !== 'address' || newest.state !== 'open') return null
    if (challenge.state !== 'open' || challenge.expiresAt <= clock.now()) return null
    return { attempt: opened(newest, uid), challenge }
  }

  /** Counts the try, judges, and uses the code up. What the address is then for is the caller's. */
  async function answer(accountSessionId: string, typed: string, asker: Asker): Promise<AddressOutcome> {
    const waiting = await pending(accountSessionId)
    if (!waiting) return { outcome: 'ended' }
    const { attempt, challenge } = waiting
    const judged = await judgeCode('address', attempt, challenge, typed, asker)
    if (judged.outcome !== 'right') return judged
    const { addressKind: kind } = factorOf(challenge)
    return useUp('address', challenge, judged, async (tx, proof): Promise<AddressOutcome> => {
      const { accountId, clientId } = attempt
      const proven = { accountId, proofs: [proof], asks: null, sealed: null }
      if (!(await store.prove(tx, attempt.id, { ...proven, state: 'proven' }))) return { outcome: 'ended' }
      const who = { ...asker.who, clientId, accountId, attemptId: attempt.id }
      await audit.record(tx, 'address.proof_given', { ...who, detail: { kind, address: challenge.target } })
      return { outcome: 'proven', kind, address: challenge.target }
    })
  }

  /** Sends the same code once more, if that is due; also to an address that refused messages before (see `Flow.retry`). */
  async function resend(accountSessionId: string, asker: Asker): Promise<void> {
    const waiting = await pending(accountSessionId)
    if (waiting) await retry(waiting.attempt, waiting.challenge, asker)
  }

  /** The person does not want the address after all. */
  async function cancel(accountSessionId: string): Promise<void> {
    const waiting = await pending(accountSessionId)
    if (waiting) await transact((tx) => store.end(tx, waiting.attempt.id))
  }

  return { begin, pending, answer, resend, cancel, resendState, codeForm }
}

/** It stands for the interaction: no sign-in has one of this form. */
function uidOf(accountSessionId: string): string {
  return `account:${accountSessionId}`
}

export type AddressProof = ReturnType<typeof createAddressProof>
