import type { Tx } from '../base/index.ts'
import type { AdminActor } from './actor.ts'
import type { AdminScope, Role } from './scopes.ts'

/** What is asked of storage about whoever asks, anew for every request. Nothing of it is kept. */
export interface ActorStore {
  /**
   * Whether the actor may still do something of this scope: a person who is active and in the same role, by a session at
   * the console or a grant that stands; a client that is registered, switched on, and has the scope; whoever is local
   * always may. Until `tx` ends nobody takes it away: whoever suspends, revokes or ends waits for the change, or has
   * been seen by it. Changes of who administers, those that may end the access of somebody who does (`shutsOut`), and
   * those of clients and APIs are made one after the other.
   */
  stillMay(tx: Tx, actor: AdminActor, scope: AdminScope, now: Date, shutsOut?: boolean): Promise<boolean>
  /**
   * The person of an access token, by the grant that it was issued under (the engine's own name of it). Null when the
   * account is not active, or the grant is not there any more: the token is worth nothing. `role` is null for whoever
   * administers nothing. `secondFactor`: an authenticator of their own, without which no proof counts as two.
   */
  personByGrant(accountId: string, grantId: string, now: Date): Promise<{ role: Role | null; secondFactor: boolean } | null>
  /** The scopes of the admin API that a client is registered for; null when it is not, or is switched off. */
  machine(clientId: string, now: Date): Promise<{ scopes: AdminScope[] } | null>
}
