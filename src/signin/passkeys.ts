import type { Accounts } from '../accounts/index.ts'
import { Refusal, type Tx } from '../base/index.ts'
import type {
  Assertion,
  Challenge,
  CredentialStore,
  KeptFactors,
  OwnedCredential,
  PasskeyFactor,
  PasskeyStore,
  PasskeyVerdict,
  RequestOptions,
} from '../factors/index.ts'
import type { Assess } from './assess.ts'
import { type Attempt, opened } from './attempt.ts'
import { begunIn, type CeremonyKind, type CeremonyStore, createCeremonies } from './ceremonies.ts'
import type { Asker, FlowDeps, Purpose } from './deps.ts'
import type { Devices } from './devices.ts'
import type { Flow } from './flow.ts'
import type { FactorOutcome, Outcome } from './outcome.ts'
import { createPasskeyEnrolment } from './passkey-enrolment.ts'
import { createPhases } from './phases.ts'
import type { Requirement } from './policy.ts'
import { createKeptProof } from './prove-kept.ts'
import type { RescueHook } from './rescue-hook.ts'
import type { Tells } from './tells.ts'

export interface PasskeysDeps extends Omit<FlowDeps, 'accounts'> {
  factor: PasskeyFactor
  ceremonies: CeremonyStore
  accounts: Pick<Accounts, 'find'>
  credentials: Pick<CredentialStore, 'ofAccount' | 'ofAccountIn' | 'lock'> & PasskeyStore
  kept: Pick<KeptFactors, 'newCodes' | 'replaceCodes'>
  assess: Assess
  devices: Pick<Devices, 'days' | 'remember' | 'forgetAll'>
  flow: Pick<Flow, 'stands'>
  tells: Tells
  rescues: Pick<RescueHook, 'readyIn'>
}

/** What was judged right, and not used up. */
interface Right {
  ceremonyId: string
  credential: OwnedCredential
  verdict: Extract<PasskeyVerdict, { outcome: 'proven' }>
}

/** An assertion or a counter that somebody else used first: the transaction must not stay. */
class UsedBefore extends Error {}

/** The same for whatever is wrong: an unknown passkey, somebody else's, another page's. */
const WRONG = { outcome: 'wrong', triesLeft: 0 } as const

/**
 * Passkeys in a sign-in: as its first proof, before anybody said who they are; as its second; set up on the way. Nobody
 * guesses a key, so that wrong answers close nothing: they are counted by network.
 */
