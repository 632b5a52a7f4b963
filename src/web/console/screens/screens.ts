import { createAdministratorScreens } from './administrators.ts'
import { createAuditScreens } from './audit.ts'
import { createVerifyScreens } from './audit-verify.ts'
import { createClientsScreens } from './clients.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { createInvitationScreens } from './invitations.ts'
import { createKeyScreens } from './keys.ts'
import { createMessageScreens } from './messages.ts'
import { createPeopleScreens } from './people.ts'
import { createPersonScreens } from './person.ts'
import { createPersonDeeds } from './person-deeds.ts'
import { createStartScreens } from './start.ts'

/** The pages of the console, and their forms. Which operation each is for: see routes. */
export function createConsoleScreens(deps: ConsoleScreenDeps) {
  return {
    clients: createClientsScreens(deps),
    start: createStartScreens(deps),
    people: createPeopleScreens(deps),
    person: createPersonScreens(deps),
    personDeeds: createPersonDeeds(deps),
    invitations: createInvitationScreens(deps),
    messages: createMessageScreens(deps),
    keys: createKeyScreens(deps),
    audit: createAuditScreens(deps),
    verify: createVerifyScreens(deps),
    administrators: createAdministratorScreens(deps),
  }
}

export type ConsoleScreens = ReturnType<typeof createConsoleScreens>
