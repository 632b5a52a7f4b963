import type { Account, Deaths } from '../accounts/index.ts'
import { addSeconds, newId, type Proof, type Tx } from '../base/index.ts'
import { addressKey, type Challenge, type Credential, type CredentialStore, countOf, isOnFile } from '../factors/index.ts'
import type { Attempt } from './attempt.ts'
import type { Asker, FlowDeps } from './deps.ts'
import type { Devices } from './devices.ts'
import type { Enrolled } from './enrolled.ts'
import { isDoubtful, isKept } from './next-step.ts'
import type { Outcome } from './outcome.ts'
import { type Decision, decide, levelOf, type Means, type Requirement, type SecondMethod, withoutWish } from './policy.ts'
import type { RescueHook } from './rescue-hook.ts'
import type { Tells } from './tells.ts'

export interface AssessDeps extends Omit<FlowDeps, 'accounts'> {
  /** What the person has set up. */
  credentials: Pick<CredentialStore, 'ofAccount' | 'ofAccountIn'>
  devices: Pick<Devices, 'isRemembered' | 'use' | 'forgetAll'>
  tells: Tells
  /** Whether passkeys are on: while they are not, those that were set up prove nothing, and are no less demanded. */
  passkeys: boolean
  rescues: Pick<RescueHook, 'found'>
  deaths: Pick<Deaths, 'revive'>
}

