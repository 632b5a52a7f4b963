import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog, createMetrics } from '../../src/base/index.ts'
import { type ClientStore, createClients } from '../../src/clients/index.ts'
import { createClientStore } from '../../src/store/clients.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { freshDatabase, query } from '../support/database.ts'
import { API, fileOf, PUBLIC, SECRET, WEB } from './clients-samples.ts'

describe('in the database', () => {
  let url: string
  let db: Database
  let at = new Date('2030-01-01T00:00:00Z')
  const clock = { now: () => at }
  const log = createLog('silent')

  beforeAll(async () => {
    url = await freshDatabase()
    db = openDatabase({ url, poolSize: 5, log, metrics: createMetrics(), clock })
  })
  afterAll(() => db.close())

  const roomOn = (store: ClientStore = createClientStore(db)) => createClients({ store, clock, log })
  const file = fileOf(
    [
      { ...WEB, resources: [API.id] },
      { ...PUBLIC, client_id: 'spa' },
    ],
    { apis: [API] },
  )

  test('a file applied twice changes nothing the second time', async () => {
    const room = roomOn()
    expect(await db.transact((tx) => room.apply(tx, file, 'file'))).toMatchObject({
      created: 3,
      updated: 0,
      removed: 0,
      waiting: [],
    })
    const before = await query(url, 'select * from client order by id')
    at = new Date('2030-01-02T00:00:00Z')
    expect(await db.transact((tx) => room.apply(tx, file, 'file'))).toMatchObject({
      created: 0,
      updated: 0,
      removed: 0,
      waiting: [],
    })
    expect(await query(url, 'select * from client order by id')).toEqual(before)
    const [shop] = file.clients
    expect(await room.find('shop')).toMatchObject({
      metadata: shop?.metadata,
      policy: shop?.policy,
      source: 'file',
      disabledAt: null,
    })
    expect(await room.resourceServers()).toEqual(file.resourceServers)
    expect(await room.resourceServer(API.id)).toEqual(file.resourceServers[0])
    expect(await room.resourceServer(`${API.id}/`)).toBeNull()
  })

  test('two processes that apply it at once make it once', async () => {
    const other = fileOf([{ ...WEB, client_id: 'raced' }])
    const applied = await Promise.all([roomOn(), roomOn()].map((room) => db.transact((tx) => room.apply(tx, other, 'file'))))
    expect(applied.map(({ created }) => created).sort()).toEqual([0, 1])
  })

  test('what changed is updated, what left is removed, and a roll-back leaves everything', async () => {
    const room = roomOn()
    await db.transact((tx) => room.apply(tx, file, 'file'))
    const next = fileOf([{ ...WEB, client_name: 'Shop', resources: [API.id] }], { apis: [API] })
    const failing = db.transact(async (tx) => {
      await room.apply(tx, next, 'file')
      throw new Error('later work failed')
    })
    await expect(failing).rejects.toThrow('later work failed')
    expect((await room.find('shop'))?.metadata.client_name).toBe('shop')
    expect(await db.transact((tx) => room.apply(tx, next, 'file'))).toMatchObject({
      created: 0,
      updated: 1,
      removed: 1,
      waiting: [],
    })
    expect((await room.find('shop'))?.metadata.client_name).toBe('Shop')
    expect(await room.find('spa')).toBeNull()
  })

  test('R-172 the demo of a trial does not outlive a clients file', async () => {
    const room = roomOn()
    await db.transact((tx) => room.apply(tx, fileOf([{ ...WEB, client_id: 'demo' }]), 'trial'))
    expect(await room.find('demo')).not.toBeNull()
    await db.transact((tx) => room.apply(tx, file, 'file'))
    expect(await room.find('demo')).toBeNull()
    expect(await query(url, `select id from client where source = 'trial'`)).toEqual([])
  })

  test('R-170 the tables hold no secret', async () => {
    expect(JSON.stringify(await query(url, 'select * from client'))).not.toContain(SECRET)
  })

  test('is asked once in five seconds, also for what is not there, and never for what cannot be', async () => {
    const asked: string[] = []
    const real = createClientStore(db)
    const findClient = (id: string) => {
      asked.push(id)
      return real.findClient(id)
    }
    const room = roomOn({ ...real, findClient })
    for (const id of ['shop', 'nobody', 'shop', 'nobody', '', 'x y', 'é', 'x'.repeat(201)]) await room.find(id)
    expect(asked).toEqual(['shop', 'nobody'])
    at = new Date(at.getTime() + 4999)
    await room.find('shop')
    expect(asked).toHaveLength(2)
    at = new Date(at.getTime() + 1)
    await room.find('shop')
    expect(asked).toHaveLength(3)
    room.forget()
    await room.find('shop')
    expect(asked).toHaveLength(4)
  })

  test('what was read before a change is not kept after it', async () => {
    const real = createClientStore(db)
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const findClient = async (id: string) => {
      const found = await real.findClient(id)
      await held
      return found
    }
    const room = roomOn({ ...real, findClient })
    await db.transact((tx) => room.apply(tx, fileOf([WEB]), 'file'))
    const early = room.find('shop')
    await db.transact((tx) => roomOn().apply(tx, fileOf([{ ...WEB, client_name: 'Changed' }]), 'file'))
    room.forget()
    release()
    await early
    expect((await room.find('shop'))?.metadata.client_name).toBe('Changed')
  })

  test('a flood of unknown ids does not push out the clients that exist', async () => {
    const asked: string[] = []
    const real = createClientStore(db)
    const store = {
      ...real,
      findClient: async (id: string) => {
        asked.push(id)
        return id === 'shop' ? real.findClient(id) : null
      },
    }
    const room = roomOn(store)
    await room.find('shop')
    for (let count = 0; count < 2000; count += 1) await room.find(`unknown-${count}`)
    asked.length = 0
    await room.find('shop')
    expect(asked).toEqual([])
    await room.find('unknown-0')
    expect(asked).toEqual(['unknown-0'])
  })
})
