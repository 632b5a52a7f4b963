import { createAudit } from '../../src/audit/index.ts'
import { addSeconds, createMetrics, createSecrets } from '../../src/base/index.ts'
import { createKeys, createRotation, createSightings, type RotationPolicy } from '../../src/keys/index.ts'
import { afterCommit, createAuditStore, createKeyStore, createSightingStore, type Database } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { open, silent } from './store-support.ts'

const START = new Date('2030-01-01T00:00:00.000Z')
export const DAY = 86_400
const POLICY: RotationPolicy = {
  everySeconds: 90 * DAY,
  waitSeconds: DAY,
  keepSeconds: 30 * DAY,
  skewMaxSeconds: 1e9,
  fromFile: false,
}
/** A cache keeps the keys for five minutes, and an instance may lag by half of one. */
export const FLOOR = 330

/** The database and the moment that all instances share. */
export const world = { url: '', now: START }
export const clock = { now: () => world.now }
export const secrets = createSecrets(['of the tests, and long enough to be one'])

/** One instance on the database. */
export function instance(more: Partial<RotationPolicy> = {}, db: Database = open(world.url)) {
  const shared = { transact: db.transact, secrets, clock, log: silent, metrics: createMetrics() }
  const store = createKeyStore(db)
  const sightingStore = createSightingStore(db)
  const audit = createAudit({ ...shared, store: createAuditStore(db), afterCommit })
  return {
    db,
    keys: createKeys({ ...shared, store }),
    rotation: createRotation({ ...shared, store, sightings: sightingStore, audit, policy: { ...POLICY, ...more } }),
    sightings: createSightings({ ...shared, store: sightingStore }),
  }
}

/** Algorithm and state of each key. */
export const states = async () =>
  (await query<{ line: string }>(world.url, `select alg || ' ' || state as line from signing_key order by alg, state`)).map(
    ({ line }) => line,
  )
/** What the trail says of keys, in order. */
export const events = async () =>
  (
    await query<{ line: string }>(
      world.url,
      `select event || ' ' || (detail ->> 'alg') || coalesce(' ' || (detail ->> 'reason'), '') as line
       from audit_entry where event like 'key.%' order by id`,
    )
  ).map(({ line }) => line)

export async function addClient(id: string, method = 'client_secret_basic'): Promise<void> {
  await query(
    world.url,
    `insert into client (id, metadata, policy, secrets, secret_hashes, source, created_at, updated_at)
     values ($1, $2, '{}', '[]', '{}', 'console', now(), now())`,
    [id, JSON.stringify({ client_name: `The ${id}`, token_endpoint_auth_method: method })],
  )
}

export const later = (seconds: number) => {
  world.now = addSeconds(world.now, seconds)
}

export async function freshWorld(): Promise<void> {
  world.url = await freshDatabase()
  world.now = START
}
