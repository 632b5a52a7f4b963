import { createAdministratorScreens } from './administrators.ts'
import { createAuditScreens } from './audit.ts'
import { createVerifyScreens } from './audit-verify.ts'
import { createClientScreens } from './client.ts'
import { createClientEditScreens } from './client-edit.ts'
import { createClientEndScreens } from './client-ends.ts'
import { createNewClientScreens } from './client-new.ts'
import { createClientSecretScreens } from './client-secrets.ts'
import { createClientsScreens } from './clients.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { createInvitationScreens } from './invitations.ts'
import { createKeyScreens } from './keys.ts'
import { createMessageScreens } from './messages.ts'
import { createPeopleScreens } from './people.ts'
import { createPersonScreens } from './person.ts'
import { createPersonDeeds } from './person-deeds.ts'
import { createPersonRescue } from './person-rescue.ts'
import { createApiScreens } from './resource-servers.ts'
import { createSearchScreens } from './search.ts'
import { createStartScreens } from './start.ts'
import { createTryScreens } from './try.ts'

/** The pages of the console, and their forms. Which operation each is for: see routes. */
export function createConsoleScreens(deps: ConsoleScreenDeps) {
  return {
    clients: createClientsScreens(deps),
    client: createClientScreens(deps),
    clientEdit: createClientEditScreens(deps),
    newClient: createNewClientScreens(deps),
    clientSecrets: createClientSecretScreens(deps),
    clientEnds: createClientEndScreens(deps),
    trial: createTryScreens(deps),
    apis: createApiScreens(deps),
    search: createSearchScreens(deps),
    start: createStartScreens(deps),
    people: createPeopleScreens(deps),
    person: createPersonScreens(deps),
    personDeeds: createPersonDeeds(deps),
    personRescue: createPersonRescue(deps),
    invitations: createInvitationScreens(deps),
    messages: createMessageScreens(deps),
    keys: createKeyScreens(deps),
    audit: createAuditScreens(deps),
    verify: createVerifyScreens(deps),
    administrators: createAdministratorScreens(deps),
  }
}

export type ConsoleScreens = ReturnType<typeof createConsoleScreens>
