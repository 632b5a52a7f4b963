import type { Handlers } from '../operation.ts'
import type { administratorOperations } from '../specs/administrators.ts'
import type { invitationOperations } from '../specs/invitations.ts'
import type { peopleOperations } from '../specs/people.ts'
import type { rescueOperations } from '../specs/rescues.ts'
import { createAdministratorHandlers } from './administrators.ts'
import { createChangeHandlers } from './changes.ts'
import type { PeopleDeps } from './deps.ts'
import { createEndingHandlers } from './endings.ts'
import { createImportHandlers } from './import.ts'
import { createInvitationHandlers } from './invitations.ts'
import { createReadHandlers } from './reading.ts'
import { createRescueHandlers } from './rescue.ts'

type PeopleOperations = typeof peopleOperations &
  typeof rescueOperations &
  typeof invitationOperations &
  typeof administratorOperations

/** Everything that administrators do about people: look, help, invite, suspend, delete, import, and give roles. */
export function createPeopleHandlers(deps: PeopleDeps): Handlers<PeopleOperations> {
  return {
    ...createReadHandlers(deps),
    ...createChangeHandlers(deps),
    ...createEndingHandlers(deps),
    ...createRescueHandlers(deps),
    ...createInvitationHandlers(deps),
    ...createImportHandlers(deps),
    ...createAdministratorHandlers(deps),
  }
}
