import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { addSeconds } from '../../src/base/index.ts'
import { query } from '../support/database.ts'
import { addClient, DAY, events, FLOOR, freshWorld, instance, later, states, world } from './keys-stage.ts'
import { closeAll } from './store-support.ts'

beforeEach(freshWorld)
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
    await query(world.url, `update client set disabled_at = now() where id = 'off'`)
    await query(world.url, `update client set source = 'removed' where id = 'gone'`)
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
    await query(world.url, `delete from signing_key where state = 'next' and alg = 'RS256'`)
    await one.rotation.advance()
    expect(await states()).toEqual(['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next'])
    later(FLOOR)
    await query(world.url, `update signing_key set created_at = $1 where state = 'next' and alg = 'RS256'`, [world.now])
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
    expect(await activate()).toEqual({ tooEarlyUntil: addSeconds(world.now, FLOOR) })
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
      world.now = new Date()
      await keys.ensure()
      later(-90 * DAY)
      await query(world.url, 'update signing_key set activated_at = $1, created_at = $1', [world.now])
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
