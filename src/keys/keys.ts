import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { type Clock, type Log, type Secrets, type Transact, type Tx, UnknownSecret } from '../base/index.ts'
import { openJwk, sealedWith, sealJwk } from './sealed-jwk.ts'

/** ES256 signs unless a client or an API asks for RS256. */
const ALGS = ['ES256', 'RS256'] as const

export type SigningAlg = (typeof ALGS)[number]
/** A key is published as `next` before it signs, signs as `current`, and is published as `previous` while its tokens live. */
export type KeyState = 'next' | 'current' | 'previous'

/** A signing key at rest. `id` is its `kid`, the RFC 7638 thumbprint. */
export interface SigningKeyRow {
  id: string
  alg: string
  state: KeyState
  publicJwk: JWK
  /** The private key, sealed. */
  privateJwe: string
  createdAt: Date
  activatedAt: Date | null
}

/** What keys need from storage. */
export interface KeyStore {
  all(): Promise<SigningKeyRow[]>
  /** Holds, until `tx` ends, a lock that one instance at a time has; answers the algorithms with a current key then. */
  lockCurrent(tx: Tx): Promise<string[]>
  insert(tx: Tx, row: SigningKeyRow): Promise<void>
  /** Puts a fresh seal in the place of the one that was read; does nothing when another instance was quicker. */
  reseal(id: string, before: string, after: string): Promise<void>
}

/** The signing keys cannot be used: the service must not start (F-40). The message is for the operator. */
class SigningKeyFault extends Error {
  override name = 'SigningKeyFault'
}

export interface Keys {
  /** Makes the current key of each algorithm that has none; of parallel instances one makes it. */
  ensure(): Promise<void>
  /**
   * The private JWKs with `kid`, `use` and `alg`: current ones first, then previous, and next last, since the
   * engine signs with the first that fits. What an older secret sealed is sealed anew with the newest, so that the
   * older one can go. Throws `SigningKeyFault` when one is missing or cannot be opened.
   */
  load(): Promise<JWK[]>
  /** What anybody may know of them, in the order of their use. */
  list(): Promise<Pick<SigningKeyRow, 'id' | 'alg' | 'state' | 'createdAt' | 'activatedAt'>[]>
}

/** Signing keys, made and kept by the service itself. */
export function createKeys(deps: { store: KeyStore; transact: Transact; secrets: Secrets; clock: Clock; log: Log }): Keys {
  const { store, transact, secrets, clock, log } = deps

  async function ensure(): Promise<void> {
    const lacking = lackingIn(currentAlgs(await store.all()))
    if (lacking.length === 0) return
    // Made before the lock is taken: an RSA key can take a second, and all instances wait for the lock.
    const made = await Promise.all(lacking.map((alg) => makeKey(alg, secrets, clock.now())))
    const kept = await transact(async (tx) => {
      const needed: readonly string[] = lackingIn(await store.lockCurrent(tx))
      const rows = made.filter(({ alg }) => needed.includes(alg))
      for (const row of rows) await store.insert(tx, row)
      return rows
    })
    for (const { id, alg } of kept) log.info({ kid: id, alg }, 'signing key made')
  }

  async function load(): Promise<JWK[]> {
    const rows = await store.all()
    const [missing] = lackingIn(currentAlgs(rows))
    if (missing) throw new SigningKeyFault(`there is no current signing key for ${missing}`)
    return Promise.all(
      rows.sort(inOrderOfUse).map(async (row) => {
        const jwk = await openRow(row, secrets)
        if (sealedWith(row.privateJwe) !== secrets.currentId) await reseal(row, jwk)
        return jwk
      }),
    )
  }

  async function reseal({ id, privateJwe }: SigningKeyRow, { use: _use, alg: _alg, kid: _kid, ...bare }: JWK): Promise<void> {
    await store.reseal(id, privateJwe, await sealJwk(bare, secrets))
    log.info({ kid: id }, 'signing key sealed with the newest secret')
  }

  async function list(): ReturnType<Keys['list']> {
    const rows = (await store.all()).sort(inOrderOfUse)
    return rows.map(({ id, alg, state, createdAt, activatedAt }) => ({ id, alg, state, createdAt, activatedAt }))
  }

  return { ensure, load, list }
}

async function makeKey(alg: SigningAlg, secrets: Secrets, now: Date): Promise<SigningKeyRow> {
  const pair = await generateKeyPair(alg, { extractable: true })
  const publicJwk = await exportJWK(pair.publicKey)
  const id = await calculateJwkThumbprint(publicJwk)
  const privateJwe = await sealJwk(await exportJWK(pair.privateKey), secrets)
  return {
    id,
    alg,
    state: 'current',
    publicJwk: { ...publicJwk, kid: id, use: 'sig', alg },
    privateJwe,
    createdAt: now,
    activatedAt: now,
  }
}

async function openRow({ id, alg, privateJwe }: SigningKeyRow, secrets: Secrets): Promise<JWK> {
  try {
    return { ...(await openJwk(privateJwe, id, secrets)), kid: id, use: 'sig', alg }
  } catch (cause) {
    if (cause instanceof UnknownSecret) {
      throw new SigningKeyFault(`signing key ${id} was sealed with a secret that SECRETS does not list any more`, { cause })
    }
    throw new SigningKeyFault(`signing key ${id} is damaged and cannot be opened`, { cause })
  }
}

function currentAlgs(rows: readonly SigningKeyRow[]): string[] {
  return rows.filter(({ state }) => state === 'current').map(({ alg }) => alg)
}

function lackingIn(present: readonly string[]): SigningAlg[] {
  return ALGS.filter((alg) => !present.includes(alg))
}

const STATE_ORDER: Readonly<Record<KeyState, number>> = { current: 0, previous: 1, next: 2 }

function inOrderOfUse(a: SigningKeyRow, b: SigningKeyRow): number {
  return (
    STATE_ORDER[a.state] - STATE_ORDER[b.state] ||
    a.alg.localeCompare(b.alg) ||
    b.createdAt.getTime() - a.createdAt.getTime() ||
    a.id.localeCompare(b.id)
  )
}
