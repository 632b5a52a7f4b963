import { type Account, type Accounts, nameOf } from '../accounts/index.ts'
import { maskAddress, type Proof, type Tx } from '../base/index.ts'
import {
  type Challenge,
  type Credential,
  type CredentialFactors,
  type CredentialStore,
  countOf,
  type Enrolment,
  type KeptFactors,
} from '../factors/index.ts'
import { type Assess, type AssessDeps, proofsOfSession } from './assess.ts'
import type { Attempt } from './attempt.ts'
import type { Asker, Purpose } from './deps.ts'
import type { Devices } from './devices.ts'
import type { Flow } from './flow.ts'
import type { Outcome } from './outcome.ts'
import { createPhases } from './phases.ts'
import type { Requirement, SecondMethod } from './policy.ts'

export interface SecondFactorDeps extends Omit<AssessDeps, 'credentials' | 'devices'> {
  accounts: Pick<Accounts, 'byEmail' | 'find'>
  flow: Pick<Flow, 'beginFromSession'>
  assess: Assess
  credentials: Pick<CredentialStore, 'ofAccount' | 'ofAccountIn' | 'burn'>
  kept: KeptFactors
  credentialFactors: CredentialFactors
  devices: Devices
}

/** A living session that a sign-in may be built on. */
export interface LivingSession {
  accountId: string
  amr: readonly string[]
  at: Date
}

/** What came of a factor's code; `token` is for the cookie of a browser that is to be remembered. */
export type FactorOutcome = Outcome & { token?: string }

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
  const { store, transact, audit, clock, policy, guesses, credentials, credentialFactors, kept, assess, secrets } = deps
  const { startOnFile } = createPhases(deps)

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
    const found = methods.map((method) => wayOf(method, account, own))
    return found.toSorted((a, b) => (b.lastUsedAt?.getTime() ?? 0) - (a.lastUsedAt?.getTime() ?? 0))
  }

  /** Takes one of the ways; begins with the living session where no attempt is open. */
  async function choose(
    from: { attempt: Attempt } | { session: LivingSession; purpose: Purpose; requirement: Requirement },
    method: SecondMethod,
    asker: Asker,
  ): Promise<void> {
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
    if (attempt.asks !== 'second') return
    const open = attempt.challenges.filter(({ state }) => state === 'open')
    await transact(async (tx) => {
      for (const challenge of open) await store.hold(tx, challenge.id)
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
    const tries = await store.countTry(challenge.id, policy.triesMax, clock.now())
    if (tries === null) return { outcome: challenge.expiresAt <= clock.now() ? 'ended' : 'closed' }
    if (!(await accountTakes(challenge))) return { outcome: 'closed' }

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
        if (!(await store.consume(tx, challenge.id, 'sign-in', now))) return { outcome: 'ended' }
        if (!(await credentials.burn(tx, found.credentialId, found.counter, now))) throw new UsedBefore()
        await guesses.reset(tx, challenge.targetKey)
        return prove(tx, attempt, account, challenge.kind, asker, remember)
      })
    } catch (error) {
      if (error instanceof UsedBefore) return null
      throw error
    }
  }

  async function prove(
    tx: Tx,
    attempt: Attempt,
    account: Account,
    kind: string,
    asker: Asker,
    remember: boolean,
    sealed: string | null = null,
  ): Promise<FactorOutcome> {
    if (account.state !== 'active') {
      await store.end(tx, attempt.id)
      return { outcome: 'refused', reason: 'account_closed' }
    }
    const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id, accountId: account.id }
    await audit.record(tx, 'sign_in.proven', { ...who, detail: { method: kind, face: 'code' } })
    const proof: Proof = { kind, amr: [...factorOf(kind).amr], level: 1, at: clock.now().toISOString() }
    const proofs = [...attempt.proofs.filter((one) => one.kind !== kind), proof]
    const outcome = await assess.record(tx, attempt, account, proofs, asker, sealed)
    if (!remember || deps.devices.days === null || outcome.outcome !== 'proven') return outcome
    return { ...outcome, token: await deps.devices.remember(tx, account.id, asker.device) }
  }

  function factorOf(kind: string) {
    return kind === 'recovery' ? credentialFactors.recovery : credentialFactors.totp
  }

  // A recovery code cannot be guessed. Else whoever reads the mail could close the authenticator and every way in.
  async function accountTakes(challenge: Challenge): Promise<boolean> {
    const failures = await guesses.record(challenge.targetKey, false)
    return failures <= policy.failuresMax || challenge.kind === 'recovery'
  }

  /** Whether no code of this kind is taken any more, in this sign-in or in all of them. */
  async function isClosed({ kind, tries, targetKey }: Challenge): Promise<boolean> {
    return tries >= policy.triesMax || (kind === 'totp' && guesses.closed(targetKey, false))
  }

  /** The authenticator that is being set up in this attempt, and in no other; null before the person said so. */
  async function enrolling(attempt: Attempt): Promise<Credential | null> {
    const open = attempt.state === 'open' && attempt.asks === 'enrol' && attempt.accountId
    const begun = open ? await kept.unproven(open, attempt.createdAt) : null
    return begun?.id === attempt.id ? begun : null
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
   * has one by now is asked for that.
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
      const own = await credentials.ofAccountIn(tx, accountId)
      if (countOf(own).authenticators > 0) return assess.record(tx, attempt, account, attempt.proofs, asker)
      if (!(await kept.confirm(tx, accountId, credential.id, counter, label))) return { outcome: 'ended' }
      await kept.replaceCodes(tx, accountId, set)
      const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id, accountId }
      await audit.record(tx, 'factor.added', { ...who, detail: { method: 'totp' } })
      return prove(tx, attempt, account, 'totp', asker, false, secrets.seal(JSON.stringify(set.codes), sealOf(attempt)))
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

  async function accountOf(accountId: string): Promise<Account> {
    const account = await deps.accounts.find(accountId)
    if (!account) throw new Error('the account of an attempt has gone')
    return account
  }

  return { ways, waysOf, choose, putOff, answer, isClosed, enrolment, beginEnrolment, confirmEnrolment, codesToKeep, codesKept }
}

function wayOf(method: SecondMethod, account: Account, own: readonly Credential[]): Way {
  const mine = own.filter(({ kind, provenAt }) => kind === method && provenAt !== null)
  const used = mine.flatMap(({ lastUsedAt }) => lastUsedAt ?? []).sort((a, b) => b.getTime() - a.getTime())
  const lastUsedAt = used[0] ?? null
  if (method === 'recovery') {
    return { kind: method, detail: null, lastUsedAt: null, left: countOf(mine).recoveryCodes }
  }
  if (method === 'totp') return { kind: method, detail: mine.length === 1 ? mine[0]?.label || null : null, lastUsedAt }
  const address = method === 'email' ? account.email : account.phone
  return { kind: method, detail: address && maskAddress(address), lastUsedAt: null }
}

function sealOf(attempt: Attempt): string {
  return `attempt/codes/${attempt.id}`
}

export type SecondFactorFlow = ReturnType<typeof createSecondFactor>
