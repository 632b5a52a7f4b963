import { readFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { stringify } from 'yaml'
import { createAudit } from '../../src/audit/index.ts'
import { createMetrics } from '../../src/base/index.ts'
import { type Clients, type ClientsFileDesk, createClients, createClientsFile } from '../../src/clients/index.ts'
import { createAuditStore } from '../../src/store/audit.ts'
import { createClientStore } from '../../src/store/clients.ts'
import type { Database } from '../../src/store/database.ts'
import { afterCommit } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type Entry, NEXT_SECRET, SECRET, WEB } from './clients-samples.ts'
import { closeAll, eventually, listeningLog, open } from './store-support.ts'

const SHOP = { client_id: 'shop', client_secret_file: '', redirect_uris: WEB.redirect_uris }

let url: string
let db: Database
let path: string
let secretPath: string
let now = new Date('2030-01-01T00:00:00Z')
const clock = { now: () => now }

beforeAll(async () => {
  url = await freshDatabase()
  db = open(url)
})
afterAll(closeAll)
beforeEach(async () => {
  await query(url, 'truncate client, resource_server, deployment, audit_entry cascade')
  await query(url, `insert into deployment (id, issuer, secret_ids, updated_at) values (1, 'x', '{}', $1)`, [now])
  const folder = await tempFolder('clients')
  path = join(folder, 'clients.yaml')
  secretPath = join(folder, 'secret')
  SHOP.client_secret_file = secretPath
  await writeFile(secretPath, `${SECRET}\n`)
})

// As a mounted folder does it: whole and at once.
async function write(clients: Entry[]): Promise<void> {
  await writeFile(`${path}.new`, stringify({ clients }))
  await rename(`${path}.new`, path)
}

interface Process {
  clients: Clients
  desk: ClientsFileDesk
  lines: string[]
  events(name: string): Record<string, unknown>[]
}

/** One process of the service, so far as clients go. */
function processOn(from: string | null = path): Process {
  const { log, lines } = listeningLog()
  const shared = { clock, log, metrics: createMetrics(), transact: db.transact }
  const audit = createAudit({ ...shared, store: createAuditStore(db), afterCommit })
  const store = createClientStore(db)
  const clients = createClients({ store, clock, log })
  const readFile = (file: string) => readFileSync(file, 'utf8')
  const desk = createClientsFile({ ...shared, path: from, readFile, env: {}, clients, store, audit, lookEveryMs: 20 })
  const events = (name: string) =>
    lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === name)
  return { clients, desk, lines, events }
}

const nameOf = async ({ clients }: Process): Promise<string | undefined> => {
  clients.forget()
  return (await clients.find('shop'))?.metadata.client_name
}
const minuteLater = () => {
  now = new Date(now.getTime() + 60_000)
}

describe('the file at the start', () => {
  test('is applied, and which one is kept', async () => {
    await write([SHOP])
    const one = processOn()
    expect(await one.desk.begin()).toMatchObject({ created: 1 })
    expect(await one.desk.state()).toEqual({ declared: true, appliedAt: now, faults: [], waiting: [], drift: [] })
  })

  test('with faults, or not there, the start is refused with all of them, and nothing is written', async () => {
    await write([
      { ...SHOP, redirect_uri: 'x' },
      { ...SHOP, client_id: 'b', redirect_uris: ['http://shop.example'] },
    ])
    const refused = processOn().desk.begin()
    await expect(refused).rejects.toThrow(`${path}: clients[0].redirect_uri: unknown key\n${path}: clients[1].redirect_uris[0]`)
    await rm(path)
    await expect(processOn().desk.begin()).rejects.toThrow(`${path}: the file cannot be read`)
    expect(await query(url, 'select 1 from client')).toEqual([])
  })

  test('is none where none is set', async () => {
    const { desk } = processOn(null)
    expect(await desk.begin()).toBeNull()
    await desk.look()
    expect(await desk.state()).toEqual({ declared: false, appliedAt: null, faults: [], waiting: [], drift: [] })
    expect(await desk.plan()).toEqual({ ok: true, entries: [] })
  })
})

describe('without a file', () => {
  const sources = () =>
    query<{ id: string; source: string }>(
      url,
      `select id, source from client union all select id, source from resource_server order by 1`,
    )

  test('a start changes nothing: another process may have the file; its own command leaves all to the console, once, and the trail names it', async () => {
    const api = { id: 'https://api.example', name: 'API', scopes: { 'a:read': 'See it' } }
    await writeFile(path, stringify({ clients: [SHOP], resource_servers: [api] }))
    await processOn().desk.begin()
    const facts = `select id, metadata, policy, secrets, secret_hashes, disabled_at from client`
    const before = await query(url, facts)
    const pair = [processOn(null), processOn(null)]
    await Promise.all(pair.map(({ desk }) => desk.begin()))
    expect((await sources()).map(({ source }) => source)).toEqual(['file', 'file'])
    const released = await Promise.all(pair.map(({ desk }) => desk.release()))
    expect(released.map(({ clients }) => clients.length).sort()).toEqual([0, 1])
    expect(await query(url, facts)).toEqual(before)
    expect(await sources()).toEqual([
      { id: api.id, source: 'console' },
      { id: 'shop', source: 'console' },
    ])
    const change = `left to the console, 2 of the file: shop, ${api.id}`
    expect(await query(url, `select event, detail from audit_entry where detail ->> 'source' = 'console'`)).toEqual([
      { event: 'client.applied', detail: { source: 'console', change } },
    ])
  })

  test('with a file again, that takes over what it declares and leaves the rest alone', async () => {
    await write([SHOP, { ...SHOP, client_id: 'left' }])
    await processOn().desk.begin()
    await processOn(null).desk.release()
    await write([SHOP])
    expect(await processOn().desk.begin()).toMatchObject({ created: 0, updated: 1, removed: 0 })
    expect(await sources()).toEqual([
      { id: 'left', source: 'console' },
      { id: 'shop', source: 'file' },
    ])
  })
})

