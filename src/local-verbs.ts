import { readFileSync } from 'node:fs'
import type { App } from './app.ts'
import { clock, createLog } from './base/index.ts'
import { broken, CommandFault, type Finding, type LocalVerbs, look, ok } from './cli/index.ts'
import { type Config, readConfig } from './config/index.ts'
import { examine } from './doctor.ts'
import { shippedPrices } from './limits/index.ts'
import { emailFrom, houseOn, openGround, openOwnGround, storageSettings } from './local.ts'
import { createSignInLinkStore, type Database, migrate } from './store/index.ts'
import { createUpkeepVerbs } from './upkeep.ts'

type Env = Readonly<Record<string, string | undefined>>

const files = (path: string) => readFileSync(path, 'utf8')

/** What whoever has the database and the settings of the service can do at the command line. */
export function createLocalVerbs(env: Env): Omit<LocalVerbs, 'manual'> {
  async function inHouse<T>(work: (house: App, ground: { config: Config; db: Database }) => Promise<T>): Promise<T> {
    const ground = await openOwnGround(env)
    try {
      return await work(houseOn(ground, env), ground)
    } finally {
      await ground.close()
    }
  }

  return {
    migrate: () => migrateDatabase(env),
    doctor: () => doctor(env),
    ...createUpkeepVerbs(env),

    async grantAdmin(typed) {
      const address = emailFrom(typed)
      return inHouse(({ first }) => first.grant(address, { actorId: 'local' }, clock.now()))
    },

    async signInLink(typed) {
      const address = emailFrom(typed)
      return inHouse(async ({ inPlace }, { db }) => {
        const found = await createSignInLinkStore(db).newest(address, clock.now())
        if (!found) return null
        const { challengeId, attemptId, clientId, accountId, device, createdAt, expiresAt } = found
        const composed = await inPlace.composeChallenge({ channel: 'email', challengeId, target: address })
        const facts = composed && 'facts' in composed ? composed.facts : null
        if (!facts) return null
        // Before it is shown: what was printed stands in the trail.
        await inPlace.audit.note('sign_in.link_printed', { accountId, attemptId, clientId, actorId: 'local' })
        return { link: facts.link, code: facts.code, device, createdAt, expiresAt }
      })
    },

    async plan(path) {
      return inHouse(async ({ registered }, { config }) => {
        const planned = await registered.fileAt(fileOf(path, config)).plan()
        if (planned.ok) return planned.entries
        throw new CommandFault('failed', 'the clients file is not right', { faults: planned.faults.map(faultOf) })
      })
    },

    async apply(path) {
      return inHouse(async ({ registered }, { config }) => {
        const desk = registered.fileAt(fileOf(path, config))
        const planned = await desk.plan()
        if (!planned.ok) {
          throw new CommandFault('failed', 'the clients file is not right: nothing was applied', {
            faults: planned.faults.map(faultOf),
          })
        }
        await desk.begin()
        return planned.entries
      })
    },

    async releaseClientsFile() {
      return inHouse(async ({ registered }, { config }) => {
        if (config.clientsFile !== null) {
          throw new CommandFault('failed', 'CLIENTS_FILE is set: take it out of the settings of every instance first')
        }
        const { clients, resourceServers } = await registered.fileAt(null).release()
        return [...clients, ...resourceServers]
      })
    },
  }
}

const faultOf = (words: string) => ({ field: '', words })

function fileOf(path: string | null, { clientsFile }: Config): string {
  const file = path ?? clientsFile
  if (file === null) throw new CommandFault('usage', 'name a file, or set CLIENTS_FILE')
  return file
}

async function migrateDatabase(env: Env): Promise<{ applied: readonly string[] }> {
  const { databaseDirectUrl, logLevel } = storageSettings(env)
  try {
    return await migrate({ url: databaseDirectUrl, log: createLog(logLevel) })
  } catch (cause) {
    throw new CommandFault('failed', `the database was not migrated: ${(cause as Error).message}`, { cause })
  }
}

/** Every fault of the settings; or, where there is none, all that they lead to. */
async function doctor(env: Env): Promise<Finding[]> {
  const read = readConfig(env, { files })
  if (!read.ok) return read.faults.map(({ name, words }) => broken('settings', `${name} ${words}`, 'See docs/settings.md.'))
  const ground = await openGround(env).catch((error: unknown) => {
    if (error instanceof CommandFault) return error
    throw error
  })
  if (ground instanceof CommandFault) return [broken('database', ground.message, 'Start the service, or set DATABASE_URL.')]
  try {
    return await examine({
      ...ground,
      env,
      // What texts cost and the theme have findings of their own, and nothing to say here.
      clientsFile: () => {
        const config = { ...ground.config, themeDir: null }
        return examineClientsFile(config, houseOn({ ...ground, config }, env, shippedPrices()).registered)
      },
    })
  } finally {
    await ground.close()
  }
}

async function examineClientsFile(config: Config, { fileAt }: App['registered']): Promise<Finding[]> {
  const path = config.clientsFile
  if (path === null) return [ok('clients file', config.trial ? 'trial mode: the demo application' : 'none is set')]
  const planned = await fileAt(path).plan()
  if (!planned.ok) {
    return planned.faults.map((words) => broken('clients file', words, `Mend ${path}; what was applied last stands.`))
  }
  const waiting = planned.entries.filter(({ action }) => action === 'wait')
  const changes = planned.entries.filter(({ action }) => action !== 'wait')
  return [
    ...(planned.entries.length === 0 ? [ok('clients file', 'is what is registered')] : []),
    ...waiting.map(({ id, words }) =>
      look('clients file', `${id} waits: ${words ?? ''}`, 'Give it its secret; it is taken up then.'),
    ),
    ...(changes.length > 0
      ? [
          look(
            'clients file',
            `${changes.length} entries differ from what is registered`,
            'See `doorward plan`, and `doorward apply`.',
          ),
        ]
      : []),
  ]
}
