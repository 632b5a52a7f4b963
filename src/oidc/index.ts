// oidc: the only room that knows oidc-provider. It owns the protocol (OpenID Connect Core, OAuth 2.0), the engine's
// records, the unit of work around each engine request, interactions, consent and the pages of sign-out. It proves
// nobody's identity: signin does, and `interactions.finishLogin` brings the result. What a person ends of their own (a session, an
// application's access) ends here too.
// Tables: oidc_record, replay, consent. Routes: /authorize /token /userinfo /jwks /introspect /revoke /logout and
// /.well-known/*. Specs: RFC 6749, 6750, 7009, 7636, 7662, 8707, 9068, 9207; OpenID Connect Core, Discovery,
// RP-Initiated Logout, Back-Channel Logout; Initiating User Registration 1.0.
export { type AcrNames, levelOfAcr, PHISHING_RESISTANT } from './acr.ts'
export { appViewOf } from './app-view.ts'
export type { Lifetimes } from './configuration.ts'
export {
  type Connection,
  type ConnectionRow,
  type ConnectionStore,
  createConnections,
} from './connections.ts'
export { type Consent, type ConsentStore, consentFrom, type MissingConsent } from './consent.ts'
export type { CookieKeys } from './cookie-keys.ts'
export type { Coding, PublishedDocument } from './documents.ts'
export type { Recovery } from './hold.ts'
export { InteractionGone, type Interactions, type InteractionView, type LoginResult } from './interaction.ts'
export { createLogoutJob, LOGOUTS_AT_ONCE, type LogoutDue, type LogoutNews } from './logout.ts'
export type { RequestState } from './pages.ts'
export { createOidc, type Oidc, type OidcDeps } from './provider.ts'
export type {
  AheadStore,
  Batch,
  InteractionLook,
  InteractionRead,
  RecordKey,
  RecordStore,
  SessionRead,
  StoredRecord,
  TokenRead,
} from './records.ts'
export { createSessions, type SessionStore, type SignedInSession } from './sessions.ts'
export type { Within } from './unit-of-work.ts'
