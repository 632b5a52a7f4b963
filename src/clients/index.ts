// clients: relying parties and resource servers — what may be registered, which secret is right, and what
// the clients file declares, and the clients that are built in. It speaks to no engine and serves no request by itself.
// Tables: client, resource_server, client_contact (by src/store). No routes.
// Specs: OpenID Connect Registration 1.0 §2, RFC 7591 §2, RFC 8252 §7, RFC 8707 §2, RFC 9700 §2.1.
export type {
  AuthMethod,
  Client,
  ClientMetadata,
  ClientPolicy,
  ClientSecret,
  ClientSource,
  ClientStore,
  ClientsFile,
  Declared,
  DeclaredClient,
  DeclaredSource,
  GrantType,
  Ids,
  Registration,
  ResourceServer,
  SignInMethod,
  SigningAlg,
  StoredResourceServer,
} from './client.ts'
export {
  type ClientsFileDeps,
  type ClientsFileDesk,
  type ClientsFileState,
  createClientsFile,
  type PlanResult,
} from './clients-file.ts'
export {
  type ClientContact,
  type ClientContacts,
  type ContactNews,
  type ContactPurpose,
  type ContactStore,
  createClientContacts,
} from './contacts.ts'
export { type Applied, type Clients, createClients } from './create-clients.ts'
export { fieldsOf, isOn, livingSecrets } from './fields.ts'
export { clientsFileSchema } from './file-schema.ts'
export { type ClientFields, clientFields, resourceServerShape } from './file-shape.ts'
export {
  ACCOUNT_CLIENT_ID,
  accountClientSecret,
  adminApi,
  adminApiId,
  CLI_CLIENT_ID,
  CONSOLE_CLIENT_ID,
  consoleClientSecret,
  isReservedId,
  OWN_PAGE_IDS,
  ownClients,
} from './own.ts'
export { changesOf, type FieldChange, type PlannedEntry } from './plan.ts'
export { type ClientsFileOptions, type ClientsFileResult, readClientsFile } from './read-clients-file.ts'
export { readResourceServer } from './read-resource-server.ts'
export {
  changeableFields,
  changedFields,
  clientIdOf,
  type GivenFields,
  registrationOf,
  withFields,
} from './registering.ts'
export { type RegistrationRules, readRegistration } from './registration.ts'
export { CLIENT_KINDS, type ClientKind, fromTemplate, kindOf } from './templates.ts'
export { hasDotSegment } from './uris.ts'
export { warningsOf } from './warnings.ts'
