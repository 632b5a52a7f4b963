import { addSeconds, isEmail, lastTwoDigits, sameText } from '../base/index.ts'
import { type Challenge, NOBODY, type Offer, onFileKey } from '../factors/index.ts'
import type { LimitRequest } from '../limits/index.ts'
import type { Attempt } from './attempt.ts'
import type { Asker, FlowDeps } from './deps.ts'
import { createPhases } from './phases.ts'

/**
 * Another channel within one attempt: a text in place of the email, to the number on file, or a second proof besides
 * the first. Each method has one challenge in an attempt, so that none counts twice.
 */
export function createSecondChannel(deps: FlowDeps) {
  const { store, transact, audit, clock, policy } = deps
  const { take, takeForMessage, newChallenge, queueMessage, startOnFile } = createPhases(deps)

  /** The person wants a text to the number on file. Nothing is sent and nothing is looked up yet. */
  async function askForText(attempt: Attempt): Promise<void> {
    const factor = deps.factors.get('sms')
    const email = attempt.challenges.find(({ kind }) => kind === 'email')
    // While the email itself waits for a proof of work, no other way leads around it.
    if (!factor || !email || email.state === 'held' || attempt.state !== 'open') return
    const now = clock.now()
    const there = attempt.challenges.find(({ kind }) => kind === 'sms')
    const nobody: Offer = { kind: factor.kind, target: NOBODY, targetKey: onFileKey(email.targetKey) }
    const { knownBrowser } = email
    const unnamed = there ?? (await newChallenge(attempt.id, nobody, { knownBrowser, state: 'unnamed', now }))
    const notAfter = addSeconds(now, there?.messages ? -policy.resendWaitSeconds : 0)
    await transact(async (tx) => {
      if (there) await store.unname(tx, there.id, notAfter)
      else await store.add(tx, unnamed)
      await store.choose(tx, unnamed.id, now)
    })
  }

  /** Back to another channel of the attempt, whose messages are still good. */
  async function choose(attempt: Attempt, kind: string): Promise<void> {
    const challenge = attempt.challenges.find((one) => one.kind === kind)
    if (attempt.state === 'open' && challenge) await transact((tx) => store.choose(tx, challenge.id, clock.now()))
  }

  /**
   * The last two digits of the number on file. Right, wrong and unknown cost the same statements, count the same
   * and look the same; only in the first case does the message lead somewhere. Counted before it is compared.
   * A proof of work may come before the message. `closed`: no texts go out at all now, and nothing was done.
   */
  async function nameDigits(attempt: Attempt, challenge: Challenge, digits: string, asker: Asker): Promise<'named' | 'closed'> {
    const email = attempt.challenges.find(({ kind }) => kind === 'email')
    if (!email || !isEmail(email.target) || challenge.state !== 'unnamed') return 'named'
    const { knownBrowser } = email
    const gate = await deps.texts?.gate(null, attempt.clientId, knownBrowser)
    if (gate === 'closed') return 'closed'
    const limit = knownBrowser ? 'digits-known' : 'digits'
    const network: LimitRequest = { limit: 'sms-ip', subject: asker.ipSubject }
    await take(attempt.clientId, [{ limit, subject: email.targetKey }, network], asker)

    const account = await deps.accounts.byEmail(email.target)
    const number = account?.state === 'active' ? account.phone : null
    const named = number !== null && sameText(lastTwoDigits(number), digits)
    const now = clock.now()
    // Ends and takes codes alike whether it leads somewhere or not: guesses stay counted by the address that was typed,
    // and no hand-over moves its end.
    const open: Challenge = {
      ...challenge,
      target: number && named ? number : NOBODY,
      shortCode: !(await deps.guesses.closed(challenge.targetKey, knownBrowser)),
      ...{ firstSentAt: now, lastSentAt: now, chosenAt: now },
      expiresAt: addSeconds(now, policy.codeTtlSeconds),
    }
    await transact(async (tx) => {
      const work = gate === 'proof'
      const done = work ? await store.name(tx, open) : await store.release(tx, open, 'unnamed', policy.messagesMax)
      if (!done) return
      if (!work) await queueMessage(tx, attempt, open)
      const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id }
      await audit.record(tx, 'sign_in.digits_named', { ...who, detail: { right: named } })
    })
    return 'named'
  }

  /**
   * A second proof by email, after a first one by text: sends to the address that was typed, whoever has it. Does
   * nothing when the attempt asks for none, or has one under way.
   */
  async function startSecond(attempt: Attempt, offer: Offer, asker: Asker): Promise<void> {
    if (attempt.state !== 'open' || attempt.asks !== 'email') return
    if (attempt.challenges.some(({ kind }) => kind === offer.kind)) return
    const knownBrowser = deps.knownBrowsers.knows(asker.knownCookie, offer.target)
    await takeForMessage(attempt.clientId, offer, knownBrowser, asker)
    const challenge = await newChallenge(attempt.id, offer, { knownBrowser, state: 'open', now: clock.now() })
    const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id }
    await transact(async (tx) => {
      if (!(await store.add(tx, challenge))) return
      await queueMessage(tx, attempt, challenge)
      const detail = { method: offer.kind, address: offer.target, knownBrowser }
      await audit.record(tx, 'sign_in.second_started', { ...who, detail })
    })
  }

  return { askForText, choose, nameDigits, startSecond, startOnFile }
}

export type SecondChannel = ReturnType<typeof createSecondChannel>
