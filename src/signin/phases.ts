import type { Account } from '../accounts/index.ts'
import { addSeconds, hashOf, isEmail, newId, Refusal } from '../base/index.ts'
import { type Challenge, type Factor, isOnFile, NOBODY, type Offer } from '../factors/index.ts'
import type { LimitRequest } from '../limits/index.ts'
import { type Attempt, type AttemptRow, SEAL_CONTEXT } from './attempt.ts'
import type { Asker, FlowDeps, Purpose } from './deps.ts'
import type { Requirement } from './policy.ts'

interface NewChallenge {
  knownBrowser: boolean
  state: 'unnamed' | 'held' | 'open'
  now: Date
}

/** What every way into an attempt goes through: limits before the work, one challenge, one message. */
export function createPhases(deps: Omit<FlowDeps, 'accounts'>) {
  const { secrets, policy, audit } = deps

  /** Counts one message to this address on all its limits, or refuses. Answers what was counted. */
  function takeForMessage(
    clientId: string,
    offer: Pick<Offer, 'kind' | 'targetKey'>,
    known: boolean,
    asker: Asker,
  ): Promise<LimitRequest[]> {
    // Strangers on the same network, or with the same address, cannot use up what a known browser may do.
    const subject = offer.targetKey
    const text = offer.kind === 'sms'
    const own: LimitRequest[] = known
      ? [{ limit: text ? 'sms-known' : 'email-known', subject }]
      : [
          { limit: text ? 'sms' : 'email', subject },
          { limit: text ? 'sms-day' : 'email-day', subject },
          { limit: 'ip', subject: asker.ipSubject },
          ...(text ? [{ limit: 'sms-ip' as const, subject: asker.ipSubject }] : []),
        ]
    return take(clientId, own, asker)
  }

  /** Counts these, the client and all; throws `Refusal('too_many_requests')` when one of them is used up. */
  async function take(clientId: string, own: readonly LimitRequest[], asker: Asker): Promise<LimitRequest[]> {
    const requests: LimitRequest[] = [...own, { limit: 'client', subject: clientId }, { limit: 'all', subject: '' }]
    const taken = await deps.limits.take(requests)
    if (taken.ok) return requests
    const { limit, retryAfterSeconds } = taken
    await audit.note('limit.reached', { ...asker.who, clientId, detail: { limit, retryAfterSeconds } })
    throw new Refusal('too_many_requests', { retryAfterSeconds })
  }

  /** Whether a message may go there now; `proof`: after a proof of work. */
  async function gateOf(
    { kind, target }: Pick<Offer, 'kind' | 'target'>,
    clientId: string,
    knownBrowser: boolean,
  ): Promise<'open' | 'proof' | 'closed'> {
    if (kind !== 'sms' || !deps.texts) return policy.proofOfWork === 'always' ? 'proof' : 'open'
    return deps.texts.gate(target === NOBODY || isEmail(target) ? null : target, clientId, knownBrowser)
  }

  /** An attempt that begins now and has proven nothing. */
  function newAttempt(
    purpose: Attempt['purpose'],
    { interactionUid, clientId }: Purpose,
    requirement: Requirement,
    asker: Pick<Asker, 'device' | 'locale'>,
    now: Date,
  ): AttemptRow {
    return {
      id: newId(),
      interactionHash: hashOf(interactionUid),
      interactionSealed: secrets.seal(interactionUid, SEAL_CONTEXT),
      purpose,
      clientId,
      state: 'open',
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

  /** A challenge with its first message, or held before it, in an attempt that is there already. */
  async function newChallenge(attemptId: string, offer: Offer, of: NewChallenge): Promise<Challenge> {
    return { ...firstChallenge(attemptId, offer, of), shortCode: !(await deps.guesses.closed(offer.targetKey, of.knownBrowser)) }
  }

  /** The same for an attempt that begins with it: the store looks at the wrong codes when it adds both. */
  function firstChallenge(attemptId: string, offer: Offer, { knownBrowser, state, now }: NewChallenge): Challenge {
    return {
      id: newId(),
      attemptId,
      ...offer,
      secretId: secrets.currentId,
      knownBrowser,
      shortCode: true,
      state,
      tries: 0,
      messages: state === 'open' ? 1 : 0,
      chosenAt: now,
      firstSentAt: now,
      lastSentAt: now,
      lastHandedAt: null,
      expiresAt: addSeconds(now, policy.codeCapSeconds),
      ...{ usedAt: null, failures: 0, newest: null },
    }
  }

  /** Queues a message of the challenge; one to nobody is queued like any other, and ends in the worker. */
  async function queueMessage(
    tx: Parameters<FlowDeps['delivery']['queue']>[0],
    { purpose, locale }: Pick<Attempt, 'purpose' | 'locale'>,
    challenge: Challenge,
  ): Promise<{ id: string }> {
    return deps.delivery.queue(tx, {
      channel: factorOf(challenge).channel,
      challengeId: challenge.id,
      attemptId: challenge.attemptId,
      message: purpose === 'address' ? 'prove-address' : 'sign-in',
      target: challenge.target === NOBODY ? '' : challenge.target,
      locale,
      giveUpAt: addSeconds(challenge.firstSentAt, policy.codeCapSeconds),
    })
  }

  /** A message to the account's own other address, which the person need not type: they have proven the first. */
  async function startOnFile(
    attempt: Attempt,
    account: Pick<Account, 'email' | 'phone'>,
    kind: 'email' | 'sms',
    asker: Asker,
  ): Promise<void> {
    const target = kind === 'email' ? account.email : account.phone
    const factor = deps.factors.get(kind)
    const there = attempt.challenges.find((one) => one.kind === kind)
    // One to a number that was asked for by its last digits may lead to nobody: what is on file takes its place.
    const kept = there && !isOnFile(there)
    if (kept) return deps.transact((tx) => deps.store.reopen(tx, there.id, deps.clock.now()))
    if (!target || !factor) return
    const offer = factor.offerFor(target)
    const knownBrowser = deps.knownBrowsers.knows(asker.knownCookie, target)
    await takeForMessage(attempt.clientId, offer, knownBrowser, asker)
    const challenge = await newChallenge(attempt.id, offer, { knownBrowser, state: 'open', now: deps.clock.now() })
    const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id }
    await deps.transact(async (tx) => {
      const added = there ? await deps.store.replace(tx, there.id, challenge) : await deps.store.add(tx, challenge)
      if (!added) return
      await queueMessage(tx, attempt, challenge)
      const detail = { method: kind, address: target, knownBrowser }
      await audit.record(tx, 'sign_in.second_started', { ...who, detail })
    })
  }

  function factorOf(challenge: Pick<Challenge, 'kind'>): Factor {
    const factor = deps.factors.get(challenge.kind)
    if (!factor) throw new Error(`no method of kind ${challenge.kind}`)
    return factor
  }

  return { takeForMessage, take, gateOf, newAttempt, newChallenge, firstChallenge, queueMessage, startOnFile, factorOf }
}
