import { rolesOf } from './account-page.ts'
import type { Accounts, Addresses } from './accounts/index.ts'
import type { Config } from './config/index.ts'
import type { Notices } from './notices/index.ts'
import { createSessions } from './oidc/index.ts'
import { createRescues, type RescuePolicy, type Rescues } from './rescue/index.ts'
import { createSecondChannel, type Devices, type FlowDeps } from './signin/index.ts'
import { createRescueStore, createSessionStore, type Database } from './store/index.ts'
import type { Text } from './text/index.ts'

/** Each minute: what the clock has brought is told, and what nobody took up ends. */
export const RESCUE_CRON = '* * * * * rescues ?jobKey=rescues&jobKeyMode=preserve_run_at&priority=10'

/** What the rest of the house has built by then. */
export interface RescuingNeeds {
  config: Config
  db: Database
  signIn: FlowDeps
  accounts: Pick<Accounts, 'find'>
  addresses: Addresses
  devices: Pick<Devices, 'isRemembered' | 'forgetAll'>
  notices: Notices
  text: Pick<Text, 'locales'>
}

/** Builds the way back in for those who lost their second factor. */
export function rescuing({ config, db, signIn, text, ...needs }: RescuingNeeds): Rescues {
  const { clock, audit, limits, transact, store: attempts } = signIn
  return createRescues({
    ...{ ...needs, attempts, clock, audit, limits, transact },
    store: createRescueStore(db),
    startOnFile: createSecondChannel(signIn).startOnFile,
    sessions: createSessions({ store: createSessionStore(db), clock }),
    roles: rolesOf(db, config.issuer),
    clockSkewSeconds: async () => (await db.health()).clockSkewSeconds,
    policy: policyOf(config),
    defaultLocale: text.locales[0] ?? 'en',
  })
}

function policyOf(config: Config): RescuePolicy {
  return {
    on: config.rescue === 'on',
    delaySeconds: config.rescueDelaySeconds,
    knownDelaySeconds: config.rescueDelayKnownSeconds,
    windowSeconds: config.rescueWindowSeconds,
    lockSeconds: config.rescueLockSeconds,
    endsOffline: config.rescueEnds === 'all',
    settledSeconds: config.addressHoldSeconds,
    phoneProofAgeSeconds: config.phoneProofAgeSeconds,
    clockSkewMaxSeconds: config.clockSkewMaxSeconds,
    texts: config.texts,
  }
}
