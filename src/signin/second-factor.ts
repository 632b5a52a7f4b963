import type { Account, Accounts } from '../accounts/index.ts'
import { maskAddress, type Proof } from '../base/index.ts'
import {
  type Challenge,
  type Credential,
  type CredentialFactors,
  type CredentialStore,
  countOf,
  type KeptFactors,
} from '../factors/index.ts'
import { type Assess, type AssessDeps, proofsOfSession } from './assess.ts'
import type { Attempt } from './attempt.ts'
import type { Asker, Purpose } from './deps.ts'
import type { Devices } from './devices.ts'
import type { Flow } from './flow.ts'
import { isDoubtful } from './next-step.ts'
import type { FactorOutcome, Outcome } from './outcome.ts'
import { createPhases } from './phases.ts'
import { type Requirement, type SecondMethod, withoutWish } from './policy.ts'
import { createKeptProof } from './prove-kept.ts'
import type { RescueHook } from './rescue-hook.ts'
import { createSignInEnrolment } from './sign-in-enrolment.ts'

export interface SecondFactorDeps
  extends Omit<AssessDeps, 'credentials' | 'devices' | 'tells' | 'passkeys' | 'rescues' | 'deaths'> {
  accounts: Pick<Accounts, 'byEmail' | 'find'>
  flow: Pick<Flow, 'beginFromSession'>
  assess: Assess
  credentials: Pick<CredentialStore, 'ofAccount' | 'ofAccountIn' | 'lock' | 'burn'>
  kept: KeptFactors
  credentialFactors: CredentialFactors
  devices: Devices
  rescues: Pick<RescueHook, 'readyIn'>
}

/** A living session that a sign-in may be built on. */
export interface LivingSession {
  accountId: string
  amr: readonly string[]
  at: Date
}

/** What a second factor is given in: an attempt, or a living session that one begins with. */
type From = { attempt: Attempt } | { session: LivingSession; purpose: Purpose; requirement: Requirement }

/** One way to give the second proof, as a page shows it. */
export interface Way {
  kind: SecondMethod
  /** The authenticator's name, or the masked address. */
  detail: string | null
  lastUsedAt: Date | null
  /** Recovery codes that are left. */
  left?: number
}

/** A code that was used before: the transaction must not stay. */
class UsedBefore extends Error {}

