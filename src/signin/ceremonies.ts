import { addSeconds, type Clock, hashOf, newSecret, type Secrets, type Tx } from '../base/index.ts'

/** What a passkey's signature is for. One for this is none for that. */
export type CeremonyKind = 'sign-in' | 'second' | 'enrol'

/** A challenge that a passkey is to sign, as it is stored: `id` is its SHA-256. */
export interface Ceremony {
  id: string
  kind: CeremonyKind
  /** Keyed hash of what it was begun in: an interaction, or an account session. */
  boundTo: string
  /** Whose passkey it asks for; null: whoever it finds. */
  accountId: string | null
  createdAt: Date
  expiresAt: Date
}

/** What ceremonies need from storage. */
export interface CeremonyStore {
  /** Adds it; of all that are bound to the same only the newest `most` stay. */
  begin(ceremony: Ceremony, most: number): Promise<void>
  /** One of this kind that has not expired, bound to one of these. */
  find(of: Pick<Ceremony, 'id' | 'kind'> & { boundTo: readonly string[] }, now: Date): Promise<Pick<Ceremony, 'accountId'> | null>
  /** Single winner: it is gone. False when it was before. */
  use(tx: Tx, id: string): Promise<boolean>
}

/** */
const LIFE_SECONDS = 5 * 60
const LIVE_MAX = 5

/**
 * Challenges for passkeys: 32 random bytes, kept as a hash, for one use of one kind in the browser session that asked for
 * them, five minutes at most (R-110; WebAuthn L3 §13.4.3).
 */
export function createCeremonies(deps: { store: CeremonyStore; secrets: Secrets; clock: Clock }) {
  const { store, secrets, clock } = deps
  const boundTo = (begunBy: string, secretId: string) => secrets.hmac('passkey', begunBy, secretId).toString('base64url')

  return {
    /** Answers the challenge, base64url. `told`: base64url that is given back with it, behind the random bytes. */
    async begin(kind: CeremonyKind, begunBy: string, accountId: string | null, told = ''): Promise<string> {
      const challenge = Buffer.concat([newSecret(), told].map((part) => Buffer.from(part, 'base64url'))).toString('base64url')
      const createdAt = clock.now()
      const times = { createdAt, expiresAt: addSeconds(createdAt, LIFE_SECONDS) }
      const id = hashOf(challenge)
      await store.begin({ id, kind, boundTo: boundTo(begunBy, secrets.currentId), accountId, ...times }, LIVE_MAX)
      return challenge
    },

    /** The one that a challenge belongs to; null for a challenge of another kind, of somebody else, used, or too old. */
    async find(kind: CeremonyKind, begunBy: string, challenge: string): Promise<{ id: string; accountId: string | null } | null> {
      const id = hashOf(challenge)
      const bound = secrets.ids.map((secretId) => boundTo(begunBy, secretId))
      const found = await store.find({ id, kind, boundTo: bound }, clock.now())
      return found && { id, accountId: found.accountId }
    },

    /** Single winner, in the transaction of the proof. */
    use: store.use,
  }
}

export type Ceremonies = ReturnType<typeof createCeremonies>

/** What `begin` was told, out of the challenge; its hash was found, so that it is what was given out. */
export function toldIn(challenge: string): string {
  return Buffer.from(challenge, 'base64url').subarray(32).toString('base64url')
}

/** What a ceremony of a sign-in is bound to. No account session has a name of this form. */
export function begunIn({ interactionUid }: { interactionUid: string }): string {
  return `interaction ${interactionUid}`
}
