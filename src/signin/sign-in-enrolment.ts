import { type Account, nameOf } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import type { Secrets, Transact } from '../base/index.ts'
import {
  type Credential,
  type CredentialFactors,
  type CredentialStore,
  countOf,
  type Enrolment,
  type KeptFactors,
  labelOf,
} from '../factors/index.ts'
import type { Assess } from './assess.ts'
import type { Attempt, AttemptStore } from './attempt.ts'
import type { Asker } from './deps.ts'
import type { Enrolled } from './enrolled.ts'
import type { FactorOutcome } from './outcome.ts'
import type { KeptProof } from './prove-kept.ts'
import type { RescueHook } from './rescue-hook.ts'

interface EnrolmentDeps {
  store: Pick<AttemptStore, 'require'>
  transact: Transact
  audit: Audit
  credentials: Pick<CredentialStore, 'ofAccountIn' | 'lock'>
  kept: KeptFactors
  credentialFactors: CredentialFactors
  assess: Assess
  secrets: Secrets
  rescues: Pick<RescueHook, 'readyIn'>
}

/** An authenticator that is set up in the middle of a sign-in, and the recovery codes that come with it. */
export function createSignInEnrolment(deps: EnrolmentDeps, prove: KeptProof, accountOf: (accountId: string) => Promise<Account>) {
  const { store, transact, audit, credentials, kept, assess, secrets } = deps

  /** The authenticator that is being set up in this attempt, and in no other; null before the person said so. */
  async function enrolling(attempt: Attempt): Promise<Credential | null> {
    const open = attempt.state === 'open' && attempt.asks === 'enrol' && attempt.accountId
    return open ? kept.unproven(open, attempt.id, attempt.createdAt) : null
  }

  /** What the page of an authenticator that is being set up shows; null before the person said so. */
  async function enrolment(attempt: Attempt, issuerHost: string): Promise<Enrolment | null> {
    const credential = await enrolling(attempt)
    if (!credential || !attempt.accountId) return null
    const account = await accountOf(attempt.accountId)
    return kept.shown(credential, account.id, nameOf(account), issuerHost)
  }

  /** A new seed, in place of one that was never proven. */
  async function beginEnrolment(attempt: Attempt): Promise<void> {
    const { accountId } = attempt
    if (attempt.state === 'open' && attempt.asks === 'enrol' && accountId)
      await transact((tx) => kept.begin(tx, accountId, attempt.id))
  }

  /**
   * The first code: from now on the authenticator counts, and the code is used. Recovery codes come with it. Whoever
   * has one by now is asked for that, unless the wait of a rescue is over: then it takes the place of all. A rescue
   * that has ended meanwhile lets nobody set up anything, whatever the attempt asked for when it was taken up.
   */
  async function confirmEnrolment(attempt: Attempt, typed: string, label: string, asker: Asker): Promise<FactorOutcome> {
    const credential = await enrolling(attempt)
    const { accountId } = attempt
    if (!credential || !accountId) return { outcome: 'ended' }
    const counter = await kept.judgeFirst(credential, accountId, typed)
    if (counter === null) return { outcome: 'unreadable' }
    const set = await kept.newCodes()
    const account = await accountOf(accountId)
    return transact(async (tx): Promise<FactorOutcome> => {
      // Nothing is set up in an attempt that has ended, and it does not end before this is done.
      if (!(await store.require(tx, attempt.id, attempt.requirement))) return { outcome: 'ended' }
      const completeRescue = await deps.rescues.readyIn(tx, attempt)
      // Of two sign-ins at once the second sees what the first one set up.
      await credentials.lock(tx, accountId)
      const own = await credentials.ofAccountIn(tx, accountId)
      if (!completeRescue && (countOf(own).apps > 0 || !assess.mayEnrol(attempt, account, own)))
        return assess.record(tx, attempt, account, attempt.proofs, asker)
      if (!(await kept.confirm(tx, accountId, credential.id, counter, label))) return { outcome: 'ended' }
      const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id, accountId }
      await completeRescue?.(credential.id, who)
      await kept.replaceCodes(tx, accountId, set)
      await audit.record(tx, 'factor.added', { ...who, detail: { method: 'totp' } })
      const sealed = secrets.seal(JSON.stringify(set.codes), sealOf(attempt))
      const enrolled: Enrolled = {
        kind: 'totp',
        credentialId: credential.id,
        label: labelOf(label),
        sealed,
        rescued: completeRescue !== null,
      }
      return prove(tx, attempt, account, { kind: 'totp', amr: deps.credentialFactors.totp.amr, level: 1, enrolled }, asker)
    })
  }

  /** The codes that were just made, while they are shown. */
  function codesToKeep(attempt: Attempt): string[] {
    return attempt.sealed ? (JSON.parse(secrets.open(attempt.sealed, sealOf(attempt))) as string[]) : []
  }

  /** The person has them: nobody sees them again. */
  async function codesKept(attempt: Attempt, asker: Asker): Promise<FactorOutcome> {
    if (attempt.state !== 'open' || attempt.asks !== 'keep-codes' || !attempt.accountId) return { outcome: 'ended' }
    const account = await accountOf(attempt.accountId)
    return transact((tx) => assess.record(tx, attempt, account, attempt.proofs, asker))
  }

  return { enrolment, beginEnrolment, confirmEnrolment, codesToKeep, codesKept }
}

/** Additional data of the sealed recovery codes that an attempt shows once. */
export function sealOf(attempt: Pick<Attempt, 'id'>): string {
  return `attempt/codes/${attempt.id}`
}
