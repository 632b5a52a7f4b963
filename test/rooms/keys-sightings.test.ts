import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createMetrics } from '../../src/base/index.ts'
import { createSightings } from '../../src/keys/index.ts'
import { createSightingStore } from '../../src/store/index.ts'
import { query } from '../support/database.ts'
import { addClient, clock, freshWorld, instance, later, secrets, world } from './keys-stage.ts'
import { closeAll, silent } from './store-support.ts'

beforeEach(freshWorld)
afterAll(closeAll)

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
    const [networks] = await query<{ count: number }>(world.url, 'select count(*)::int as count from client_network')
    expect(networks?.count).toBe(20)
    const fetched = await query<{ fetches: string; network: string }>(world.url, 'select fetches, network from jwks_fetch')
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
    expect(await query(world.url, 'select fetches from jwks_fetch')).toEqual([{ fetches: '2' }])
  })
})
