import { ADMIN_SCOPES, type Admin, AdminFault, type AdminScope, type LocalActor } from '../admin/index.ts'
import { Refusal } from '../base/index.ts'
import type { Door } from './door.ts'
import { CommandFault, exitOfStatus } from './exits.ts'

/** Whoever holds the database and its secrets may all; the trail says `local`. */
function localActor(): LocalActor {
  return { kind: 'local', scopes: new Set(Object.keys(ADMIN_SCOPES) as AdminScope[]), who: { actorId: 'local' } }
}

/** The operations in this process, on the database. */
export function openLocal(house: { issuer: string; admin: Pick<Admin, 'perform'>; close(): Promise<void> }): Door {
  const actor = localActor()
  return {
    issuer: house.issuer,
    async perform(name, input, options) {
      try {
        return await house.admin.perform(name, actor, input as never, options)
      } catch (error) {
        throw asCommandFault(error)
      }
    },
    close: () => house.close(),
  }
}

/** What the rooms refuse, as the end of a command; a bug stays what it is. */
export function asCommandFault(error: unknown): unknown {
  if (error instanceof AdminFault) return new CommandFault(exitOfStatus(error.status), error.detail, { faults: error.faults })
  if (error instanceof Refusal && error.code === 'unavailable') {
    return new CommandFault('unreachable', 'the database was not reached, or is too busy', { cause: error })
  }
  return error
}
