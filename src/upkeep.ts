import { afterRestore } from './after-restore.ts'
import { clock, createLog, createMetrics, createSecrets } from './base/index.ts'
import { CommandFault, type UpkeepVerbs } from './cli/index.ts'
import { createCredentialFactors } from './factors/index.ts'
import { houseOn, type LocalGround, openOwnGround, storageSettings } from './local.ts'
import { secretsStatus } from './secrets-status.ts'
import { createAfterRestoreStore, createResealingStore, type Database, migrationStatusAt, openDatabase } from './store/index.ts'

type Env = Readonly<Record<string, string | undefined>>

/** One statement may go over all that there is. */
const LONG_MS = 6 * 3600 * 1000

/** What keeps an installation in order, at the command line. */
export function createUpkeepVerbs(env: Env): UpkeepVerbs {
  /** With a database that has time, and without its pooler. */
  async function onGround<T>(work: (ground: LocalGround, db: Database) => Promise<T>): Promise<T> {
    const ground = await openOwnGround(env)
    const db = openDatabase({
      ...{ url: ground.directUrl, poolSize: 1, statementTimeoutMs: LONG_MS, lockTimeoutMs: 60_000 },
      ...{ log: createLog('silent'), metrics: createMetrics(), clock },
    })
    try {
      return await work(ground, db)
    } finally {
      await db.close()
      await ground.close()
    }
  }

  return {
    async migrateStatus() {
      const { databaseDirectUrl } = storageSettings(env)
      try {
        return await migrationStatusAt(databaseDirectUrl)
      } catch (cause) {
        throw new CommandFault('unreachable', `the database was not asked: ${(cause as Error).message}`, { cause })
      }
    },

    secretsStatus: () =>
      onGround(({ config, secrets }, db) =>
        secretsStatus({ store: createResealingStore(db), secrets: createSecrets(secrets), config, now: clock.now() }),
      ),

    afterRestore: (options) =>
      onGround((ground, db) => {
        const { audit } = houseOn(ground, env).inPlace
        const { totp } = createCredentialFactors({ secrets: createSecrets(ground.secrets), clock })
        return afterRestore({ store: createAfterRestoreStore(db), totp, audit, transact: db.transact, clock }, options)
      }),
  }
}
