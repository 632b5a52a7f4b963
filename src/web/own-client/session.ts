import type { Role } from '../../admin/index.ts'
import { addSeconds, type Clock, hashOf, newSecret, SealBroken, type Secrets, type Tx } from '../../base/index.ts'
import type { Level } from '../../signin/index.ts'
import type { Place } from './place.ts'

/** After so long without a request a session of a place ends. */
const IDLE_SECONDS = 30 * 60
/** After so long it ends, whatever was done meanwhile. */
const ABSOLUTE_SECONDS = 12 * 60 * 60
/** The last request is written at most this often, so that reading a page is mostly reading. */
const SEEN_EVERY_SECONDS = 60

/** A living session on the account page or the console. */
export interface OwnSession {
  /** SHA-256 of the cookie's token: it opens nothing by itself. */
  id: string
  accountId: string
  /** The engine's session that it hangs on, and how the ID token names it. */
  sessionUid: string
  sid: string
  /** What `acr` said. */
  level: Level
  /** When the oldest proof that counts was given. */
  authTime: Date
  /** The ID token, sealed: it names the session at sign-out. */
  idToken: string
  /** Recovery codes that the person has not kept yet, sealed; null when there are none. */
  sealed: string | null
  lastSeenAt: Date
  /** Authenticators of the account that count. */
  authenticators: number
  /** As what the account may administer, now; null: not at all. */
  role: Role | null
}

/** What a sign-in brought. */
export interface SignedIn {
  accountId: string
  /** The engine's session, as the ID token names it. */
  sid: string
  level: Level
  authTime: Date
  idToken: string
}

export interface OwnSessionRow extends SignedIn {
  id: string
  sealed: string | null
  createdAt: Date
  expiresAt: Date
}

/** What a place needs from storage: its own sessions. */
export interface OwnSessionStore {
  /**
   * In one statement, since every request asks: the session of this id that ends after `now` and was seen
   * after `seenAfter`, whose account may sign in, and whose session of the engine lives and still knows this place.
   */
  find(id: string, now: Date, seenAfter: Date): Promise<OwnSession | null>
  /** Adds a session and ends `replaces` with it; false, and nothing is written, where the account is gone. */
  create(row: OwnSessionRow, replaces: string | null): Promise<boolean>
  seen(id: string, now: Date): Promise<void>
  end(id: string): Promise<void>
  /** Keeps what is to be shown in this session until it is taken, in place of what any session of its account has kept. */
  keepSealed(tx: Tx, id: string, sealed: string): Promise<void>
  forgetSealed(id: string): Promise<void>
}

/**
 * Sessions of a place. The cookie holds a random token, the store its hash; a token that was not made here finds
 * nothing. Each is bound to the session of the engine that it came from, and is gone with it.
 */
export function createOwnSessions(deps: { place: Place; store: OwnSessionStore; secrets: Secrets; clock: Clock }) {
  const { store, secrets, clock } = deps
  const { clientId } = deps.place
  // What is sealed for one session opens in no other.
  const codesContext = (id: string) => `${clientId}/codes/${id}`
  const idTokenContext = (id: string) => `${clientId}/id-token/${id}`

  /** The living session of this token. */
  async function find(token: string): Promise<OwnSession | null> {
    const now = clock.now()
    const session = await store.find(hashOf(token), now, addSeconds(now, -IDLE_SECONDS))
    if (session && addSeconds(session.lastSeenAt, SEEN_EVERY_SECONDS) <= now) await store.seen(session.id, now)
    return session
  }

  /**
   * A new session, always under a new token; the one that the browser had ends with it. Codes that the same person
   * has not kept yet go along. Answers the token; null where the account is gone.
   */
  async function begin(signedIn: SignedIn, oldToken: string | undefined): Promise<string | null> {
    const token = newSecret()
    const id = hashOf(token)
    const now = clock.now()
    const old = oldToken === undefined ? null : await find(oldToken)
    const codes = old?.accountId === signedIn.accountId ? codesOf(old) : null
    const row = {
      ...signedIn,
      id,
      idToken: secrets.seal(signedIn.idToken, idTokenContext(id)),
      sealed: codes && sealedCodes(id, codes),
      createdAt: now,
      expiresAt: addSeconds(now, ABSOLUTE_SECONDS),
    }
    const begun = await store.create(row, oldToken === undefined ? null : hashOf(oldToken))
    return begun ? token : null
  }

  /**
   * An authenticator was proven in this session: it counts as strong from now on, under a new token. Null where
   * the session has gone.
   */
  async function strengthen(session: OwnSession, token: string | undefined): Promise<string | null> {
    const idToken = idTokenOf(session)
    return idToken === null ? null : begin({ ...session, level: 3, idToken }, token)
  }

  /** For the sign-out; null where it was sealed with a secret that is gone. */
  const idTokenOf = ({ id, idToken }: Pick<OwnSession, 'id' | 'idToken'>) => opened(idToken, idTokenContext(id))

  /** Recovery codes that wait to be kept; null when there are none. */
  function codesOf({ id, sealed }: Pick<OwnSession, 'id' | 'sealed'>): string[] | null {
    const codes = sealed === null ? null : opened(sealed, codesContext(id))
    return codes === null ? null : (JSON.parse(codes) as string[])
  }

  /** They can be seen in this session, and nowhere else, until they are taken; those from before are seen no more. */
  const keepCodes = (tx: Tx, id: string, codes: readonly string[]) => store.keepSealed(tx, id, sealedCodes(id, codes))

  /** Nobody sees them again. */
  const takeCodes = (id: string) => store.forgetSealed(id)

  function sealedCodes(id: string, codes: readonly string[]): string {
    return secrets.seal(JSON.stringify(codes), codesContext(id))
  }

  function opened(sealed: string, context: string): string | null {
    try {
      return secrets.open(sealed, context)
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }

  return { find, begin, strengthen, end: store.end, idTokenOf, codesOf, keepCodes, takeCodes }
}

export type OwnSessions = ReturnType<typeof createOwnSessions>
