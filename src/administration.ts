import { createAccounts, createAddresses, type Deaths } from './accounts/index.ts'
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
import { acrNamesOf } from './app-settings.ts'
import { type Audit, createAuditReader, createChain } from './audit/index.ts'
import type { Clock, Log, Metrics, Secrets, Transact } from './base/index.ts'
import { adminApiId, type ClientsFileDesk, CONSOLE_CLIENT_ID } from './clients/index.ts'
import type { Config } from './config/index.ts'
import type { Delivery } from './delivery/index.ts'
import { addressKey, createCredentialFactors, createKeptFactors } from './factors/index.ts'
import type { LocalLimits } from './limits/index.ts'
import type { InvitationMail, Notices } from './notices/index.ts'
import { createPerson } from './person.ts'
import type { Registrations } from './registrations.ts'
import type { Rescues } from './rescue/index.ts'
import type { Signing } from './signing.ts'
import {
  createAccountSessionStore,
  createAccountStore,
  createActorStore,
  createAddressStore,
  createAdminClientStore,
  createAdminResourceServerStore,
  createAuditReaderStore,
  createChainStore,
  createCredentialStore,
  createDailyCountStore,
  createFirstAdministratorStore,
  createIdempotentAnswerStore,
  createImportStore,
  createInvitationStore,
  createMessageReaderStore,
  createPeopleStore,
  createRescueStore,
  createRoleStore,
  type Database,
  demandedBy,
  shareOf,
} from './store/index.ts'
import type { Text } from './text/index.ts'
import { createAdminApi, createAdminSite } from './web/index.ts'

/** What the rest of the house has built by then. */
export interface AdministrationNeeds {
  config: Config
  db: Database
  registered: Registrations
  notices: Notices
  deaths: Deaths
  rescues: Rescues
  invitationMail: InvitationMail
  delivery: Delivery
  signing: Signing
  /** The budget of all texts of a day; null where no texts are sent. */
  budget: { microsPerDay: number; currency: string } | null
  /** Asks for rows of the trail to be chained soon. */
  chainSoon(): Promise<void>
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
  const { config, registered, secrets, audit, clock, log, text } = needs
  const { issuer } = config
  // F-09: whoever signs in finds connections, whatever administrators ask for and however many they are.
  const connectionsMax = Math.max(1, Math.floor(config.databasePoolSize / 3))
  const db = shareOf(needs.db, connectionsMax)
  const { transact } = db
  const cursors = createCursors(secrets)
  const shared = { cursors, audit }
  const chainJob = createChain({ store: createChainStore(needs.db), transact: needs.transact, log })
  const chain = createChain({ store: createChainStore(db), transact, log })
  const reader = createAuditReader({ store: createAuditReaderStore(db) })
  const messages = createMessageReaderStore(db)
  const invitations = createInvitationStore(db)
  const actors = createActorStore(db)
  const rescueStore = createRescueStore(db)
  const keyOf = (address: Parameters<typeof addressKey>[1]) => addressKey(secrets, address)
  const invites = { invitations, mailInvitation: needs.invitationMail.send, defaultLocale: text.locales[0] ?? 'en' }
  const inviting = createInviting({ ...invites, audit })

  const admin = createAdmin({
    ...{ actors, transact, audit, secrets, clock, answers: createIdempotentAnswerStore() },
    atOnceMax: connectionsMax,
    handlers: {
      ...createClientHandlers({
        ...{ ...shared, issuer, clients: registered.clients, clientsFile: createFileShow(registered.clientsFile) },
        store: createAdminClientStore(db),
        resourceServers: createAdminResourceServerStore(db),
        adminApi: registered.api,
        rules: registered.rules,
      }),
      ...createPeopleHandlers({
        ...{ ...shared, ...invites, ...peopleOn(db, needs), messages, addressKey: keyOf },
        notices: needs.notices,
        rescues: { ...needs.rescues, open: (accountId) => needs.rescues.open(accountId, rescueStore) },
        store: createPeopleStore(db),
        roles: createRoleStore(db),
        imports: createImportStore(db),
        entriesAbout: createEntriesAbout({ reader }),
        adminInWords: (locale) => text.say('notice.by_admin', {}, locale),
        adminApi: adminApiId(issuer),
        phoneCountry: config.phoneCountry,
        graceSeconds: config.accountGraceSeconds,
        rescueMinSeconds: config.rescueAdminMinSeconds,
      }),
      ...createMessageHandlers({
        ...{ ...shared, store: messages, delivery: needs.delivery, deaths: needs.deaths, addressKey: keyOf },
        roles: createRoleStore(db),
      }),
      ...createKeyHandlers(needs.signing.desk),
      ...createAuditHandlers({ ...shared, reader, chain, chainSoon: needs.chainSoon }),
      ...createStatsHandlers({ store: createDailyCountStore(db), chain, budget: needs.budget }),
    },
  })

  const first = createFirstAdministrator({
    ...{ store: createFirstAdministratorStore(db), secrets, issuer, transact, audit },
    invite: (tx, address, who, now) => inviting.inviteWithRole(tx, { address, role: 'admin', who, now }),
  })

  const acrNames = acrNamesOf(config)
  const listening = { issuer, acrNames }
  const api = createAdminApi({
    ...{ ...listening, admin, actors, audit, clock, log, localLimits: needs.localLimits, keys: needs.signing.ring.current },
  })
  const console = {
    ...{
      acrNames,
      admin,
      firstAdministrator: first,
      transact,
      listener: { host: config.host, port: config.port },
    },
    sessions: createAccountSessionStore(db, CONSOLE_CLIENT_ID),
  }
  const { trustedProxies } = config
  const adminSite = config.adminPort === null ? null : createAdminSite({ ...needs, issuer, trustedProxies, api })

  return { admin, api, adminSite, console, chainJob, first }
}

/** What is known of people, read over the connections of `db` alone. */
function peopleOn(db: Database, { config, registered, secrets, audit, clock }: AdministrationNeeds) {
  const { signup, phoneProofAgeSeconds } = config
  const accounts = createAccounts({ store: createAccountStore(db), audit, clock, signup, phoneProofAgeSeconds })
  const addresses = createAddresses({ store: createAddressStore(db), audit, clock, phoneProofAgeSeconds })
  const kept = createKeptFactors({ store: createCredentialStore(db), ...createCredentialFactors({ secrets, clock }), clock })
  const person = createPerson({ db, accounts, addresses, clients: registered.clients, kept, clock })
  const demand = { by: demandedBy, set: createCredentialStore(db).demand }
  return { accounts, addresses, kept, demand, ...person }
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
