import { addSeconds, isEmail, lastTwoDigits, sameText } from '../base/index.ts'
import { type Challenge, NOBODY, type Offer } from '../factors/index.ts'
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
  const { take, takeForMessage, newChallenge, queueMessage } = createPhases(deps)

  /** The person wants a text to the number on file. Nothing is sent and nothing is looked up yet. */
  async function askForText(attempt: Attempt): Promise<void> {
    const factor = deps.factors.get('sms')
    const [email] = attempt.challenges.filter(({ kind }) => kind === 'email')
    if (!factor || !email || attempt.state !== 'open') return
    const now = clock.now()
    const there = attempt.challenges.find(({ kind }) => kind === 'sms')
    // Guesses at a code that nobody was sent are counted by the address that was typed.
    const nobody: Offer = { kind: factor.kind, target: NOBODY, targetKey: `nobody:${email.targetKey}` }
    const held = there ?? (await newChallenge(attempt.id, nobody, { knownBrowser: email.knownBrowser, state: 'held', now }))
    await transact(async (tx) => {
      if (!there) await store.add(tx, held)
      else if (there.state === 'open') await store.hold(tx, there.id)
      await store.choose(tx, held.id, now)
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
   * `closed`: no texts go out at all now.
   */
  async function nameDigits(attempt: Attempt, challenge: Challenge, digits: string, asker: Asker): Promise<'sent' | 'closed'> {
    const email = attempt.challenges.find(({ kind }) => kind === 'email')
    if (!email || !isEmail(email.target) || challenge.state !== 'held') return 'sent'
    if ((await deps.texts?.gate(null, attempt.clientId)) === 'closed') return 'closed'
    const { knownBrowser } = email
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
      if (!(await store.release(tx, open, policy.messagesMax))) return
      await queueMessage(tx, attempt.locale, open)
      const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id }
      await audit.record(tx, 'sign_in.digits_named', { ...who, detail: { right: named } })
    })
    return 'sent'
  }

  /**
   * A second proof by email, after a first one by text: sends to the address that was typed, whoever has it. False
   * when the attempt asks for none, or has one under way.
   */
  async function startSecond(attempt: Attempt, offer: Offer, asker: Asker): Promise<boolean> {
    if (attempt.state !== 'open' || attempt.proofs.length === 0) return false
    if (attempt.challenges.some(({ kind }) => kind === offer.kind)) return false
    const knownBrowser = deps.knownBrowsers.knows(asker.knownCookie, offer.target)
    await takeForMessage(attempt.clientId, offer, knownBrowser, asker)
    const challenge = await newChallenge(attempt.id, offer, { knownBrowser, state: 'open', now: clock.now() })
    const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id }
    return transact(async (tx) => {
      if (!(await store.add(tx, challenge))) return false
      await queueMessage(tx, attempt.locale, challenge)
      const detail = { method: offer.kind, address: offer.target, knownBrowser }
      await audit.record(tx, 'sign_in.second_started', { ...who, detail })
      return true
    })
  }

  return { askForText, choose, nameDigits, startSecond }
}

export type SecondChannel = ReturnType<typeof createSecondChannel>
