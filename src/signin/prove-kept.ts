import type { Account } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock, Proof, Tx } from '../base/index.ts'
import type { Assess } from './assess.ts'
import type { Attempt, AttemptStore } from './attempt.ts'
import type { Asker } from './deps.ts'
import type { Devices } from './devices.ts'
import type { Enrolled } from './enrolled.ts'
import type { FactorOutcome } from './outcome.ts'

export interface KeptProofDeps {
  store: Pick<AttemptStore, 'end'>
  audit: Pick<Audit, 'record'>
  clock: Clock
  assess: Pick<Assess, 'record'>
  devices: Pick<Devices, 'days' | 'remember'>
}

/** What was proven just now by something that the person keeps. */
export interface Given extends Pick<Proof, 'kind' | 'amr' | 'level'> {
  /** Whether this browser is to be asked no more. */
  remember?: boolean
  /** It was set up by this very proof. */
  enrolled?: Enrolled
}

/**
 * Records a proof by an authenticator, a recovery code or a passkey, in the transaction that uses it up, first or second:
 * whatever it was proven with passes here.
 */
export function createKeptProof(deps: KeptProofDeps) {
  return async (tx: Tx, attempt: Attempt, account: Account, given: Given, asker: Asker): Promise<FactorOutcome> => {
    const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id, accountId: account.id }
    if (account.state !== 'active') {
      await deps.store.end(tx, attempt.id)
      return { outcome: 'refused', reason: 'account_closed' }
    }
    const { kind, amr, level, remember = false, enrolled = null } = given
    await deps.audit.record(tx, 'sign_in.proven', { ...who, detail: { method: kind, face: kind === 'passkey' ? kind : 'code' } })
    const proof: Proof = { kind, amr: [...amr], level, at: deps.clock.now().toISOString() }
    const proofs = [...attempt.proofs.filter((one) => one.kind !== kind), proof]
    const outcome = await deps.assess.record(tx, attempt, account, proofs, asker, enrolled)
    if (!remember || deps.devices.days === null || outcome.outcome !== 'proven') return outcome
    return { ...outcome, token: await deps.devices.remember(tx, account.id, asker.device) }
  }
}

export type KeptProof = ReturnType<typeof createKeptProof>
