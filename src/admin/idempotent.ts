import { addSeconds, hashOf, type Secrets, type Tx } from '../base/index.ts'
import type { AdminActor } from './actor.ts'
import { canonical } from './canonical.ts'
import { AdminFault } from './fault.ts'

/** An answer is given again for so long. */
const KEPT_SECONDS = 24 * 3600
const KEY = /^[\x21-\x7e]{1,255}$/

/** What answers need from storage; all of it in the transaction of the change. */
export interface IdempotentAnswerStore {
  /**
   * Takes `id` for this transaction: true where nobody has it, or where it ended before `now`. Must be single-winner:
   * whoever takes the same one meanwhile waits until this transaction ends, and is answered false where it was committed.
   */
  take(tx: Tx, row: { id: string; requestHash: string; expiresAt: Date }, now: Date): Promise<boolean>
  /** What was kept under an id that somebody else has taken. */
  find(tx: Tx, id: string): Promise<{ requestHash: string; answer: string | null } | null>
  keep(tx: Tx, id: string, answer: string): Promise<void>
}

/** One change that was asked for with a key. */
export interface KeyedRequest {
  actor: AdminActor
  operation: string
  /** Whatever makes another request of it: input and condition. */
  request: unknown
  key: string
}

/**
 * Does a change once for a key (draft-ietf-httpapi-idempotency-key-header): whoever asks again, at the same time or
 * later, gets the answer of the one that was done. The answer is sealed, since it may hold a secret that is shown once.
 * A change that fails keeps nothing.
 */
export function createIdempotent(deps: { store: IdempotentAnswerStore; secrets: Secrets }) {
  const { store, secrets } = deps

  /** `work` answers what can be written as JSON. */
  return async function once<T>(tx: Tx, asked: KeyedRequest, now: Date, work: () => Promise<T>): Promise<T> {
    if (!KEY.test(asked.key)) {
      throw new AdminFault('invalid_input', 'The Idempotency-Key is not right.', [
        { field: 'Idempotency-Key', words: 'must be 1 to 255 visible characters of ASCII' },
      ])
    }
    const id = hashOf(canonical([bearerOf(asked.actor), asked.operation, asked.key]))
    const requestHash = hashRequest(asked)
    if (await store.take(tx, { id, requestHash, expiresAt: addSeconds(now, KEPT_SECONDS) }, now)) {
      const answer = await work()
      await store.keep(tx, id, secrets.seal(JSON.stringify(answer), contextOf(id)))
      return answer
    }
    const kept = await store.find(tx, id)
    if (!kept?.answer) throw new Error('an idempotent answer was taken and is not there')
    if (!isSameRequest(asked, kept.requestHash)) {
      throw new AdminFault('idempotency_mismatch', 'This key came with another request before: take a new key.')
    }
    return JSON.parse(secrets.open(kept.answer, contextOf(id))) as T
  }

  // Keyed, because what is asked for may be guessed: an address, a number.
  function hashRequest({ request }: KeyedRequest, secretId: string = secrets.currentId): string {
    return `${secretId}.${secrets.hmac('idempotency', canonical(request), secretId).toString('base64url')}`
  }

  function isSameRequest(asked: KeyedRequest, hash: string): boolean {
    const secretId = secrets.ids.find((id) => hash.startsWith(`${id}.`))
    return secretId !== undefined && hashRequest(asked, secretId) === hash
  }
}

const contextOf = (id: string) => `idempotent-answer/${id}`

function bearerOf(actor: AdminActor): readonly string[] {
  if (actor.kind === 'person') return ['person', actor.accountId]
  return actor.kind === 'client' ? ['client', actor.clientId] : ['local']
}