/** Second factors whose secret the person keeps: asked for, judged, set up. */
export function createSecondFactor(deps: SecondFactorDeps) {
  const { store, transact, audit, clock, policy, credentials, credentialFactors, assess } = deps
  const { startOnFile } = createPhases(deps)
  const prove = createKeptProof(deps)

  /** The ways that an attempt has to go on, the one used last first. */
  async function ways(attempt: Attempt, asker: Asker): Promise<Way[]> {
    return attempt.accountId ? listed(attempt, attempt.accountId, attempt.proofs, asker) : []
  }

  /** The same for a living session that must prove more; none where it need not, or cannot. */
  async function waysOf(session: LivingSession, requirement: Requirement, asker: Asker): Promise<Way[]> {
    return listed({ requirement }, session.accountId, proofsOfSession(session), asker)
  }

  async function listed(
    attempt: Pick<Attempt, 'requirement'>,
    accountId: string,
    proofs: readonly Proof[],
    asker: Asker,
  ): Promise<Way[]> {
    const account = await accountOf(accountId)
    const own = await credentials.ofAccount(accountId)
    const decision = await assess.next(attempt, account, proofs, asker, own)
    const methods = decision.next === 'second' ? decision.methods : []
    // Somebody whose proof is in doubt learns nothing of the account.
    const found = methods.map((method) => (isDoubtful(proofs) ? unsaid(method) : wayOf(method, account, own)))
    return found.toSorted((a, b) => (b.lastUsedAt?.getTime() ?? 0) - (a.lastUsedAt?.getTime() ?? 0))
  }

  /** Takes one of the ways; begins with the living session where no attempt is open. */
  async function choose(from: From, method: SecondMethod, asker: Asker): Promise<void> {
    const attempt = 'attempt' in from ? from.attempt : await beginWith(from, asker)
    if (attempt.state !== 'open' || attempt.asks !== 'second' || !attempt.accountId) return
    const account = await accountOf(attempt.accountId)
    const decision = await assess.next(attempt, account, attempt.proofs, asker)
    if (decision.next !== 'second' || !decision.methods.includes(method)) return
    if (method === 'email' || method === 'sms') return startOnFile(attempt, account, method, asker)
    const there = attempt.challenges.find(({ kind }) => kind === method)
    await transact(async (tx) => {
      if (there) await store.reopen(tx, there.id, clock.now())
      else await store.add(tx, assess.keptChallenge(attempt, method, account.id))
      for (const other of attempt.challenges) if (other.id !== there?.id && other.state === 'open') await store.hold(tx, other.id)
    })
  }

  function beginWith(
    from: { session: LivingSession; purpose: Purpose; requirement: Requirement },
    asker: Asker,
  ): Promise<Attempt> {
    const { accountId } = from.session
    const known = { accountId, requirement: from.requirement, proofs: proofsOfSession(from.session) }
    return deps.flow.beginFromSession(from.purpose, known, asker)
  }

  /** Back to the choice. */
  async function putOff(attempt: Attempt): Promise<void> {
    if (attempt.asks === 'second') await transact((tx) => store.holdAll(tx, attempt.id))
  }

  /**
   * Whether the person may go on without what the application merely wishes for: to the application, which is told the
   * true, lower level, or to what is asked for besides, which more ways may be good for.
   */
  async function mayGoWithout(attempt: Attempt, asker: Asker): Promise<boolean> {
    return attempt.accountId !== null && mayWithout(attempt, attempt.accountId, attempt.proofs, asker)
  }

  /** The same for a living session. */
  async function mayGoWithoutFrom(session: LivingSession, requirement: Requirement, asker: Asker): Promise<boolean> {
    return mayWithout({ requirement }, session.accountId, proofsOfSession(session), asker)
  }

  async function mayWithout(
    attempt: Pick<Attempt, 'requirement'>,
    accountId: string,
    proofs: readonly Proof[],
    asker: Asker,
  ): Promise<boolean> {
    if (!withoutWish(attempt.requirement)) return false
    return (await assess.withoutWishOf(attempt, await accountOf(accountId), proofs, asker)) !== null
  }

  /** Goes on without it; begins with the living session where no attempt is open. */
  async function goWithout(from: From, asker: Asker): Promise<Outcome> {
    const attempt = 'attempt' in from ? from.attempt : await beginWith(from, asker)
    if (attempt.state !== 'open' || attempt.asks !== 'second' || !attempt.accountId) return { outcome: 'ended' }
    const account = await accountOf(attempt.accountId)
    if (account.state !== 'active') return { outcome: 'refused', reason: 'account_closed' }
    const requirement = await assess.withoutWishOf(attempt, account, attempt.proofs, asker)
    if (!requirement) return { outcome: 'second' }
    return transact(async (tx): Promise<Outcome> => {
      if (!(await store.require(tx, attempt.id, requirement))) return { outcome: 'ended' }
      const outcome = await assess.record(tx, { ...attempt, requirement }, account, attempt.proofs, asker)
      if (outcome.outcome === 'second') await store.holdAll(tx, attempt.id)
      return outcome
    })
  }

  /** A code of an authenticator, or a recovery code. Counted before it is judged. */
  async function answer(
    attempt: Attempt,
    challenge: Challenge,
    typed: string,
    remember: boolean,
    asker: Asker,
  ): Promise<FactorOutcome> {
    const factor = factorOf(challenge.kind)
    const text = factor.read(typed)
    const { accountId } = attempt
    if (text === null) return { outcome: 'unreadable' }
    if (!accountId || attempt.state !== 'open' || challenge.state !== 'open') return { outcome: 'ended' }
    const counted = await store.countTry(challenge.id, { triesMax: policy.triesMax, isGuess: true }, clock.now())
    if (counted === null) return { outcome: challenge.expiresAt <= clock.now() ? 'ended' : 'closed' }
    const { tries, failures } = counted
    if (!accountTakes(challenge, failures)) return { outcome: 'closed' }

    const own = (await credentials.ofAccount(accountId)).filter(({ kind }) => kind === factor.kind)
    const found = await factor.judge(own, accountId, text)
    const outcome = found && (await finish(attempt, challenge, found, remember, asker))
    if (outcome) return outcome
    const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id, accountId }
    await audit.note('sign_in.code_wrong', { ...who, detail: { method: challenge.kind, tries } })
    return { outcome: 'wrong', triesLeft: Math.max(0, policy.triesMax - tries) }
  }

  /** Null when somebody else used the code first. */
  async function finish(
    attempt: Attempt,
    challenge: Challenge,
    found: { credentialId: string; counter: bigint },
    remember: boolean,
    asker: Asker,
  ): Promise<FactorOutcome | null> {
    const now = clock.now()
    const account = await accountOf(attempt.accountId ?? '')
    try {
      return await transact(async (tx): Promise<FactorOutcome> => {
        const use = { purpose: 'sign-in', endsGuesses: true } as const
        if (!(await store.consume(tx, challenge.id, use, now))) return { outcome: 'ended' }
        if (!(await credentials.burn(tx, found.credentialId, found.counter, now))) throw new UsedBefore()
        const { kind, amr } = factorOf(challenge.kind)
        return prove(tx, attempt, account, { kind, amr, level: 1, remember }, asker)
      })
    } catch (error) {
      if (error instanceof UsedBefore) return null
      throw error
    }
  }

  function factorOf(kind: string) {
    return kind === 'recovery' ? credentialFactors.recovery : credentialFactors.totp
  }

  // A recovery code cannot be guessed. Else whoever reads the mail could close the authenticator and every way in.
  function accountTakes(challenge: Challenge, failures: number): boolean {
    return failures <= policy.failuresMax || challenge.kind === 'recovery'
  }

  /** Whether no code of this kind is taken any more, in this sign-in or in all of them. */
  function isClosed({ kind, tries, failures }: Challenge): boolean {
    return tries >= policy.triesMax || (kind === 'totp' && failures >= policy.failuresMax)
  }

  async function accountOf(accountId: string): Promise<Account> {
    const account = await deps.accounts.find(accountId)
    if (!account) throw new Error('the account of an attempt has gone')
    return account
  }

  return {
    ways,
    waysOf,
    choose,
    putOff,
    mayGoWithout,
    mayGoWithoutFrom,
    goWithout,
    answer,
    isClosed,
    ...createSignInEnrolment(deps, prove, accountOf),
  }
}

function wayOf(method: SecondMethod, account: Account, own: readonly Credential[]): Way {
  const mine = own.filter(({ kind, provenAt }) => kind === method && provenAt !== null)
  const used = mine.flatMap(({ lastUsedAt }) => lastUsedAt ?? []).sort((a, b) => b.getTime() - a.getTime())
  const lastUsedAt = used[0] ?? null
  if (method === 'recovery') {
    return { kind: method, detail: null, lastUsedAt: null, left: countOf(mine).recoveryCodes }
  }
  if (method === 'totp' || method === 'passkey')
    return { kind: method, detail: mine.length === 1 ? mine[0]?.label || null : null, lastUsedAt }
  const address = method === 'email' ? account.email : account.phone
  return { kind: method, detail: address && maskAddress(address), lastUsedAt: null }
}

function unsaid(kind: SecondMethod): Way {
  return { kind, detail: null, lastUsedAt: null }
}

export type SecondFactorFlow = ReturnType<typeof createSecondFactor>
