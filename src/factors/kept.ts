import { type Clock, newId, type Tx } from '../base/index.ts'
import type { Credential } from './factor.ts'
import type { RecoveryFactor } from './recovery/index.ts'
import type { TotpFactor } from './totp/index.ts'

/** What kept factors need from storage. A credential that was removed is none to any of these but `restore`. */
export interface CredentialStore {
  ofAccount(accountId: string): Promise<Credential[]>
  ofAccountIn(tx: Tx, accountId: string): Promise<Credential[]>
  /** Until `tx` ends, nobody else gets past this for the account: what is read next stays so. */
  lock(tx: Tx, accountId: string): Promise<void>
  add(
    tx: Tx,
    accountId: string,
    credential: { id: string; kind: string; data: string; label: string; provenAt: Date | null; now: Date },
  ): Promise<void>
  /** Single winner: counts from now on, with this counter; false when it did before. */
  proven(tx: Tx, id: string, counter: bigint, now: Date): Promise<boolean>
  /** Single winner: this counter and all before it are used up. */
  burn(tx: Tx, id: string, counter: bigint, now: Date): Promise<boolean>
  /** Those of this label that were never proven. */
  removeUnproven(tx: Tx, accountId: string, kind: string, label: string): Promise<void>
  /** Of two at once the second sees what the first one added. */
  removeKind(tx: Tx, accountId: string, kind: string): Promise<void>
  rename(tx: Tx, accountId: string, id: string, label: string): Promise<void>
  /** Single winner: counts for nothing from now on; false as well when it is somebody else's. */
  remove(tx: Tx, accountId: string, id: string, now: Date): Promise<boolean>
  /** Single winner: one that was removed counts again, with what was used up of it; false when it is gone for good. */
  restore(tx: Tx, accountId: string, id: string): Promise<boolean>
  /** All of this kind that were removed in that time. */
  restoreBetween(tx: Tx, accountId: string, kind: string, from: Date, before: Date): Promise<void>
  /** It is gone, and cannot be brought back. */
  discard(tx: Tx, accountId: string, id: string): Promise<void>
}

/** A credential, and whose it is. */
export type OwnedCredential = Credential & { accountId: string }

/** What passkeys need from storage besides. One that was removed opens nothing, and its id stays taken. */
export interface PasskeyStore {
  /** The passkey of this credential id (WebAuthn), whoever has it. */
  byExternalId(externalId: string): Promise<OwnedCredential | null>
  /** Single winner over all accounts: false when the credential id is taken, by a removed one as well. */
  addPasskey(
    tx: Tx,
    accountId: string,
    passkey: { id: string; externalId: string; data: string; label: string; counter: bigint; now: Date },
  ): Promise<boolean>
  /**
   * It was used, with this counter and this data. False when it was removed, or the counter was used by now: a counter
   * above zero never comes twice, one that is always zero counts nothing (WebAuthn L3 §6.1.1).
   */
  usedPasskey(tx: Tx, id: string, used: { counter: bigint; data: string }, now: Date): Promise<boolean>
  /** From now on one of the account's passkeys is asked for in every sign-in, or no more. False: it was so before. */
  demand(tx: Tx, accountId: string, always: boolean): Promise<boolean>
}

/** An authenticator that is being set up, as its page shows it. */
export interface Enrolment {
  qr: { size: number; path: string }
  /** The seed to be typed, in groups of four. */
  key: string
}

/** A set of recovery codes: to show once, and to store. */
export interface CodeSet {
  codes: string[]
  data: string[]
}

const LABEL_MAX = 60
const AUTHENTICATORS_MAX = 5

/**
 * Factors whose secret a person keeps: set up, named, removed. Who may do it, and what the trail and the notices say,
 * is the caller's. A new authenticator counts once a code of it was typed.
 */
