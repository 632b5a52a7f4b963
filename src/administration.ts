import type { Accounts, Addresses } from './accounts/index.ts'
import {
  createAdmin,
  createAuditHandlers,
  createClientHandlers,
  createCursors,
  createEntriesAbout,
  createFirstAdministrator,
  createInviting,
  createKeyHandlers,
  createMessageHandlers,
  createPeopleHandlers,
  createStatsHandlers,
} from './admin/index.ts'
import { type Audit, createAuditReader, createChain } from './audit/index.ts'
import type { Clock, Log, Metrics, Secrets, Transact } from './base/index.ts'
import { adminApiId, type ClientsFileDesk, CONSOLE_CLIENT_ID } from './clients/index.ts'
import type { Config } from './config/index.ts'
import type { Delivery } from './delivery/index.ts'
import { addressKey, type KeptFactors } from './factors/index.ts'
import type { Keys } from './keys/index.ts'
import type { LocalLimits } from './limits/index.ts'
import type { InvitationMail, Notices } from './notices/index.ts'
import type { Person } from './person.ts'
import type { Registrations } from './registrations.ts'
import {
  createAccountSessionStore,
  createActorStore,
  createAdminClientStore,
  createAdminResourceServerStore,
  createAuditReaderStore,
  createChainStore,
  createDailyCountStore,
  createFirstAdministratorStore,
  createIdempotentAnswerStore,
  createImportStore,
  createInvitationStore,
  createMessageReaderStore,
  createPeopleStore,
  createRoleStore,
  type Database,
} from './store/index.ts'
import type { Text } from './text/index.ts'
import { createAdminApi, createAdminSite } from './web/index.ts'

/** What the rest of the house has built by then. */
export interface AdministrationNeeds {
  config: Config
  db: Database
  accounts: Pick<Accounts, 'find'>
  addresses: Addresses
  registered: Registrations
  kept: KeptFactors
  notices: Notices
  invitationMail: InvitationMail
  person: Person
  delivery: Delivery
  keys: Keys
  /** The budget of all texts of a day; null where no texts are sent. */
  budget: { microsPerDay: number; currency: string } | null
  /** Asks for rows of the trail to be chained soon. */
  chainSoon(): Promise<void>
  /** The keys that sign tokens, as they are now. */
  signingKeys(): Awaited<ReturnType<Keys['load']>>
  localLimits: LocalLimits
  text: Text
  secrets: Secrets
  transact: Transact
  audit: Audit
  clock: Clock
  log: Log
  metrics: Metrics
}

/** Builds what administrators can do, whoever asks: the API, the console or the command line. */
export function administration(needs: AdministrationNeeds) {
  const { config, db, registered, secrets, transact, audit, clock, log, text } = needs
  const { issuer } = config
  const cursors = createCursors(secrets)
  const shared = { cursors, audit }
  const chain = createChain({ store: createChainStore(db), transact, log })
  const reader = createAuditReader({ store: createAuditReaderStore(db) })
  const messages = createMessageReaderStore(db)
  const invitations = createInvitationStore(db)
  const actors = createActorStore(db)
  const keyOf = (address: Parameters<typeof addressKey>[1]) => addressKey(secrets, address)
  const invites = { invitations, mailInvitation: needs.invitationMail.send, defaultLocale: text.locales[0] ?? 'en' }
  const inviting = createInviting({ ...invites, audit })

  const admin = createAdmin({
    ...{ actors, transact, audit, secrets, clock, answers: createIdempotentAnswerStore() },
    atOnceMax: atOnce(config.databasePoolSize),
    handlers: {
      ...createClientHandlers({
        ...{ ...shared, issuer, clients: registered.clients, clientsFile: createFileShow(registered.clientsFile) },
        store: createAdminClientStore(db),
        resourceServers: createAdminResourceServerStore(db),
        adminApi: registered.api,
        rules: registered.rules,
      }),
      ...createPeopleHandlers({
        ...{ ...shared, ...invites, ...needs.person, messages, addressKey: keyOf },
        ...{ accounts: needs.accounts, addresses: needs.addresses, kept: needs.kept, notices: needs.notices },
        store: createPeopleStore(db),
        roles: createRoleStore(db),
        imports: createImportStore(db),
        entriesAbout: createEntriesAbout({ reader }),
        adminInWords: (locale) => text.say('notice.by_admin', {}, locale),
        adminApi: adminApiId(issuer),
        phoneCountry: config.phoneCountry,
        graceSeconds: config.accountGraceSeconds,
      }),
      ...createMessageHandlers({ ...shared, store: messages, delivery: needs.delivery, addressKey: keyOf }),
      ...createKeyHandlers({ keys: needs.keys }),
      ...createAuditHandlers({ ...shared, reader, chain, chainSoon: needs.chainSoon }),
      ...createStatsHandlers({ store: createDailyCountStore(db), chain, budget: needs.budget }),
    },
  })

  const first = createFirstAdministrator({
    ...{ store: createFirstAdministratorStore(db), secrets, issuer, transact, audit },
    invite: (tx, address, who, now) => inviting.inviteWithRole(tx, { address, role: 'admin', who, now }),
  })

  const listening = { issuer, acrNames: config.acrNames }
  const api = createAdminApi({
    ...{ ...listening, admin, actors, audit, clock, log, localLimits: needs.localLimits, keys: needs.signingKeys },
  })
  const console = {
    ...{
      acrNames: config.acrNames,
      admin,
      firstAdministrator: first,
      transact,
      listener: { host: config.host, port: config.port },
    },
    sessions: createAccountSessionStore(db, CONSOLE_CLIENT_ID),
  }
  const { trustedProxies } = config
  const adminSite = config.adminPort === null ? null : createAdminSite({ ...needs, issuer, trustedProxies, api })

  return { admin, api, adminSite, console, chain, first }
}

/** F-09: whoever signs in finds connections, however many administrators ask. */
function atOnce(poolSize: number): number {
  return Math.max(1, Math.floor(poolSize / 3))
}

function createFileShow(file: Pick<ClientsFileDesk, 'state'>) {
  return {
    async show() {
      const { declared, appliedAt, faults, waiting, drift } = await file.state()
      return {
        declared,
        applied_at: appliedAt?.toISOString() ?? null,
        faults: [...faults],
        waiting: waiting.map(({ clientId, words }) => ({ client_id: clientId, words })),
        drift: drift.map(({ id, changes }) => ({ id, changes: [...changes] })),
      }
    },
  }
}