describe('the file while the service runs', () => {
  test('is applied when it changes, by one of several processes, and comes back by a roll-back', async () => {
    await write([SHOP])
    const pair = [processOn(), processOn()]
    for (const { desk } of pair) await desk.begin()
    await write([{ ...SHOP, client_name: 'New' }])
    await Promise.all(pair.map(({ desk }) => desk.look()))
    const applied = await query(
      url,
      `select detail from audit_entry where event = 'client.applied' and detail ->> 'change' like '0 c%'`,
    )
    expect(applied).toEqual([
      { detail: { source: 'file', change: '0 created, 1 updated, 0 removed: shop changed (client_name)' } },
    ])
    for (const one of pair) expect(await nameOf(one)).toBe('New')
    await write([SHOP])
    for (const { desk } of pair) await desk.look()
    expect(await nameOf(pair[0] as Process)).toBe('shop')
  })

  test('with faults changes nothing and is told of once; the next good one counts', async () => {
    await write([SHOP])
    const one = processOn()
    await one.desk.begin()
    await write([{ ...SHOP, redirect_uris: ['http://shop.example'] }])
    for (let looks = 0; looks < 3; looks++) await one.desk.look()
    expect(one.events('clients_file.refused')).toHaveLength(1)
    expect((await one.desk.state()).faults).toEqual([expect.stringContaining('clients[0].redirect_uris[0]')])
    expect(await nameOf(one)).toBe('shop')
    await rm(path)
    await one.desk.look()
    expect((await one.desk.state()).faults).toEqual(['the file cannot be read'])
    await write([{ ...SHOP, client_name: 'Good' }])
    await one.desk.look()
    expect(await one.desk.state()).toMatchObject({ faults: [] })
    expect(await nameOf(one)).toBe('Good')
  })

  test('what cannot be written is tried again', async () => {
    await write([SHOP])
    const one = processOn()
    await one.desk.begin()
    await write([{ ...SHOP, client_name: 'New' }])
    await query(url, 'alter table client rename to client_away')
    await expect(one.desk.look()).rejects.toThrow()
    await query(url, 'alter table client_away rename to client')
    await one.desk.look()
    expect(await nameOf(one)).toBe('New')
  })

  test('R-171 a secret that comes late is taken up when it is there, and so is the next one', async () => {
    await rm(secretPath)
    await write([SHOP])
    const one = processOn()
    await one.desk.begin()
    expect(one.events('clients_file.waiting')).toEqual([
      expect.objectContaining({ clientId: 'shop', detail: { reason: `the file ${secretPath} cannot be read` } }),
    ])
    const waiting = [{ clientId: 'shop', words: `the file ${secretPath} cannot be read` }]
    expect(await one.desk.state()).toMatchObject({ waiting })
    expect(await nameOf(one)).toBeUndefined()
    for (const secret of [SECRET, NEXT_SECRET]) {
      await writeFile(secretPath, secret)
      await one.desk.look()
      one.clients.forget()
      const client = await one.clients.find('shop')
      if (!client) throw new Error('it still waits')
      expect([SECRET, NEXT_SECRET].map((text) => one.clients.secretMatches(client, text))).toEqual(
        [SECRET, NEXT_SECRET].map((text) => text === secret),
      )
    }
    expect(await one.desk.state()).toMatchObject({ waiting: [] })
    expect(one.lines.join()).not.toContain(SECRET)
    expect(one.lines.join()).not.toContain(NEXT_SECRET)
  })

  test('looks by itself, and no more once it is stopped', async () => {
    await write([SHOP])
    const one = processOn()
    await one.desk.begin()
    one.desk.watch()
    await write([{ ...SHOP, client_name: 'Watched' }])
    await eventually(async () => (await nameOf(one)) === 'Watched')
    await one.desk.stop()
    await write([SHOP])
    await one.desk.plan()
    expect(await nameOf(one)).toBe('Watched')
  })
})

describe('what others change in what the file declares', () => {
  const byHand = () => query(url, `update client set metadata = metadata || '{"client_name": "By hand"}', updated_at = $1`, [now])

  test('is told of and never undone by itself; the next start makes it right', async () => {
    await write([SHOP])
    const one = processOn()
    await one.desk.begin()
    minuteLater()
    await one.desk.look()
    expect(one.events('clients_file.drift')).toEqual([])
    await byHand()
    for (let looks = 0; looks < 3; looks++) {
      minuteLater()
      await one.desk.look()
    }
    expect(one.events('clients_file.drift')).toEqual([expect.objectContaining({ detail: { change: 'shop: client_name' } })])
    const changes = [{ field: 'client_name', before: 'By hand', after: 'shop' }]
    expect((await one.desk.state()).drift).toEqual([{ id: 'shop', changes }])
    expect(await nameOf(one)).toBe('By hand')
    await processOn().desk.begin()
    expect(await nameOf(one)).toBe('shop')
  })

  test('is not what another process has applied from a newer file', async () => {
    await write([SHOP])
    const old = processOn()
    await old.desk.begin()
    await write([{ ...SHOP, client_name: 'Newer' }])
    await processOn().desk.begin()
    expect((await old.desk.state()).drift).toEqual([])
  })
})
