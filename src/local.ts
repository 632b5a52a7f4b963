import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type App, createApp } from './app.ts'
import { passkeyDomainOf } from './app-settings.ts'
import { type Clock, clock, createLog, createMetrics, createSecrets, parseEmailAddress } from './base/index.ts'
import { CommandFault } from './cli/index.ts'
import { type Config, type Fault, readConfig, readStorageConfig } from './config/index.ts'
import type { PriceTable } from './limits/index.ts'
import { checkDeployment, type Database, DeploymentConflict, findEmbeddedPostgres, openDatabase } from './store/index.ts'
import { ThemeFault } from './text/index.ts'
import { pricesFrom } from './texting.ts'
import { trialSecrets } from './trial.ts'

/** The database and its secrets, as the settings name them: what a command in place works on. */
export interface LocalGround {
  config: Config
  db: Database
  /** Newest first. */
  secrets: readonly string[]
  /** The database without a pooler. */
  directUrl: string
  clock: Clock
  close(): Promise<void>
}

const POOL_SIZE = 4

type Env = Readonly<Record<string, string | undefined>>

/** Reads the settings of the service. Throws `CommandFault` with every fault. */
function readSettings(env: Env): Config {
  const read = readConfig(env, { files: (path) => readFileSync(path, 'utf8') })
  if (read.ok) return read.config
  throw new CommandFault('failed', 'the settings are not right', { faults: read.faults.map(asFieldFault) })
}

/** The settings that lead to the database, where nothing else is asked of. Throws `CommandFault` with every fault. */
export function storageSettings(env: Env) {
  const read = readStorageConfig(env, { files: (path) => readFileSync(path, 'utf8') })
  if (read.ok) return read.config
  throw new CommandFault('failed', 'the settings are not right', { faults: read.faults.map(asFieldFault) })
}

const asFieldFault = ({ name, words }: Fault) => ({ field: '', words: `${name} ${words}` })

/** Opens the database of the settings; in trial mode that of the service that is running. Throws `CommandFault`. */
export async function openGround(env: Env): Promise<LocalGround> {
  const config = readSettings(env)
  const url = config.databaseUrl ?? (await findEmbeddedPostgres(join(config.dataDir, 'postgres')))
  if (url === null) {
    throw new CommandFault('unreachable', 'no service runs here: start it, set DATABASE_URL, or give --url')
  }
  const secrets = config.secrets ?? trialSecrets(config.dataDir)
  const log = createLog('silent')
  const db = openDatabase({ url, poolSize: POOL_SIZE, log, metrics: createMetrics(), clock })
  return { config, db, secrets, directUrl: config.databaseDirectUrl ?? url, clock, close: () => db.close() }
}

/** The same, once it is known that database and settings belong together. */
export async function openOwnGround(env: Env): Promise<LocalGround> {
  const ground = await openGround(env)
  try {
    await checkGround(ground)
    return ground
  } catch (error) {
    await ground.close()
    throw error
  }
}

async function checkGround({ config, db, secrets }: LocalGround): Promise<void> {
  const { reachable, writable, schema, reason } = await db.health()
  if (!reachable) throw new CommandFault('unreachable', `the database was not reached: ${reason}`)
  if (!writable) throw new CommandFault('unreachable', 'the database is read-only')
  if (schema !== 'ready' && schema !== 'ahead-compatible') throw new CommandFault('failed', `the database: ${reason}`)
  const { ids } = createSecrets(secrets)
  try {
    const shared = { now: clock.now(), log: createLog('silent') }
    const facts = { ...shared, issuer: config.issuer, secretIds: ids, passkeys: passkeyDomainOf(config) }
    await checkDeployment(db, { ...facts, asGuest: true })
  } catch (error) {
    throw error instanceof DeploymentConflict ? new CommandFault('failed', error.message, { cause: error }) : error
  }
}

/** The whole house, of which nothing runs. Throws `CommandFault` where a folder or file of the settings is not right. */
export function houseOn({ config, db, secrets, directUrl }: LocalGround, env: Env, prices = pricesOf(config)): App {
  try {
    return createApp({
      ...{ config, db, secrets, clock, env, log: createLog('silent'), metrics: createMetrics() },
      ...{ databaseDirectUrl: directUrl, demoUrl: null, prices, snsEndpoint: null },
    })
  } catch (error) {
    if (!(error instanceof ThemeFault)) throw error
    const faults = error.message.split('\n').map((words) => ({ field: '', words }))
    throw new CommandFault('failed', 'the theme is not right', { faults })
  }
}

function pricesOf(config: Config): PriceTable {
  try {
    return pricesFrom(config)
  } catch (error) {
    throw new CommandFault('failed', (error as Error).message)
  }
}

/** What an administrator can do, without a service. Throws `CommandFault`. */
export async function openHouse(env: Env): Promise<Pick<App, 'admin' | 'first'> & { issuer: string; close(): Promise<void> }> {
  const ground = await openOwnGround(env)
  const { admin, first } = houseOn(ground, env)
  return { issuer: ground.config.issuer, admin, first, close: ground.close }
}

/** An address as it was typed. Throws `CommandFault`. */
export function emailFrom(text: string) {
  const address = parseEmailAddress(text)
  if (!address) throw new CommandFault('usage', 'this is no email address')
  return address
}