export function createPasskeys(deps: PasskeysDeps) {
  const { store, transact, audit, clock, secrets, policy, factor, credentials } = deps
  const { newAttempt } = createPhases(deps)
  const ceremonies = createCeremonies({ store: deps.ceremonies, secrets, clock })
  const prove = createKeptProof(deps)

  /**
   * Asks for any passkey of this site: nobody has said yet who they are, so nothing is told of anybody. Throws
   * `Refusal('too_many_requests')`.
   */
  async function signInOptions(purpose: Purpose, asker: Asker): Promise<RequestOptions> {
    await limited(purpose.clientId, asker)
    return factor.requestOptions({ challenge: await ceremonies.begin('sign-in', begunIn(purpose), null) })
  }

  /**
   * A passkey as the first proof: begins an attempt with it. `response` is `AuthenticationResponseJSON` as text. Throws
   * `Refusal('too_many_requests')`.
   */
  async function answerSignIn(purpose: Purpose, requirement: Requirement, response: string, asker: Asker): Promise<Outcome> {
    await limited(purpose.clientId, asker)
    const read = factor.readAssertion(response)
    const credential = read && (await credentials.byExternalId(read.credentialId))
    const right = read && (await judge('sign-in', begunIn(purpose), read, credential, asker))
    const account = right && (await deps.accounts.find(right.credential.accountId))
    if (!right || !account) return WRONG
    const row = newAttempt('sign-in', purpose, requirement, asker, clock.now())
    const attempt = opened({ ...row, challenges: [] }, purpose.interactionUid)
    const known = [account.email, account.phone].some((one) => one !== null && deps.knownBrowsers.knows(asker.knownCookie, one))
    const who = { ...asker.who, clientId: purpose.clientId, attemptId: attempt.id, accountId: account.id }
    const done = await onceOnly(async (tx) => {
      await useUp(tx, right)
      await store.begin(tx, row, null)
      await audit.record(tx, 'sign_in.started', { ...who, detail: { method: factor.kind, knownBrowser: known } })
      if (account.state !== 'active') {
        await audit.record(tx, 'sign_in.refused', { ...who, detail: { reason: 'account_closed' } })
      }
      return prove(tx, attempt, account, { kind: factor.kind, ...right.verdict }, asker)
    })
    return done ?? WRONG
  }

  /** The account's own passkeys, once something else of it was proven; null where none is asked for. */
  async function secondOptions(attempt: Attempt): Promise<RequestOptions | null> {
    const { accountId } = attempt
    if (attempt.state !== 'open' || attempt.asks !== 'second' || !accountId || attempt.proofs.length === 0) return null
    const allow = (await credentials.ofAccount(accountId)).filter(({ kind }) => kind === factor.kind)
    return factor.requestOptions({ challenge: await ceremonies.begin('second', begunIn(attempt), accountId), allow })
  }

  /** A passkey as the second proof. Its tries are counted before it is judged; none of them closes the account's others. */
  async function answerSecond(
    attempt: Attempt,
    challenge: Challenge,
    response: string,
    remember: boolean,
    asker: Asker,
  ): Promise<FactorOutcome> {
    const read = factor.readAssertion(response)
    const { accountId } = attempt
    if (!read) return { outcome: 'unreadable' }
    if (!accountId || attempt.state !== 'open' || challenge.state !== 'open' || challenge.kind !== factor.kind)
      return { outcome: 'ended' }
    const counted = await store.countTry(challenge.id, { triesMax: policy.triesMax, isGuess: false }, clock.now())
    if (counted === null) return { outcome: challenge.expiresAt <= clock.now() ? 'ended' : 'closed' }

    const own = (await credentials.ofAccount(accountId)).find(({ externalId }) => externalId === read.credentialId)
    const credential = own ? { ...own, accountId } : null
    const right = await judge('second', begunIn(attempt), read, credential, { ...asker, who: { ...asker.who, accountId } })
    const account = right && (await deps.accounts.find(accountId))
    const done =
      right &&
      account &&
      (await onceOnly(async (tx): Promise<FactorOutcome> => {
        await useUp(tx, right)
        const use = { purpose: 'sign-in', endsGuesses: false } as const
        if (!(await store.consume(tx, challenge.id, use, clock.now()))) return { outcome: 'ended' }
        return prove(tx, attempt, account, { kind: factor.kind, ...right.verdict, remember }, asker)
      }))
    return done || { outcome: 'wrong', triesLeft: Math.max(0, policy.triesMax - counted.tries) }
  }

  /** Whether it is right, of this kind and browser, and of the account that was asked; null for all else, the same. */
  async function judge(
    kind: CeremonyKind,
    begunBy: string,
    read: Assertion,
    credential: OwnedCredential | null,
    asker: Asker,
  ): Promise<Right | null> {
    const ceremony = await ceremonies.find(kind, begunBy, read.challenge)
    const mine = credential?.kind === factor.kind && (ceremony?.accountId ?? credential.accountId) === credential.accountId
    if (!ceremony || !credential || !mine) return wrong(asker, ceremony ? 'unknown' : 'challenge')
    const verdict = await factor.verifyAuthentication(read, credential, kind === 'second' ? 'by_id' : 'discoverable')
    if (verdict.outcome === 'proven') return { ceremonyId: ceremony.id, credential, verdict }
    if (verdict.outcome === 'wrong') return wrong(asker, 'assertion')
    // The key itself signed this: somebody may have a copy of it.
    const who = { ...asker.who, accountId: credential.accountId }
    await audit.note(`passkey.${verdict.outcome}`, { ...who, detail: { credentialId: credential.id } })
    return null
  }

  async function wrong({ who }: Asker, reason: 'challenge' | 'unknown' | 'assertion'): Promise<null> {
    await audit.note('passkey.wrong', { ...who, detail: { reason } })
    return null
  }

  /** Single winner over ceremony and counter; whoever comes second leaves nothing behind. */
  async function useUp(tx: Tx, { ceremonyId, credential, verdict }: Right): Promise<void> {
    const first = await ceremonies.use(tx, ceremonyId)
    if (!first || !(await credentials.usedPasskey(tx, credential.id, verdict, clock.now()))) throw new UsedBefore()
  }

  /** Null when somebody else used it first. */
  async function onceOnly<T>(work: (tx: Tx) => Promise<T>): Promise<T | null> {
    try {
      return await transact(work)
    } catch (error) {
      if (error instanceof UsedBefore) return null
      throw error
    }
  }

  async function limited(clientId: string, asker: Asker): Promise<void> {
    const taken = await deps.limits.take([{ limit: 'passkey-ip', subject: asker.ipSubject }])
    if (taken.ok) return
    const { limit, retryAfterSeconds } = taken
    await audit.note('limit.reached', { ...asker.who, clientId, detail: { limit, retryAfterSeconds } })
    throw new Refusal('too_many_requests', { retryAfterSeconds })
  }

  const enrolment = createPasskeyEnrolment({ ...deps, ceremonies }, prove)
  return { signInOptions, answerSignIn, secondOptions, answerSecond, ...enrolment }
}

export type Passkeys = ReturnType<typeof createPasskeys>
