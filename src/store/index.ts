// store: the only room that knows Prisma, pg and the job queue. It owns the connection pool, transactions, the
// migrations, the embedded server, the queue and the sweep; each other file is one table group and implements what
// a room above asks of its storage. It knows no rules: what must be single-winner is said by the room that asks.
// Tables: all of prisma/schema.prisma, and the queue's own in the schema graphile_worker. No routes.
// Specs: PostgreSQL 18 (Appendix A: error codes), Prisma's _prisma_migrations.

export { createAccountSessionStore } from './account-sessions.ts'
export { createAccountStore } from './accounts.ts'
export { createAddressStore } from './addresses.ts'
export { createActorStore } from './admin-actors.ts'
export { createAuditReaderStore } from './admin-audit.ts'
export { createAdminClientStore } from './admin-clients.ts'
export { createMessageReaderStore } from './admin-messages.ts'
export { createPeopleStore } from './admin-people.ts'
export { createAdminResourceServerStore } from './admin-resource-servers.ts'
export { createAttemptStore } from './attempts.ts'
export { createAuditStore, createTrailStore } from './audit.ts'
export { createChainStore } from './audit-chain.ts'
export { createBudgetStore } from './budget.ts'
export { createClaimedAddressStore } from './claimed-addresses.ts'
export { END_CLIENT_TASK, endClient } from './client-endings.ts'
export { CLIENTS_CHANNEL, createClientStore } from './clients.ts'
export { createClosingStore } from './closing.ts'
export { createConnectionStore } from './connections.ts'
export { createConsentStore } from './consents.ts'
export { createCredentialStore } from './credentials.ts'
export { createDailyCountStore } from './daily-counts.ts'
export {
  afterCommit,
  type Database,
  openDatabase,
  runIn,
  type Statement,
} from './database.ts'
export { createDeliveryStore } from './deliveries.ts'
export { checkDeployment, DeploymentConflict } from './deployment.ts'
export { createDeviceStore } from './devices.ts'
export { keepsItsSession, NEEDS_DIRECT } from './direct.ts'
export { createDoctorStore } from './doctor.ts'
export { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'
export { findEmbeddedPostgres } from './embedded-running.ts'
export { createFirstAdministratorStore } from './first-administrator.ts'
export { createIdempotentAnswerStore } from './idempotent-answers.ts'
export { createImportStore } from './imports.ts'
export { createInvitationStore } from './invitations.ts'
export { createKeyStore } from './keys.ts'
export { createGuessStore, createLimitStore } from './limits.ts'
export { migrate } from './migrate.ts'
export { MigrationError } from './migrations.ts'
export { createNoticeStore } from './notices.ts'
export { createNotifications, type Notifications } from './notifications.ts'
export { createOidcRecordStore } from './oidc-records.ts'
export { createProfileStore } from './profiles.ts'
export { createQueue, type Queue, type Task } from './queue.ts'
export { createResealingStore, type ResealingStore, type SealedSeed } from './resealing.ts'
export { createRoleStore } from './roles.ts'
export { type MigrationStatus, migrationStatus } from './schema-state.ts'
export { EmbeddedPostgresError } from './server-command.ts'
export { createSessionStore } from './sessions.ts'
export { shareOf } from './share.ts'
export { createSignInLinkStore, type OpenSignIn } from './sign-in-links.ts'
export { createSuppressionStore } from './suppressions.ts'
export { createSweep } from './sweep.ts'
export { waitForDatabase } from './wait.ts'