/** Holds what was proven against what the sign-in must reach: every proof passes here, by whatever method. */
export function createAssess(deps: AssessDeps) {
  const { store, audit, clock, policy, secrets } = deps

  /** Records the proofs and what comes next, and tells the person what they should hear of. */
  async function record(
    tx: Tx,
    attempt: Attempt,
    account: Account,
    proofs: readonly Proof[],
    asker: Asker,
    enrolled: Enrolled | null = null,
  ): Promise<Outcome> {
    await revive(tx, attempt, account, proofs, asker)
    const own = await deps.credentials.ofAccountIn(tx, account.id)
    const recovered = proofs.some((proof) => proof.kind === 'recovery' && !attempt.proofs.includes(proof))
    // browsers that were not asked are asked again when a factor was lost, or has come.
    if (enrolled || recovered) await deps.devices.forgetAll(tx, account.id)
    const remembered = await deps.devices.use(tx, asker.deviceToken, account.id)
    const decision = decideFor(attempt, account, proofs, own, remembered)
    const proven = { accountId: account.id, proofs, sealed: enrolled?.sealed ?? null }
    const outcome = await settle(tx, attempt, account, { ...proven, own }, decision, asker)
    if (outcome.outcome === 'ended') return outcome
    if (outcome.outcome === 'proven' && proofs.some(isKept)) await deps.rescues.found(tx, account.id, asker.who)
    const codesLeft = recovered ? countOf(own).recoveryCodes : null
    const brought = { proofs, enrolled, codesLeft, signedIn: outcome.outcome === 'proven' }
    await deps.tells(tx, attempt, account, brought, asker)
    return outcome
  }

  /** What was in doubt is the person's: something else says so too. */
  async function revive(tx: Tx, attempt: Attempt, { id }: Account, proofs: readonly Proof[], asker: Asker): Promise<void> {
    if (isDoubtful(proofs)) return
    const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id, accountId: id }
    const inDoubt = attempt.challenges.filter(({ kind }) => proofs.some((proof) => proof.kind === kind && proof.doubtful))
    for (const { target } of inDoubt) await deps.deaths.revive(tx, target, who)
  }

  async function settle(
    tx: Tx,
    attempt: Attempt,
    account: Account,
    { own, ...proven }: Pick<Attempt, 'accountId' | 'proofs' | 'sealed'> & { own: readonly Credential[] },
    decision: Decision,
    asker: Asker,
  ): Promise<Outcome> {
    const who = { ...asker.who, clientId: attempt.clientId, attemptId: attempt.id, accountId: account.id }
    // Codes that were just made are shown before anything else.
    if (proven.sealed) {
      const kept = await store.prove(tx, attempt.id, { ...proven, state: 'open', asks: 'keep-codes' })
      return { outcome: kept ? 'second' : 'ended' }
    }
    if (decision.next === 'unmet') {
      await store.end(tx, attempt.id)
      await audit.record(tx, 'sign_in.unmet', { ...who, detail: {} })
      return { outcome: 'unmet' }
    }
    const enough = decision.next === 'enough'
    const asks = enough ? null : (decision.next as 'second' | 'enrol')
    if (!(await store.prove(tx, attempt.id, { ...proven, state: enough ? 'proven' : 'open', asks }))) return { outcome: 'ended' }
    if (decision.next === 'second') await offer(tx, attempt, account, decision.methods, own)
    if (!enough) await audit.record(tx, 'sign_in.second_asked', { ...who, detail: { asks: asks ?? '' } })
    return enough ? { outcome: 'proven', attempt: { ...attempt, ...proven, state: 'proven', asks } } : { outcome: 'second' }
  }

  /**
   * The app or the passkey is asked for at once, whichever was used last; another channel only when the person says so,
   * since it costs a message.
   */
  async function offer(
    tx: Tx,
    attempt: Attempt,
    account: Account,
    methods: readonly SecondMethod[],
    own: readonly Credential[],
  ): Promise<void> {
    // A text that somebody asked for by a number's last digits may lead to nobody: it is no second proof.
    const onFile = attempt.challenges.filter(isOnFile).map(({ kind }) => kind)
    await store.endOthers(
      tx,
      attempt.id,
      methods.filter((method) => !onFile.includes(method)),
    )
    const askable = methods.filter((method) => method === 'totp' || method === 'passkey')
    const last = own.find(({ kind, provenAt }) => provenAt !== null && askable.some((method) => method === kind))
    const asked = askable.find((method) => method === last?.kind)
    if (asked) await store.add(tx, keptChallenge(attempt, asked, account.id))
  }

  /** A challenge of a method whose secret the person keeps. Wrong codes are counted by account. */
  function keptChallenge(attempt: Pick<Attempt, 'id'>, kind: 'totp' | 'recovery' | 'passkey', accountId: string): Challenge {
    const now = clock.now()
    return {
      id: newId(),
      attemptId: attempt.id,
      kind,
      target: accountId as Challenge['target'],
      targetKey: addressKey(secrets, `account ${accountId}` as Challenge['target']),
      secretId: secrets.currentId,
      knownBrowser: false,
      shortCode: true,
      state: 'open',
      tries: 0,
      messages: 0,
      ...{ chosenAt: now, firstSentAt: now, lastSentAt: now, lastHandedAt: null, usedAt: null, failures: 0, newest: null },
      expiresAt: addSeconds(now, policy.codeTtlSeconds),
    }
  }

  /** What comes next, and by which methods; reads only. */
  async function next(
    attempt: Pick<Attempt, 'requirement'>,
    account: Account,
    proofs: readonly Proof[],
    asker: Pick<Asker, 'deviceToken'>,
    credentials?: readonly Credential[],
  ): Promise<Decision> {
    const own = credentials ?? (await deps.credentials.ofAccount(account.id))
    const remembered = await deps.devices.isRemembered(asker.deviceToken, account.id)
    return decideFor(attempt, account, proofs, own, remembered)
  }

  /**
   * Whether there is still nothing to ask for, of what stands in the caller's transaction, so that a factor is set up: never
   * where one is asked for always and was not shown, also where a rescue let them that was stopped a moment ago. No
   * remembered browser changes that: it takes the place of a factor, and never lets one be set up.
   */
  function mayEnrol(attempt: Attempt, account: Account, own: readonly Credential[]): boolean {
    return decideFor(attempt, account, attempt.proofs, own, false).next === 'enrol'
  }

  /**
   * What the sign-in must reach when the application's wish is given up; null where it insists, or where that would ask
   * for the same.
   */
  async function withoutWishOf(
    { requirement }: Pick<Attempt, 'requirement'>,
    account: Account,
    proofs: readonly Proof[],
    asker: Pick<Asker, 'deviceToken'>,
  ): Promise<Requirement | null> {
    const less = withoutWish(requirement)
    if (!less) return null
    const own = await deps.credentials.ofAccount(account.id)
    const asked = await next({ requirement }, account, proofs, asker, own)
    const rest = await next({ requirement: less }, account, proofs, asker, own)
    return JSON.stringify(asked) === JSON.stringify(rest) ? null : less
  }

  function decideFor(
    { requirement }: Pick<Attempt, 'requirement'>,
    account: Account,
    proofs: readonly Proof[],
    own: readonly Credential[],
    remembered: boolean,
  ): Decision {
    return decide(requirement, levelOf(proofs), { ...meansOf(account, proofs, own), remembered })
  }

  function meansOf(account: Account, proofs: readonly Proof[], own: readonly Credential[]): Omit<Means, 'remembered'> {
    const proven = (kind: string) => proofs.some((proof) => proof.kind === kind)
    const other = account.email && !proven('email') ? 'email' : account.phone && !proven('sms') && deps.texts ? 'sms' : null
    const { apps, recoveryCodes, passkeys } = countOf(own)
    const demanded = apps > 0 || (passkeys > 0 && account.demandsSecond)
    const shown = { keptProven: proofs.some(isKept), passkeyProven: proven('passkey'), doubtful: isDoubtful(proofs) }
    return { apps, passkeys: deps.passkeys ? passkeys : 0, recoveryCodes, demanded, otherChannel: other, ...shown }
  }

  return { record, next, mayEnrol, withoutWishOf, keptChallenge }
}

export type Assess = ReturnType<typeof createAssess>

/** Proofs of a living session, as far as its `amr` tells them apart. */
export function proofsOfSession(session: { amr: readonly string[]; at: Date }): Proof[] {
  const at = session.at.toISOString()
  const passkey = ['passkey', 'pop', 'user', 'uv', 'swk']
  const kinds = { email: ['email_link', 'email_code'], sms: ['sms'], totp: ['otp'], recovery: ['recovery_code'], passkey }
  return Object.entries(kinds).flatMap(([kind, values]) => {
    const amr = session.amr.filter((value) => values.includes(value))
    // A passkey with user verification is two factors by itself.
    return amr.length > 0 ? [{ kind, amr, level: amr.includes('uv') ? (2 as const) : (1 as const), at }] : []
  })
}
