import { isEmail, type Log, type PhoneNumber, type Proof, type Tx } from '../base/index.ts'
import { addressKey, type Challenge, type Face, type Factor, isOnFile, NOBODY } from '../factors/index.ts'
import type { Attempt } from './attempt.ts'
import type { Asker, FlowDeps } from './deps.ts'
import type { Outcome } from './outcome.ts'

export interface AnswersDeps extends Omit<FlowDeps, 'accounts'> {
  log: Log
}

/** A right answer, before it was used up. */
interface Right {
  outcome: 'right'
  face: Face
  amr: readonly string[]
  level: 1 | 2
}

type NotRight = Extract<Outcome, { outcome: 'wrong' | 'unreadable' | 'closed' | 'ended' }>
type Ended = { outcome: 'ended' }

/**
 * What every answer goes through, whatever it proves: count the try, judge, use up once. Whoever asks says for which
 * purpose; an attempt of another one is as good as ended.
 */
export function createAnswers(deps: AnswersDeps) {
  const { store, transact, audit, clock, policy, guesses } = deps

  /** A code that was typed into the window where the attempt was begun. */
  async function judgeCode(
    purpose: Attempt['purpose'],
    attempt: Attempt,
    challenge: Challenge,
    typed: string,
    asker: Asker,
  ): Promise<Right | NotRight> {
    const factor = factorOf(challenge)
    const answer = factor.readCode(typed)
    if (!answer) return { outcome: 'unreadable' }
    if (attempt.purpose !== purpose || attempt.state !== 'open' || challenge.state !== 'open') return { outcome: 'ended' }

    // Counted before it is judged, in a statement of its own: what follows may fail, the try stays.
    const isGuess = answer.strength === 'short' && challenge.shortCode
    const counted = await store.countTry(challenge.id, { triesMax: policy.triesMax, isGuess }, clock.now())
    if (counted === null) return challenge.expiresAt <= clock.now() ? { outcome: 'ended' } : { outcome: 'closed' }
    const { tries, failures } = counted
    if (answer.strength === 'short' && !(await shortCodeTakes(challenge, failures, asker))) return { outcome: 'closed' }

    const verdict = factor.judge(challenge, answer)
    if (verdict.outcome === 'proven') return { outcome: 'right', face: answer.face, amr: verdict.amr, level: verdict.level }
    const { clientId, accountId } = attempt
    const who = { ...asker.who, clientId, accountId, attemptId: attempt.id }
    await audit.note('sign_in.code_wrong', { ...who, detail: { method: challenge.kind, tries } })
    return { outcome: 'wrong', triesLeft: Math.max(0, policy.triesMax - tries) }
  }

  /** The emailed link, confirmed by its button in the browser where the attempt was begun. */
  function judgeLink(purpose: Attempt['purpose'], attempt: Attempt, challenge: Challenge, token: string): Right | Ended {
    const factor = factorOf(challenge)
    const answer = factor.readLink(token)
    const verdict = answer && factor.judge(challenge, answer)
    if (!answer || attempt.purpose !== purpose || verdict?.outcome !== 'proven') return { outcome: 'ended' }
    return { outcome: 'right', face: answer.face, amr: verdict.amr, level: verdict.level }
  }

  /** Single winner: uses the answer up, and in the same transaction does what it is good for. */
  async function useUp<T extends { outcome: string }>(
    purpose: Attempt['purpose'],
    challenge: Challenge,
    { amr, level }: Right,
    then: (tx: Tx, proof: Proof) => Promise<T>,
  ): Promise<T | Ended> {
    const now = clock.now()
    const { target } = challenge
    const proof: Proof = { kind: challenge.kind, amr, level, at: now.toISOString() }
    const outcome = await transact(async (tx): Promise<T | Ended> => {
      if (!(await store.consume(tx, challenge.id, { purpose, endsGuesses: true }, now))) return { outcome: 'ended' }
      if (isOnFile(challenge)) await guesses.reset(tx, numberKeyOf(challenge))
      // It arrived: what was remembered of the address is no longer so.
      if (challenge.messages > 1) await deps.delivery.lift(tx, addressKey(deps.secrets, target))
      return then(tx, proof)
    })
    if (outcome.outcome !== 'ended' && !isEmail(target)) await countProven(target)
    return outcome
  }

  async function shortCodeTakes(challenge: Challenge, failures: number, asker: Asker): Promise<boolean> {
    if (!challenge.shortCode) return false
    // A code of a number on file is guessed at the number too. To nobody costs the same.
    if (isOnFile(challenge)) await guesses.record(numberKeyOf(challenge), challenge.knownBrowser)
    if (failures === policy.failuresMax) {
      const who = { ...asker.who, attemptId: challenge.attemptId }
      await audit.note('sign_in.code_closed', { ...who, detail: { method: challenge.kind, scope: 'address' } })
    }
    return failures <= policy.failuresMax
  }

  // The proof is made: what cannot be counted now makes the share of proven texts look smaller, and keeps nobody out.
  async function countProven(number: PhoneNumber): Promise<void> {
    try {
      await deps.texts?.proven(number)
    } catch (err) {
      deps.log.warn({ err }, 'a text that was proven could not be counted')
    }
  }

  function numberKeyOf({ target, targetKey }: Challenge): string {
    return target === NOBODY ? `${targetKey}:number` : addressKey(deps.secrets, target)
  }

  function factorOf(challenge: Challenge): Factor {
    const factor = deps.factors.get(challenge.kind)
    if (!factor) throw new Error(`no method of kind ${challenge.kind}`)
    return factor
  }

  return { judgeCode, judgeLink, useUp, factorOf }
}
