import { join } from 'node:path'
import { createAccounts } from './accounts/index.ts'
import { createAudit } from './audit/index.ts'
import { createLog, createMetrics, createSecrets } from './base/index.ts'
import { createFactors } from './factors/index.ts'
import { createGuesses } from './limits/index.ts'
import type { LocalGround } from './local.ts'
import { appViewOf } from './oidc/index.ts'
import { registrations } from './registrations.ts'
import { createComposer } from './signin/index.ts'
import {
  afterCommit,
  createAccountStore,
  createAttemptStore,
  createAuditStore,
  createGuessStore,
  createSignInLinkStore,
} from './store/index.ts'
import { createText } from './text/index.ts'

const VIEWS = join(import.meta.dirname, '..', 'views')

/** The few rooms behind commands that are no operation. */
export function createLocalRooms(ground: LocalGround, env: Readonly<Record<string, string | undefined>>) {
  const { config, db, clock, directUrl } = ground
  const { issuer, phoneProofAgeSeconds, signup } = config
  const { transact } = db
  const log = createLog('silent')
  const secrets = createSecrets(ground.secrets)
  const shared = { clock, log, transact }
  const audit = createAudit({ ...shared, store: createAuditStore(db), afterCommit, metrics: createMetrics() })
  const { clients, fileAt } = registrations({ ...shared, config, db, secrets, audit, env, databaseDirectUrl: directUrl })
  const compose = createComposer({
    ...{ store: createAttemptStore(db), clients, secrets, issuer, appViewOf },
    accounts: createAccounts({ store: createAccountStore(db), audit, clock, signup, phoneProofAgeSeconds }),
    factors: createFactors({ secrets, texts: false }),
    guesses: createGuesses({ store: createGuessStore(db), clock, failuresMax: config.codeFailuresMax }),
    text: createText({ viewsDir: VIEWS, assets: {}, log }),
    codeTtlSeconds: config.mailCodeTtlSeconds,
  })
  return { audit, compose, signInLinks: createSignInLinkStore(db), clientsFile: fileAt }
}
