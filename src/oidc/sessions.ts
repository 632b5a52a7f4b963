import { type Clock, hashOf, type Tx } from '../base/index.ts'
import type { Payload } from './stored-form.ts'

/** Where a session is used, as its person is shown it. A member of our own in the engine's record; no network address. */
interface Place {
  /** Browser and system in words. */
  device: string | null
  firstSeenAt: string
  lastSeenAt: string
}

/** A living session of the engine. */
export interface SignedInSession {
  uid: string
  /** Browser and system in words; null where it is not known. */
  device: string | null
  signedInAt: Date
  /** On the account page, or at its last request to be let into an application. */
  lastSeenAt: Date
  /** Applications that were let in; the account page is not one of them. */
  clientIds: readonly string[]
}

/** Which sessions end. */
export interface EndedSessions {
  /** The uid of the one that stays. */
  except: string | null
  /** Everything that was ever granted to anybody ends too: what `except` had, and refresh tokens that outlive sessions. */
  offline: boolean
}

export interface SessionStore {
  /** Living ones only, each once, the one that was used last first. */
  ofAccount(accountId: string, now: Date): Promise<SignedInSession[]>
  /**
   * Ends sessions of an account, whatever identifier they have by now, with codes, tokens and grants that were granted
   * to them (offline access excepted), interactions that hang on them, and those of the account page. With all of them,
   * or all but one, whatever was proven to sign in and has not become a session yet ends too: attempts and interactions,
   * except `attempt`.
   * Single-winner: an engine request that has read one of them writes nothing afterwards. Answers how many sessions of
   * them were living.
   */
  end(
    tx: Tx,
    accountId: string,
    which: { only: string } | { except: string | null; attempt?: string | undefined },
    now: Date,
  ): Promise<number>
  /** The session that an interaction was begun in; null where it was begun in none. */
  ofInteraction(tx: Tx, interactionId: string): Promise<string | null>
  /** Ends all codes, tokens and grants of an account. */
  endGrants(tx: Tx, accountId: string): Promise<void>
}

/** Sessions of the engine, as their person sees and ends them. What is ended is told to the audit trail by the caller. */
export function createSessions({ store, clock }: { store: SessionStore; clock: Clock }) {
  return {
    ofAccount: (accountId: string): Promise<SignedInSession[]> => store.ofAccount(accountId, clock.now()),

    /** False when the account has no such session. */
    async end(tx: Tx, accountId: string, uid: string): Promise<boolean> {
      return (await store.end(tx, accountId, { only: uid }, clock.now())) > 0
    },

    /** Answers how many ended. */
    async endAll(tx: Tx, accountId: string, { except, offline }: EndedSessions): Promise<number> {
      const ended = await store.end(tx, accountId, { except }, clock.now())
      if (offline) await store.endGrants(tx, accountId)
      return ended
    },

    /**
     * All but what this sign-in goes on from: its attempt, and the session that it was begun in. With nothing to go on,
     * all. `offline` as in `EndedSessions`.
     */
    async endAllBut(
      tx: Tx,
      accountId: string,
      attempt: { id: string; interactionUid: string } | null,
      offline: boolean,
    ): Promise<void> {
      const except = attempt && (await store.ofInteraction(tx, hashOf(attempt.interactionUid)))
      await store.end(tx, accountId, { except, attempt: attempt?.id }, clock.now())
      if (offline) await store.endGrants(tx, accountId)
    },
  }
}

/** The place of a session that is saved now; `before` is the same session as it was found, if it was there. */
export function placedAt(before: Payload | undefined, accountId: unknown, device: string | null, now: Date): Place {
  const known = before?.accountId === accountId ? (before?.place as Place | undefined) : undefined
  const at = now.toISOString()
  return { device: device ?? known?.device ?? null, firstSeenAt: known?.firstSeenAt ?? at, lastSeenAt: at }
}
