import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAccounts } from './accounts/index.ts'
import { ADMIN_SCOPES, createFirstAdministrator, createInviting } from './admin/index.ts'
import { createAudit } from './audit/index.ts'
import { createLog, createMetrics, createSecrets } from './base/index.ts'
import { adminApi, createClients, createClientsFile, ownClients } from './clients/index.ts'
import type { Config } from './config/index.ts'
import { createFactors } from './factors/index.ts'
import { createGuesses } from './limits/index.ts'
import type { LocalGround } from './local.ts'
import { appViewOf } from './oidc/index.ts'
import { createComposer } from './signin/index.ts'
import {
  afterCommit,
  createAccountStore,
  createAttemptStore,
  createAuditStore,
  createClientStore,
  createFirstAdministratorStore,
  createGuessStore,
  createInvitationStore,
  createSignInLinkStore,
} from './store/index.ts'
import { createText } from './text/index.ts'

const VIEWS = join(import.meta.dirname, '..', 'views')

/** The few rooms that the commands of whoever holds the database work with. No mail leaves from here. */
export function createLocalRooms(ground: LocalGround, env: Readonly<Record<string, string | undefined>>) {
  const { config, db, clock } = ground
  const { issuer } = config
  const { transact } = db
  const log = createLog('silent')
  const secrets = createSecrets(ground.secrets)
  const shared = { clock, log, metrics: createMetrics(), transact }
  const audit = createAudit({ ...shared, store: createAuditStore(db), afterCommit })
  const api = adminApi({ issuer, scopes: ADMIN_SCOPES })
  const clientStore = createClientStore(db)
  const clients = createClients({ store: clientStore, own: ownClients({ issuer, secrets }), ownApis: [api], clock, log })

  const inviting = createInviting({
    ...{ invitations: createInvitationStore(db), audit, defaultLocale: 'en' },
    mailInvitation: async () => {},
  })
  const first = createFirstAdministrator({
    ...{ store: createFirstAdministratorStore(db), secrets, issuer, transact, audit },
    invite: (tx, address, who, now) => inviting.inviteWithRole(tx, { address, role: 'admin', who, now }),
  })

  const { phoneProofAgeSeconds, signup } = config
  const compose = createComposer({
    ...{ store: createAttemptStore(db), clients, secrets, issuer, appViewOf },
    accounts: createAccounts({ store: createAccountStore(db), audit, clock, signup, phoneProofAgeSeconds }),
    factors: createFactors({ secrets, texts: false }),
    guesses: createGuesses({ store: createGuessStore(db), clock, failuresMax: config.codeFailuresMax }),
    text: createText({ viewsDir: VIEWS, assets: {}, log }),
    codeTtlSeconds: config.mailCodeTtlSeconds,
  })

  /** The clients file of the settings, or another one. */
  const clientsFile = (path: string | null) =>
    createClientsFile({
      ...{ path, clients, store: clientStore, transact, audit, clock, log, env },
      ...{ adminApi: api, trial: config.trial, ttlMaxSeconds: ttlMaxOf(config) },
      readFile: (file) => readFileSync(file, 'utf8'),
    })

  return { audit, first, compose, signInLinks: createSignInLinkStore(db), clientsFile }
}

/** The lifetimes of the service, which no client exceeds. */
function ttlMaxOf(config: Config) {
  return {
    access_token_ttl: config.accessTokenTtlSeconds,
    id_token_ttl: config.idTokenTtlSeconds,
    refresh_token_ttl: config.refreshTokenTtlSeconds,
  }
}
