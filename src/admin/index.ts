// admin: what an administrator can do, as one catalogue of operations {name, method, path, scope, roles, input, output};
// the REST API, the console, the command line, the permission matrix and the OpenAPI document come from it. It draws no
// page, knows no HTTP, and what it does to other rooms' things it does by their verbs.
// Table: idempotent_answer. Specs: RFC 9110 §13 (If-Match), RFC 9457, RFC 9470.
export type { AdminActor, ClientActor, LocalActor, PersonActor } from './actor.ts'
export type { ActorStore } from './actors.ts'
export { createAuditHandlers } from './audit/create-audit-handlers.ts'
export { createEntriesAbout, type EntriesAbout } from './audit/entry-view.ts'
export { type OperationName, type Operations, operations } from './catalogue.ts'
export { createClientHandlers } from './clients/create-client-handlers.ts'
export type { ClientHandlersDeps } from './clients/deps.ts'
export type {
  AdminClientStore,
  AdminResourceServerStore,
  ClientImpact,
  StoredClient,
  StoredResourceServer,
} from './clients/stores.ts'
export { type Admin, type AdminDeps, createAdmin, type InputOf, type OutputOf, type PerformOptions } from './create-admin.ts'
export { type Cursors, createCursors } from './cursor.ts'
export { AdminFault, type AdminFaultCode, type FieldFault } from './fault.ts'
export {
  createFirstAdministrator,
  type FirstAdministrator,
  type FirstAdministratorState,
  type FirstAdministratorStore,
  type FirstLink,
  type Granted,
  type LinkState,
} from './first-administrator.ts'
export type { IdempotentAnswerStore } from './idempotent.ts'
export { createKeyHandlers } from './keys/create-key-handlers.ts'
export { createMessageHandlers } from './messages/create-message-handlers.ts'
export { openApiDocument, openApiManual } from './openapi.ts'
export type { ChangeCall, Handler, Handlers, OperationSpec, ReadCall } from './operation.ts'
export { createPeopleHandlers } from './people/create-people-handlers.ts'
export type { PeopleDeps } from './people/deps.ts'
export { createInviting, type InvitingDeps } from './people/inviting.ts'
export type { PeopleSearch } from './people/search.ts'
export type {
  ImportStore,
  InvitationRow,
  InvitationStore,
  PeopleStore,
  PersonRow,
  PortableRow,
  RoleStore,
} from './people/stores.ts'
export { ADMIN_LEVEL, CHANGE_MAX_AGE_SECONDS, isChange } from './permissions.ts'
export { permissionsManual } from './permissions-manual.ts'
export { type ApiProblemCode, apiProblems, isApiProblem } from './problems.ts'
export { ADMIN_SCOPES, type AdminScope, ROLES, type Role } from './scopes.ts'
export { createStatsHandlers } from './stats/create-stats-handlers.ts'
