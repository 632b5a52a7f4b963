import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createAudit } from '../../src/audit/index.ts'
import { addSeconds, createMetrics, createSecrets } from '../../src/base/index.ts'
import { createKeys, createRotation, createSightings, type RotationPolicy } from '../../src/keys/index.ts'
import { afterCommit, createAuditStore, createKeyStore, createSightingStore, type Database } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, open, silent } from './store-support.ts'

const START = new Date('2030-01-01T00:00:00.000Z')
const DAY = 86_400
const POLICY: RotationPolicy = {
  everySeconds: 90 * DAY,
  waitSeconds: DAY,
  keepSeconds: 30 * DAY,
  skewMaxSeconds: 1e9,
  fromFile: false,
}
/** A cache keeps the keys for five minutes, and an instance may lag by half of one. */
const FLOOR = 330

let url: string
let now: Date
const clock = { now: () => now }
const secrets = createSecrets(['of the tests, and long enough to be one'])

/** One instance on the database. */
function instance(more: Partial<RotationPolicy> = {}, db: Database = open(url)) {
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

const states = async () =>
  (await query<{ line: string }>(url, `select alg || ' ' || state as line from signing_key order by alg, state`)).map(
    ({ line }) => line,
  )
const events = async () =>
  (
    await query<{ line: string }>(
      url,
      `select event || ' ' || (detail ->> 'alg') || coalesce(' ' || (detail ->> 'reason'), '') as line
       from audit_entry where event like 'key.%' order by id`,
    )
  ).map(({ line }) => line)

async function addClient(id: string, method = 'client_secret_basic'): Promise<void> {
  await query(
    url,
    `insert into client (id, metadata, policy, secrets, secret_hashes, source, created_at, updated_at)
     values ($1, $2, '{}', '[]', '{}', 'console', now(), now())`,
    [id, JSON.stringify({ client_name: `The ${id}`, token_endpoint_auth_method: method })],
  )
}

const later = (seconds: number) => {
  now = addSeconds(now, seconds)
}

beforeEach(async () => {
  url = await freshDatabase()
  now = START
})
afterAll(closeAll)

describe('the exchange of signing keys', () => {
  test('R-045 by the schedule: published first, then it signs, and the old one stays while its tokens live', async () => {
    const { keys, rotation } = instance()
    await keys.ensure()
    later(90 * DAY - 1)
    await rotation.advance()
    expect(await states()).toEqual(['ES256 current', 'RS256 current'])
    later(1)
    await rotation.advance()
    expect(await states()).toEqual(['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next'])
    later(FLOOR - 1)
    await rotation.advance()
    expect((await keys.list()).map(({ state }) => state)).toEqual(['current', 'current', 'next', 'next'])
    later(1)
    const before = await keys.load()
    await rotation.advance()
    const after = await keys.load()
    // What signs was published before, and what signed still is.
    expect(after.map(({ kid }) => kid)).toEqual([2, 3, 0, 1].map((at) => before[at]?.kid))
    later(30 * DAY - 1)
    await rotation.advance()
    expect(await keys.load()).toEqual(after)
    later(1)
    await rotation.advance()
    expect(await states()).toEqual(['ES256 current', 'RS256 current'])
    const each = (event: string, reason = '') => ['ES256', 'RS256'].map((alg) => `${event} ${alg}${reason}`)
    const moved = ['ES256', 'RS256'].flatMap((alg) => [`key.retired ${alg}`, `key.activated ${alg} all_seen`])
    expect(await events()).toEqual([...each('key.published', ' schedule'), ...moved, ...each('key.removed', ' aged_out')])
  })

  test('waits for each client that asks for tokens until it has fetched the keys, and at the deadline for none', async () => {
    const { db, keys, rotation, sightings } = instance()
    await keys.ensure()
    for (const id of ['shop', 'wiki']) await addClient(id)
    await addClient('phone', 'none')
    for (const id of ['shop', 'wiki', 'phone', 'nobody']) sightings.tokens(id, `network of ${id}`)
    sightings.fetch('network of shop') // before the next key was there
    await sightings.flush()
    await db.transact((tx) => rotation.begin(tx, {}, { compromised: false }))
    later(FLOOR)
    await rotation.advance()
    const waiting = async () => (await rotation.state(await keys.list())).waiting.map(({ clientId }) => clientId)
    expect(await waiting()).toEqual(['shop', 'wiki'])
    sightings.fetch('network of shop')
    sightings.fetch('network of phone')
    await sightings.flush()
    expect(await waiting()).toEqual(['wiki'])
    await rotation.advance()
    expect(await states()).toContain('ES256 next')
    later(DAY - FLOOR)
    await rotation.advance()
    expect(await states()).toEqual(['ES256 current', 'ES256 previous', 'RS256 current', 'RS256 previous'])
    expect(await events()).toContain('key.activated ES256 deadline')
  })

  test('goes on as soon as the last of them has fetched the keys', async () => {
    const { db, keys, rotation, sightings } = instance()
    await keys.ensure()
    await addClient('wiki')
    sightings.tokens('wiki', 'n')
    await db.transact((tx) => rotation.begin(tx, {}, { compromised: false }))
    later(FLOOR)
    sightings.fetch('n')
    await sightings.flush()
    await rotation.advance()
    expect(await events()).toContain('key.activated ES256 all_seen')
  })

  test('does not wait for a client that asked for nothing for thirty days, is switched off, or was deleted', async () => {
    const { db, keys, rotation, sightings } = instance()
    await keys.ensure()
    for (const id of ['idle', 'off', 'gone']) await addClient(id)
    sightings.tokens('idle', 'n')
    await sightings.flush()
    later(30 * DAY)
    for (const id of ['off', 'gone']) sightings.tokens(id, 'n')
    await sightings.flush()
    await query(url, `update client set disabled_at = now() where id = 'off'`)
    await query(url, `update client set source = 'removed' where id = 'gone'`)
    await db.transact((tx) => rotation.begin(tx, {}, { compromised: false }))
    expect((await rotation.state(await keys.list())).waiting).toEqual([])
  })

  test('F-37 instances that do it all at once, and steps that are done twice, make one rotation', async () => {
    const all = [instance(), instance()]
    await instance().keys.ensure()
    for (const step of [90 * DAY, FLOOR, 30 * DAY]) {
      later(step)
      await Promise.all(all.flatMap(({ rotation }) => [rotation.advance(), rotation.advance()]))
    }
    expect(await states()).toEqual(['ES256 current', 'RS256 current'])
    expect((await events()).filter((line) => line.includes('ES256'))).toEqual([
      'key.published ES256 schedule',
      'key.retired ES256',
      'key.activated ES256 all_seen',
      'key.removed ES256 aged_out',
    ])
    const asked = await Promise.all(
      all.map(({ db, rotation }) => db.transact((tx) => rotation.begin(tx, {}, { compromised: false }))),
    )
    expect(asked.filter((result) => result === 'under_way')).toHaveLength(1)
  })

  test('F-37 one that was killed between two steps is gone on with by another instance', async () => {
    const one = instance()
    const other = instance()
    await one.keys.ensure()
    later(90 * DAY)
    await other.rotation.advance()
    // Killed after the first algorithm: the second has no next key.
    await query(url, `delete from signing_key where state = 'next' and alg = 'RS256'`)
    await one.rotation.advance()
    expect(await states()).toEqual(['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next'])
    later(FLOOR)
    await query(url, `update signing_key set created_at = $1 where state = 'next' and alg = 'RS256'`, [now])
    await other.rotation.advance()
    expect(await states()).toEqual(['ES256 current', 'ES256 previous', 'RS256 current', 'RS256 next'])
    later(FLOOR)
    await one.rotation.advance()
    expect(await states()).toEqual(['ES256 current', 'ES256 previous', 'RS256 current', 'RS256 previous'])
  })

  test('`off` exchanges nothing by itself; whoever asks gets it, and cannot make a key sign before caches have it', async () => {
    const { db, keys, rotation } = instance({ everySeconds: 0 })
    await keys.ensure()
    later(3650 * DAY)
    await rotation.advance()
    expect(await states()).toEqual(['ES256 current', 'RS256 current'])
    const activate = () => db.transact((tx) => rotation.activate(tx, { actorId: 'local' }))
    expect(await activate()).toBe('none_waits')
    await db.transact((tx) => rotation.begin(tx, { actorId: 'local' }, { compromised: false }))
    expect(await activate()).toEqual({ tooEarlyUntil: addSeconds(now, FLOOR) })
    later(FLOOR)
    expect(await activate()).toMatchObject({ activated: [{ alg: 'ES256' }, { alg: 'RS256' }] })
  })

  test('after a leak new keys sign at once and every other is gone, whatever was under way', async () => {
    const { db, keys, rotation } = instance()
    await keys.ensure()
    await db.transact((tx) => rotation.begin(tx, {}, { compromised: false }))
    const before = await keys.load()
    await db.transact((tx) => rotation.begin(tx, { actorId: 'local' }, { compromised: true }))
    const after = await keys.load()
    expect(await states()).toEqual(['ES256 current', 'RS256 current'])
    expect(after.filter(({ kid }) => before.some((old) => old.kid === kid))).toEqual([])
    expect((await events()).filter((line) => line.endsWith('compromised'))).toHaveLength(6)
  })

  test('beside the keys of a file those of the service stop signing, and go when they are too old', async () => {
    const { db, keys, rotation } = instance({ fromFile: true })
    await keys.ensure()
    await instance().db.transact((tx) => instance().rotation.begin(tx, {}, { compromised: false }))
    await rotation.advance()
    expect(await states()).toEqual(['ES256 previous', 'RS256 previous'])
    expect(await db.transact((tx) => rotation.begin(tx, {}, { compromised: false }))).toBe('from_file')
    later(30 * DAY)
    await rotation.advance()
    expect(await states()).toEqual([])
  })

  test('a leaked key of the service is gone at once beside a file too, and none takes its place', async () => {
    const { db, keys, rotation } = instance({ fromFile: true })
    await keys.ensure()
    await rotation.advance()
    expect(await db.transact((tx) => rotation.begin(tx, {}, { compromised: true }))).toEqual({ published: [] })
    expect(await states()).toEqual([])
    expect((await events()).slice(-2)).toEqual(['key.removed ES256 compromised', 'key.removed RS256 compromised'])
    expect(await db.transact((tx) => rotation.begin(tx, {}, { compromised: true }))).toBe('from_file')
  })

  test.each([2 * DAY, -2 * DAY])(
    'F-37 an instance whose clock is off by %d s exchanges nothing; another does it',
    async (off) => {
      const { db, keys, rotation } = instance({ skewMaxSeconds: 10 })
      now = new Date()
      await keys.ensure()
      later(-90 * DAY)
      await query(url, 'update signing_key set activated_at = $1, created_at = $1', [now])
      later(90 * DAY + off)
      await rotation.advance()
      const begin = (compromised: boolean) => db.transact((tx) => rotation.begin(tx, {}, { compromised }))
      expect(await begin(false)).toBe('clock_differs')
      expect(await db.transact((tx) => rotation.activate(tx, {}))).toBe('clock_differs')
      expect(await states()).toEqual(['ES256 current', 'RS256 current'])
      later(-off)
      await rotation.advance()
      expect(await states()).toEqual(['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next'])
      later(off)
      await rotation.advance()
      expect(await states()).toContain('ES256 next')
      // A leak waits for no clock.
      expect(await begin(true)).toMatchObject({ published: [{ state: 'current' }, { state: 'current' }] })
    },
  )
})

describe('who has seen the keys', () => {
  test('R-156 strangers who fetch them leave nothing behind, and a client has twenty networks', async () => {
    const { sightings } = instance()
    await addClient('wiki')
    for (let at = 0; at < 30; at++) {
      later(1)
      sightings.tokens('wiki', `network ${at}`)
      if (at % 10 === 9) await sightings.flush()
    }
    later(3600)
    sightings.tokens('wiki', 'network 29')
    for (let at = 0; at < 500; at++) sightings.fetch(`stranger ${at}`)
    for (let at = 0; at < 3; at++) sightings.fetch('network 29')
    await sightings.flush()
    const [networks] = await query<{ count: number }>(url, 'select count(*)::int as count from client_network')
    expect(networks?.count).toBe(20)
    const fetched = await query<{ fetches: string; network: string }>(url, 'select fetches, network from jwks_fetch')
    expect(fetched).toEqual([{ fetches: '3', network: expect.stringMatching(/^[\w-]{22}$/) }])
  })

  test('R-156, F-07 while nothing can be written strangers take no more and more memory', async () => {
    const written: number[] = []
    let stranger = 0
    const fetchAll = () => {
      for (let at = 0; at < 4000; at++) sightings.fetch(`stranger ${stranger++}`)
      for (let at = 0; at < 4000; at++) sightings.tokens('wiki', `network ${stranger++}`)
      sightings.fetch('one of them')
    }
    let broken = true
    const counts = new Map<string, number>()
    const refuse = async (seen: readonly { network: string; count?: number }[]) => {
      written.push(seen.length)
      fetchAll() // comes in while the database hangs
      if (broken) throw new Error('no database')
      for (const { network, count = 0 } of seen) counts.set(network, (counts.get(network) ?? 0) + count)
    }
    const store = { addTokens: refuse, addFetches: refuse, active: async () => [] }
    const sightings = createSightings({ store, secrets, clock, log: silent, metrics: createMetrics() })
    sightings.fetch('one of them')
    for (let at = 0; at < 4; at++) await sightings.flush()
    broken = false
    await sightings.flush()
    expect(Math.max(...written)).toBe(5000)
    // Before them, at each of the four times, and while the last of them was written.
    const [most] = [...counts.values()].sort((a, b) => b - a)
    expect(most).toBe(5)
  })

  test('what cannot be written is written the next time', async () => {
    const { db } = instance()
    await addClient('wiki')
    const store = createSightingStore(db)
    let broken = true
    const failing = {
      ...store,
      addTokens: async (...given: Parameters<typeof store.addTokens>) => {
        if (broken) throw new Error('no database')
        return store.addTokens(...given)
      },
    }
    const sightings = createSightings({ store: failing, secrets, clock, log: silent, metrics: createMetrics() })
    sightings.tokens('wiki', 'n')
    sightings.fetch('n')
    await sightings.flush()
    sightings.fetch('n')
    broken = false
    await sightings.flush()
    expect(await query(url, 'select fetches from jwks_fetch')).toEqual([{ fetches: '2' }])
  })
})
