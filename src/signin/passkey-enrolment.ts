import { type Account, type Accounts, handleOf } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import { type Clock, isEmail, maskPhone, newId, newSecret, type Secrets, type Transact, type Tx } from '../base/index.ts'
import {
  type CreationOptions,
  type Credential,
  type CredentialStore,
  countOf,
  type KeptFactors,
  labelOf,
  type NewPasskey,
  type PasskeyFactor,
  type PasskeyStore,
  passkeyOf,
} from '../factors/index.ts'
import type { Assess } from './assess.ts'
import type { Attempt, AttemptStore } from './attempt.ts'
import { begunIn, type Ceremonies, toldIn } from './ceremonies.ts'
import type { Asker } from './deps.ts'
import type { Devices } from './devices.ts'
import type { Enrolled } from './enrolled.ts'
import type { Flow } from './flow.ts'
import { isKept, nextStep } from './next-step.ts'
import type { FactorOutcome } from './outcome.ts'
import type { KeptProof } from './prove-kept.ts'
import type { RescueHook } from './rescue-hook.ts'
import { sealOf } from './sign-in-enrolment.ts'
import type { Tells } from './tells.ts'

export interface PasskeyEnrolmentDeps {
  factor: PasskeyFactor
  ceremonies: Ceremonies
  store: Pick<AttemptStore, 'require'>
  transact: Transact
  audit: Audit
  clock: Clock
  secrets: Secrets
  accounts: Pick<Accounts, 'find'>
  credentials: Pick<CredentialStore, 'ofAccount' | 'ofAccountIn' | 'lock'> & PasskeyStore
  kept: Pick<KeptFactors, 'newCodes' | 'replaceCodes'>
  assess: Assess
  devices: Pick<Devices, 'forgetAll'>
  flow: Pick<Flow, 'stands'>
  tells: Tells
  rescues: Pick<RescueHook, 'readyIn'>
}

/** A passkey that was made and verified; it counts once it was added. */
export interface VerifiedPasskey extends NewPasskey {
  ceremonyId: string
}

/** `known`: there is one of this id already, here or elsewhere. `full`: no account has so many. `ended`: verified twice. */
export type AddedPasskey = { outcome: 'added'; credentialId: string; label: string } | { outcome: 'known' | 'full' | 'ended' }

const PASSKEYS_MAX = 20
/** The same for whatever is wrong with it. */
const WRONG = { outcome: 'wrong', triesLeft: 0 } as const

