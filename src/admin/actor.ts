import type { EventWho } from '../audit/index.ts'
import type { AdminScope, Role } from './scopes.ts'

/**
 * Who asks for an operation, found out anew for every request: a person with a role, a client by its own
 * credentials, or whoever holds the database and its secrets (`local`).
 */
export type AdminActor = PersonActor | ClientActor | LocalActor

interface ActorBase {
  /** What it was given; a local command has all of them. */
  scopes: ReadonlySet<AdminScope>
  /** Where the request comes from; `actorId` names who asks. */
  who: EventWho & { actorId: string }
}

/** An administrator: at the console, or by a token that was issued to an application for them. */
export interface PersonActor extends ActorBase {
  kind: 'person'
  accountId: string
  role: Role
  /** What the proof was worth, and when the oldest of it was given: everything needs a second factor, and changes a young one. */
  level: number
  authTime: Date
  /** The session at the console, or the grant of the token; whoever ends it ends requests that are under way. */
  standing: { session: string } | { grant: string }
}

/** A machine, by client credentials: what it may is what its registration says. */
export interface ClientActor extends ActorBase {
  kind: 'client'
  clientId: string
}

export interface LocalActor extends ActorBase {
  kind: 'local'
}

/** The role that an actor acts in: only people have fewer rights than their scopes say. */
export function roleOf(actor: AdminActor): Role {
  return actor.kind === 'person' ? actor.role : 'admin'
}
