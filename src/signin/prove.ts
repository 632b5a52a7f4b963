import type { Accounts, Proven } from '../accounts/index.ts'
import { isEmail, type Log, type PhoneNumber, type Proof, type Tx } from '../base/index.ts'
import { type Answer, addressKey, type Challenge, type Face, type Factor, isOnFile, NOBODY } from '../factors/index.ts'
import type { Assess } from './assess.ts'
import type { Attempt } from './attempt.ts'
import type { Asker, FlowDeps } from './deps.ts'
import { isYoung } from './next-step.ts'
import type { Outcome } from './outcome.ts'

export interface ProveDeps extends FlowDeps {
  accounts: Pick<Accounts, 'byEmail' | 'prove' | 'renew'>
  assess: Assess
  log: Log
}

/** Where answers are judged: count, judge, use up, and only then say so. */
export function createProver(deps: ProveDeps) {
  const { store, transact, audit, clock, policy, guesses } = deps

  /** A code that was typed into the window where the attempt was begun. */
  async function answerCode(attempt: Attempt, challenge: Challenge, typed: string, asker: Asker): Promise<Outcome> {
    const factor = factorOf(challenge)
    const answer = factor.readCode(typed)
    if (!answer) return { outcome: 'unreadable' }
    if (attempt.state !== 'open' || challenge.state !== 'open') return { outcome: 'ended' }

    // Counted before it is judged, in statements of their own: what follows may fail, the try stays.
    const tries = await store.countTry(challenge.id, policy.triesMax, clock.now())
    if (tries === null) return challenge.expiresAt <= clock.now() ? { outcome: 'ended' } : { outcome: 'closed' }
    if (answer.strength === 'short' && !(await shortCodeTakes(challenge, asker))) return { outcome: 'closed' }

    const verdict = factor.judge(challenge, answer)
    if (verdict.outcome === 'wrong') {
      const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id }
      await audit.note('sign_in.code_wrong', { ...who, detail: { method: challenge.kind, tries } })
      return { outcome: 'wrong', triesLeft: Math.max(0, policy.triesMax - tries) }
    }
    return finish(attempt, challenge, answer.face, verdict, asker)
  }

  /** The emailed link, confirmed by its button in the browser where the attempt was begun. */
  async function answerLink(attempt: Attempt, challenge: Challenge, token: string, asker: Asker): Promise<Outcome> {
    const factor = factorOf(challenge)
    const answer = factor.readLink(token)
    const verdict = answer && factor.judge(challenge, answer)
    if (!answer || verdict?.outcome !== 'proven') return { outcome: 'ended' }
    return finish(attempt, challenge, answer.face, verdict, asker)
  }

  /** The challenge that a link belongs to, among the attempts of its interaction. */
  function findByLink(attempts: readonly Attempt[], token: string): { attempt: Attempt; challenge: Challenge } | null {
    for (const attempt of attempts) {
      for (const challenge of attempt.challenges) {
        const factor = deps.factors.get(challenge.kind)
        const answer: Answer | null | undefined = factor?.readLink(token)
        if (factor && answer && factor.judge(challenge, answer).outcome === 'proven') return { attempt, challenge }
      }
    }
    return null
  }

  /** The code to type back, for the page in another browser. */
  function codeToShow(challenge: Challenge, form: 'short' | 'long'): string {
    const { shortCode, longCode } = factorOf(challenge).answers(challenge)
    return form === 'short' ? shortCode : longCode
  }

  async function shortCodeTakes(challenge: Challenge, asker: Asker): Promise<boolean> {
    if (!challenge.shortCode) return false
    const failures = await guesses.record(challenge.targetKey, challenge.knownBrowser)
    // A code of a number on file is guessed at the number too. To nobody costs the same.
    if (isOnFile(challenge)) await guesses.record(numberKeyOf(challenge), challenge.knownBrowser)
    if (failures === policy.failuresMax) {
      const who = { ...asker.who, attemptId: challenge.attemptId }
      await audit.note('sign_in.code_closed', { ...who, detail: { method: challenge.kind, scope: 'address' } })
    }
    return failures <= policy.failuresMax
  }

  async function finish(
    attempt: Attempt,
    challenge: Challenge,
    face: Face,
    verdict: { amr: readonly string[]; level: 1 | 2 },
    asker: Asker,
  ): Promise<Outcome> {
    const now = clock.now()
    const proof: Proof = { kind: challenge.kind, amr: verdict.amr, level: verdict.level, at: now.toISOString() }
    const outcome = await transact(async (tx): Promise<Outcome> => {
      if (!(await store.consume(tx, challenge.id, now))) return { outcome: 'ended' }
      await guesses.reset(tx, challenge.targetKey)
      if (isOnFile(challenge)) await guesses.reset(tx, numberKeyOf(challenge))
      // It arrived: what was remembered of the address is no longer so.
      if (challenge.messages > 1) await deps.delivery.lift(tx, addressKey(deps.secrets, challenge.target))
      return record(tx, attempt, challenge, proof, face, asker)
    })
    const { target } = challenge
    if (outcome.outcome !== 'ended' && !isEmail(target)) await countProven(target)
    return outcome
  }

  // The proof is made: what cannot be counted now makes the share of proven texts look smaller, and keeps nobody out.
  async function countProven(number: PhoneNumber): Promise<void> {
    try {
      await deps.texts?.proven(number)
    } catch (err) {
      deps.log.warn({ err }, 'a text that was proven could not be counted')
    }
  }

  /** Whose proof it is, and whether it is enough. */
  async function record(
    tx: Tx,
    attempt: Attempt,
    challenge: Challenge,
    proof: Proof,
    face: Face,
    asker: Asker,
  ): Promise<Outcome> {
    const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id }
    const where = { ...who, locale: attempt.locale }
    const { addressKind: kind } = factorOf(challenge)
    const proven: Proven = await deps.accounts.prove(tx, { kind, address: challenge.target, ...where })
    if (proven.outcome === 'refused') {
      await store.end(tx, attempt.id)
      await audit.record(tx, 'sign_in.refused', { ...who, detail: { reason: proven.reason } })
      return { outcome: 'refused', reason: proven.reason }
    }
    const accountId = proven.account.id
    // Proofs count together only when they are of one account; another method each, by the challenges.
    const now = clock.now()
    const others = attempt.proofs.filter((other) => other.kind !== proof.kind && isYoung(other, now))
    const earlier = attempt.accountId === accountId ? others : []
    if (proven.outcome === 'stale' && earlier.length === 0) {
      await store.prove(tx, attempt.id, { accountId, proofs: [proof], state: 'open', asks: 'email', sealed: null })
      await audit.record(tx, 'sign_in.second_needed', { ...who, accountId, detail: { method: challenge.kind, face } })
      return { outcome: 'second' }
    }
    if (earlier.length > 0) await deps.accounts.renew(tx, accountId)
    await audit.record(tx, 'sign_in.proven', { ...who, accountId, detail: { method: challenge.kind, face } })
    return deps.assess.record(tx, attempt, proven.account, [...earlier, proof], asker)
  }

  function numberKeyOf({ target, targetKey }: Challenge): string {
    return target === NOBODY ? `${targetKey}:number` : addressKey(deps.secrets, target)
  }

  function factorOf(challenge: Challenge): Factor {
    const factor = deps.factors.get(challenge.kind)
    if (!factor) throw new Error(`no method of kind ${challenge.kind}`)
    return factor
  }

  return { answerCode, answerLink, findByLink, codeToShow }
}

export type Prover = ReturnType<typeof createProver>
