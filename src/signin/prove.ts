import type { Accounts, Proven } from '../accounts/index.ts'
import type { Log, PhoneNumber, Proof, Tx } from '../base/index.ts'
import type { Answer, Challenge, Face } from '../factors/index.ts'
import { createAnswers } from './answers.ts'
import type { Assess } from './assess.ts'
import type { Attempt } from './attempt.ts'
import type { Asker, FlowDeps } from './deps.ts'
import { isDoubtful, isYoung } from './next-step.ts'
import type { Outcome } from './outcome.ts'

export interface ProveDeps extends FlowDeps {
  accounts: Pick<Accounts, 'byEmail' | 'prove' | 'renew'>
  assess: Assess
  log: Log
}

/** Where answers to a sign-in are judged: count, judge, use up, and only then say so. */
export function createProver(deps: ProveDeps) {
  const { store, audit, clock } = deps
  const { judgeCode, judgeLink, useUp, factorOf } = createAnswers(deps)

  /** A code that was typed into the window where the attempt was begun. */
  async function answerCode(attempt: Attempt, challenge: Challenge, typed: string, asker: Asker): Promise<Outcome> {
    const judged = await judgeCode('sign-in', attempt, challenge, typed, asker)
    if (judged.outcome !== 'right') return judged
    return useUp('sign-in', challenge, judged, (tx, proof) => record(tx, attempt, challenge, proof, judged.face, asker))
  }

  /** The emailed link, confirmed by its button in the browser where the attempt was begun. */
  async function answerLink(attempt: Attempt, challenge: Challenge, token: string, asker: Asker): Promise<Outcome> {
    const judged = judgeLink('sign-in', attempt, challenge, token)
    if (judged.outcome !== 'right') return judged
    return useUp('sign-in', challenge, judged, (tx, proof) => record(tx, attempt, challenge, proof, judged.face, asker))
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
    const given: Proof = proven.outcome === 'stale' ? { ...proof, doubtful: true } : proof
    const proofs = [...earlier, given]
    if (isDoubtful(proofs)) {
      await audit.record(tx, 'sign_in.second_needed', { ...who, accountId, detail: { method: challenge.kind, face } })
      // Typed and never shown: the next owner of the number is told nothing of the account.
      const typesEmail = kind === 'phone' && earlier.length === 0 && proven.account.email !== null
      if (!typesEmail) return deps.assess.record(tx, attempt, proven.account, proofs, asker)
      const second = { accountId, proofs, asks: 'email', sealed: null, state: 'open' } as const
      return { outcome: (await store.prove(tx, attempt.id, second)) ? 'second' : 'ended' }
    }
    if (earlier.length > 0) {
      const text = [...attempt.challenges, challenge].find(({ kind: one, state }) => one === 'sms' && state === 'used')
      await deps.accounts.renew(tx, accountId, text?.target as PhoneNumber | undefined)
    }
    await audit.record(tx, 'sign_in.proven', { ...who, accountId, detail: { method: challenge.kind, face } })
    return deps.assess.record(tx, attempt, proven.account, proofs, asker)
  }

  return { answerCode, answerLink, findByLink, codeToShow }
}

export type Prover = ReturnType<typeof createProver>
