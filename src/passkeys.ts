import type { Config } from './config/index.ts'
import { createPasskeyFactor, loadPasskeyLibrary } from './factors/index.ts'
import { createPasskeys, type Passkeys, type PasskeysDeps } from './signin/index.ts'
import { createCeremonyStore, type Database } from './store/index.ts'

/** What the rest of the house has built by then. */
export interface PasskeyNeeds extends Omit<PasskeysDeps, 'factor' | 'ceremonies'> {
  config: Config
  db: Database
}

/** Builds passkeys; null where they are off. */
export function passkeysOn({ config, db, ...needs }: PasskeyNeeds): Passkeys | null {
  if (config.passkeys === 'off') return null
  const factor = createPasskeyFactor({
    domain: config.passkeyDomain,
    origins: [config.issuer, ...config.passkeyOrigins],
    name: new URL(config.issuer).host,
  })
  return createPasskeys({ ...needs, factor, ceremonies: createCeremonyStore(db) })
}

/** Loads what passkeys need, once people are served: whoever comes first would wait for it. */
export async function warmPasskeys({ passkeys }: Config): Promise<void> {
  if (passkeys === 'on') await loadPasskeyLibrary()
}