/** Passkeys that are set up: in a sign-in that needs one, after a sign-in, and wherever else their person is signed in. */
export function createPasskeyEnrolment(deps: PasskeyEnrolmentDeps, prove: KeptProof) {
  const { factor, ceremonies, store, transact, audit, clock, secrets, credentials, kept, assess } = deps

  /**
   * What the browser makes a passkey with. `begunBy` is what the answer is bound to, such as `account-session <id>`. An
   * account goes by one random name with all authenticators, which is asked for anew where it has no passkey.
   */
  async function enrolOptions(begunBy: string, account: Account): Promise<CreationOptions> {
    const exclude = (await credentials.ofAccount(account.id)).filter(({ kind }) => kind === factor.kind)
    const first = exclude.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())[0]
    const userHandle = first ? passkeyOf(first).userHandle : newSecret()
    const challenge = await ceremonies.begin('enrol', begunBy, account.id, userHandle)
    const handle = handleOf(account)
    const userName = handle === null ? '' : isEmail(handle) ? handle : maskPhone(handle)
    return factor.creationOptions({ challenge, userHandle, userName, userDisplayName: userName, exclude })
  }

  /** `response` is `RegistrationResponseJSON` as text. Null for whatever is wrong with it. Nothing is stored yet. */
  async function verifyEnrolment(begunBy: string, accountId: string, response: string): Promise<VerifiedPasskey | null> {
    const read = factor.readRegistration(response)
    const ceremony = read && (await ceremonies.find('enrol', begunBy, read.challenge))
    if (!ceremony || ceremony.accountId !== accountId) return null
    const verified = await factor.verifyRegistration(read, toldIn(read.challenge))
    return verified && { ...verified, ceremonyId: ceremony.id }
  }

  /**
   * Single winner: it counts from now on. It was proven by being made: a registration shows the key, the person's presence
   * and, where the authenticator asked, who they are.
   */
  async function addPasskey(tx: Tx, accountId: string, verified: VerifiedPasskey, label: string): Promise<AddedPasskey> {
    return (await ceremonies.use(tx, verified.ceremonyId)) ? insert(tx, accountId, verified, label) : { outcome: 'ended' }
  }

  async function insert(
    tx: Tx,
    accountId: string,
    verified: VerifiedPasskey,
    label: string,
    standsAlone = false,
  ): Promise<AddedPasskey> {
    await credentials.lock(tx, accountId)
    const before = standsAlone ? 0 : countOf(await credentials.ofAccountIn(tx, accountId)).passkeys
    if (before >= PASSKEYS_MAX) return { outcome: 'full' }
    const { externalId, data, counter } = verified
    const passkey = { id: newId(), externalId, data, counter, label: labelOf(label), now: clock.now() }
    if (!(await credentials.addPasskey(tx, accountId, passkey))) return { outcome: 'known' }
    return { outcome: 'added', credentialId: passkey.id, label: passkey.label }
  }

  /** The same in a sign-in, that needs one or may offer one; null in any other. */
  async function setUpOptions(attempt: Attempt): Promise<CreationOptions | null> {
    const account = (await waitsFor(attempt)) && attempt.accountId && (await deps.accounts.find(attempt.accountId))
    return account ? enrolOptions(begunIn(attempt), account) : null
  }

  /**
   * A passkey that was made in a sign-in. Where the sign-in needed one it is proven by that, and asked for from now on, as
   * an app would be; recovery codes come with it where there are none, and it stands in place of all there were where the
   * wait of a rescue is over. After a sign-in it is a way in, and nothing more.
   */
  async function confirmEnrolment(attempt: Attempt, response: string, label: string, asker: Asker): Promise<FactorOutcome> {
    const { accountId } = attempt
    const waits = await waitsFor(attempt)
    if (!waits || !accountId) return { outcome: 'ended' }
    const verified = await verifyEnrolment(begunIn(attempt), accountId, response)
    const account = await deps.accounts.find(accountId)
    if (!verified || !account) return WRONG
    return waits === 'offered'
      ? addOffered(attempt, account, verified, label, asker)
      : addNeeded(attempt, account, verified, label, asker)
  }

  async function addNeeded(
    attempt: Attempt,
    account: Account,
    verified: VerifiedPasskey,
    label: string,
    asker: Asker,
  ): Promise<FactorOutcome> {
    const set = await kept.newCodes()
    return transact(async (tx): Promise<FactorOutcome> => {
      // Nothing is set up in an attempt that has ended, and it does not end before this is done.
      if (!(await store.require(tx, attempt.id, attempt.requirement))) return { outcome: 'ended' }
      // A form that is sent twice does nothing the second time: what the first one brought is shown.
      if (!(await ceremonies.use(tx, verified.ceremonyId))) return { outcome: 'ended' }
      const completeRescue = await deps.rescues.readyIn(tx, attempt)
      await credentials.lock(tx, account.id)
      const own = await credentials.ofAccountIn(tx, account.id)
      // Whoever has set up another one meanwhile is asked for that.
      const since = own.filter(({ kind, provenAt }) => kind !== 'recovery' && provenAt !== null && provenAt >= attempt.createdAt)
      const other = since.some(({ kind }) => !attempt.proofs.some((proof) => proof.kind === kind))
      if (!completeRescue && (other || !assess.mayEnrol(attempt, account, own)))
        return assess.record(tx, attempt, account, attempt.proofs, asker)
      // Those that a rescue replaces do not count.
      const added = await insert(tx, account.id, verified, label, completeRescue !== null)
      if (added.outcome !== 'added') return WRONG
      await recordAdded(tx, attempt, account, asker)
      await completeRescue?.(added.credentialId, asker.who)
      const demands = await credentials.demand(tx, account.id, true)
      if (demands) await audit.record(tx, 'second.always', whoOf(attempt, account, asker))
      const codes = completeRescue || countOf(own).recoveryCodes === 0 ? set : null
      if (codes) await kept.replaceCodes(tx, account.id, codes)
      const sealed = codes && secrets.seal(JSON.stringify(codes.codes), sealOf(attempt))
      const { credentialId, label: name } = added
      const rescued = completeRescue !== null
      const enrolled: Enrolled = { kind: factor.kind, credentialId, label: name, sealed, demands, rescued }
      const { amr, level } = verified
      return prove(tx, attempt, { ...account, demandsSecond: true }, { kind: factor.kind, amr, level, enrolled }, asker)
    })
  }

  async function addOffered(
    attempt: Attempt,
    account: Account,
    verified: VerifiedPasskey,
    label: string,
    asker: Asker,
  ): Promise<FactorOutcome> {
    return transact(async (tx): Promise<FactorOutcome> => {
      if (!(await deps.flow.stands(tx, attempt))) return { outcome: 'ended' }
      // What was offered is offered still: somebody may have set up an app meanwhile.
      await credentials.lock(tx, account.id)
      if (!isOffered(attempt, await credentials.ofAccountIn(tx, account.id))) return { outcome: 'ended' }
      // Without a passkey a wish for it is what somebody else's has left behind.
      await credentials.demand(tx, account.id, false)
      const added = await addPasskey(tx, account.id, verified, label)
      if (added.outcome !== 'added') return added.outcome === 'ended' ? { outcome: 'ended' } : WRONG
      await recordAdded(tx, attempt, account, asker)
      // a factor has come.
      await deps.devices.forgetAll(tx, account.id)
      const enrolled = { kind: factor.kind, credentialId: added.credentialId, label: added.label, rescued: false }
      await deps.tells(tx, attempt, account, { proofs: attempt.proofs, enrolled, codesLeft: null, signedIn: false }, asker)
      return { outcome: 'proven', attempt }
    })
  }

  async function recordAdded(tx: Tx, attempt: Attempt, account: Account, asker: Asker): Promise<void> {
    const who = whoOf(attempt, account, asker)
    await audit.record(tx, 'factor.added', { ...who, detail: { method: factor.kind } })
  }

  /** Whether a passkey may be set up in this attempt: the sign-in needs a factor, or has ended well and may offer one. */
  async function waitsFor(attempt: Attempt): Promise<'needed' | 'offered' | null> {
    const { screen } = nextStep(attempt, clock.now())
    if (attempt.purpose !== 'sign-in' || !attempt.accountId) return null
    if (screen === 'enrol') return 'needed'
    return screen === 'gone-on' && (await mayOffer(attempt)) ? 'offered' : null
  }

  /**
   * Whether somebody who has just signed in may be offered their first passkey. It would stand for every factor that is
   * asked of them, so that one of these was shown in this very sign-in; a remembered browser does not do.
   */
  async function mayOffer(attempt: Attempt): Promise<boolean> {
    const { accountId } = attempt
    if (!accountId || nextStep(attempt, clock.now()).screen !== 'gone-on') return false
    const account = await deps.accounts.find(accountId)
    return account?.state === 'active' && isOffered(attempt, await credentials.ofAccount(accountId))
  }

  return { enrolOptions, verifyEnrolment, addPasskey, setUpOptions, confirmEnrolment, mayOffer }
}

function isOffered({ proofs }: Attempt, own: readonly Credential[]): boolean {
  const { apps, passkeys } = countOf(own)
  return passkeys === 0 && (apps === 0 || proofs.some(isKept))
}

function whoOf({ clientId, id }: Attempt, account: Account, { who }: Asker) {
  return { ...who, clientId, attemptId: id, accountId: account.id }
}
