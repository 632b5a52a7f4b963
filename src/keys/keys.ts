import type { JWK } from 'jose'
import { type Clock, type Log, type Secrets, type Transact, type Tx, UnknownSecret } from '../base/index.ts'
import { makeKey } from './make-key.ts'
import { openJwk, sealedWith, sealJwk } from './sealed-jwk.ts'
import { ALGS, type KeyState, type SigningAlg, type SigningKeyRow } from './signing-key.ts'

/** What keys need from storage. */
export interface KeyStore {
  all(): Promise<SigningKeyRow[]>
  /** All keys. Single winner: only one instance holds the answer until its transaction ends. */
  lock(tx: Tx): Promise<SigningKeyRow[]>
  /** What time it is by the database's clock. */
  time(tx: Tx): Promise<Date>
  /** Adds a key. At most one `current` and one `next` of an algorithm can be there. Every process hears of it at the commit. */
  insert(tx: Tx, row: SigningKeyRow): Promise<void>
  /** Moves a key to another state. Every process hears of it at the commit. */
  move(tx: Tx, row: Pick<SigningKeyRow, 'id' | 'state' | 'activatedAt' | 'retiredAt'>): Promise<void>
  /** Takes keys away. Every process hears of it at the commit. */
  remove(tx: Tx, ids: readonly string[]): Promise<void>
  /** Puts a fresh seal in the place of the one that was read; does nothing when another instance was quicker. */
  reseal(id: string, before: string, after: string): Promise<void>
}

/** The signing keys cannot be used: the service must not start (F-40). The message is for the operator. */
export class SigningKeyFault extends Error {
  override name = 'SigningKeyFault'
}

export interface Keys {
  /** Makes the current key of each algorithm that has none; of parallel instances one makes it. */
  ensure(): Promise<void>
  /** What `jwksOf` makes of the keys as they are now. */
  load(): Promise<JWK[]>
  /**
   * The private JWKs with `kid`, `use` and `alg`: current ones first, then previous, and next last, since the engine signs
   * with the first that fits. Throws `SigningKeyFault` when a current one is missing or one cannot be opened.
   */
  jwksOf(rows: readonly SigningKeyRow[]): Promise<JWK[]>
  /** All keys as they stand in the database, in the order of their use. */
  list(): Promise<SigningKeyRow[]>
  /** Seals anew what an older secret sealed, so that the older one can go. Not again and again: instances may differ in it. */
  reseal(): Promise<void>
}

/** Signing keys, made and kept by the service itself. */
export function createKeys(deps: { store: KeyStore; transact: Transact; secrets: Secrets; clock: Clock; log: Log }): Keys {
  const { store, transact, secrets, clock, log } = deps
  /** What was opened before, by its seal: the set is looked at every few seconds. */
  let opened = new Map<string, JWK>()

  async function ensure(): Promise<void> {
    const lacking = lackingIn(await store.all())
    if (lacking.length === 0) return
    // Made before the lock is taken: an RSA key can take a second, and all instances wait for the lock.
    const made = await Promise.all(lacking.map((alg) => makeKey(alg, secrets, { now: clock.now(), state: 'current' })))
    const kept = await transact(async (tx) => {
      const needed: readonly string[] = lackingIn(await store.lock(tx))
      const rows = made.filter(({ alg }) => needed.includes(alg))
      for (const row of rows) await store.insert(tx, row)
      return rows
    })
    for (const { id, alg } of kept) log.info({ kid: id, alg }, 'signing key made')
  }

  async function jwksOf(rows: readonly SigningKeyRow[]): Promise<JWK[]> {
    const [missing] = lackingIn(rows)
    if (missing) throw new SigningKeyFault(`there is no current signing key for ${missing}`)
    const jwks = await Promise.all(rows.toSorted(inOrderOfUse).map(open))
    opened = new Map(rows.toSorted(inOrderOfUse).map(({ privateJwe }, at) => [privateJwe, jwks[at] as JWK]))
    return jwks
  }

  async function open(row: SigningKeyRow): Promise<JWK> {
    return opened.get(row.privateJwe) ?? openRow(row, secrets)
  }

  async function reseal(): Promise<void> {
    for (const row of await store.all()) {
      if (sealedWith(row.privateJwe) === secrets.currentId) continue
      const { use: _use, alg: _alg, kid: _kid, ...bare } = await openRow(row, secrets)
      await store.reseal(row.id, row.privateJwe, await sealJwk(bare, secrets))
      log.info({ kid: row.id }, 'signing key sealed with the newest secret')
    }
  }

  return {
    ensure,
    jwksOf,
    load: async () => jwksOf(await store.all()),
    list: async () => (await store.all()).sort(inOrderOfUse),
    reseal,
  }
}

/** Opens a key of the database. Throws `SigningKeyFault`. */
export async function openRow({ id, alg, privateJwe }: SigningKeyRow, secrets: Secrets): Promise<JWK> {
  try {
    return { ...(await openJwk(privateJwe, id, secrets)), kid: id, use: 'sig', alg }
  } catch (cause) {
    if (cause instanceof UnknownSecret) {
      throw new SigningKeyFault(`signing key ${id} was sealed with a secret that SECRETS does not list any more`, { cause })
    }
    throw new SigningKeyFault(`signing key ${id} is damaged and cannot be opened`, { cause })
  }
}

function lackingIn(rows: readonly SigningKeyRow[]): SigningAlg[] {
  const present = rows.filter(({ state }) => state === 'current').map(({ alg }) => alg)
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
