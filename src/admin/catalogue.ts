import { administratorOperations } from './specs/administrators.ts'
import { auditOperations, statsOperations } from './specs/audit.ts'
import { clientOperations, resourceServerOperations } from './specs/clients.ts'
import { invitationOperations } from './specs/invitations.ts'
import { keyOperations } from './specs/keys.ts'
import { messageOperations } from './specs/messages.ts'
import { peopleOperations } from './specs/people.ts'
import { rescueOperations } from './specs/rescues.ts'

/** Every operation, by its name: the group, a dot, and the verb. */
export const operations = {
  ...clientOperations,
  ...resourceServerOperations,
  ...peopleOperations,
  ...rescueOperations,
  ...invitationOperations,
  ...administratorOperations,
  ...messageOperations,
  ...keyOperations,
  ...auditOperations,
  ...statsOperations,
}

export type Operations = typeof operations
export type OperationName = keyof Operations