export function createKeptFactors(deps: { store: CredentialStore; totp: TotpFactor; recovery: RecoveryFactor; clock: Clock }) {
  const { store, totp, recovery, clock } = deps
  let making: Promise<unknown> = Promise.resolve()

  /**
   * The authenticator that `begunBy` has begun to set up since `since` and that was not proven yet. Nobody is shown a seed
   * that somebody else has seen: who begins is a session or an attempt, and no other finds it.
   */
  async function unproven(accountId: string, begunBy: string, since: Date): Promise<Credential | null> {
    const own = await store.ofAccount(accountId)
    const mine = own.filter(({ kind, provenAt, label }) => kind === 'totp' && provenAt === null && label === begunBy)
    return mine.find(({ createdAt }) => createdAt >= since) ?? null
  }

  /** A new seed, in place of one that the same has begun before. Until it is proven its label says who. */
  async function begin(tx: Tx, accountId: string, begunBy: string): Promise<void> {
    const { data } = totp.newSeed(accountId)
    await store.removeUnproven(tx, accountId, 'totp', begunBy)
    await store.add(tx, accountId, { id: newId(), kind: 'totp', data, label: begunBy, provenAt: null, now: clock.now() })
  }

  function shown(credential: Credential, accountId: string, accountLabel: string, issuerName: string): Enrolment {
    const uri = totp.uri(accountLabel, issuerName, credential.data, accountId)
    return { qr: totp.qrSvgPath(uri), key: totp.keyOf(credential.data, accountId) }
  }

  /** The counter that the first code uses up; null when it is not right. */
  async function judgeFirst(credential: Credential, accountId: string, typed: string): Promise<bigint | null> {
    const text = totp.read(typed)
    const found = text && (await totp.judge([{ ...credential, provenAt: clock.now() }], accountId, text))
    return found ? found.counter : null
  }

  /** Single winner: the authenticator counts from now on, and its first code is used. */
  async function confirm(tx: Tx, accountId: string, credentialId: string, counter: bigint, label: string): Promise<boolean> {
    if (!(await store.proven(tx, credentialId, counter, clock.now()))) return false
    await store.rename(tx, accountId, credentialId, labelOf(label))
    return true
  }

  /** The new set counts, the old one ends. */
  async function replaceCodes(tx: Tx, accountId: string, { data }: CodeSet): Promise<void> {
    const now = clock.now()
    await store.removeKind(tx, accountId, 'recovery')
    for (const one of data) {
      await store.add(tx, accountId, { id: newId(), kind: 'recovery', data: one, label: '', provenAt: now, now })
    }
  }

  /**
   * Ten new codes; takes half a second, so it is called outside of any transaction. One set at a time in this process:
   * however many are asked for, the hashes of those who sign in find room.
   */
  function newCodes(): Promise<CodeSet> {
    const made = making.then(() => recovery.newSet())
    making = made.catch(() => {})
    return made
  }

  return {
    ofAccount: store.ofAccount,
    ofAccountIn: store.ofAccountIn,
    unproven,
    begin,
    shown,
    judgeFirst,
    confirm,
    newCodes,
    replaceCodes,
    /** None is left. */
    endCodes: (tx: Tx, accountId: string) => store.removeKind(tx, accountId, 'recovery'),
    rename: (tx: Tx, accountId: string, id: string, label: string) => store.rename(tx, accountId, id, labelOf(label)),
    /** It counts for nothing at once, and can be brought back until it is swept away. */
    remove: (tx: Tx, accountId: string, id: string) => store.remove(tx, accountId, id, clock.now()),
    restore: store.restore,
    restoreBetween: (tx: Tx, accountId: string, kind: 'totp' | 'passkey', from: Date, before: Date) =>
      store.restoreBetween(tx, accountId, kind, from, before),
    discard: store.discard,
    authenticatorsMax: AUTHENTICATORS_MAX,
  }
}

export type KeptFactors = ReturnType<typeof createKeptFactors>

/** How many credentials of an account count: authenticator apps, passkeys, codes that are left. */
export interface CredentialCount {
  apps: number
  passkeys: number
  recoveryCodes: number
}

/** Of the account's credentials those that count. */
export function countOf(own: readonly Credential[]): CredentialCount {
  const proven = (wanted: string) => own.filter(({ kind, provenAt }) => kind === wanted && provenAt !== null)
  return {
    apps: proven('totp').length,
    passkeys: proven('passkey').length,
    recoveryCodes: own.filter(({ kind, counter }) => kind === 'recovery' && Number(counter) === 0).length,
  }
}

/** A name as it is kept: without what cannot be seen or turns the direction of the words around it. */
export function labelOf(typed: string): string {
  return typed
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, LABEL_MAX)
}
