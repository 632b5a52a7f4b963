import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Clients, createClients } from '../../src/clients/index.ts'
import { CLIENTS_CHANNEL, createClientStore } from '../../src/store/clients.ts'
import type { Database } from '../../src/store/database.ts'
import { createNotifications, type Notifications } from '../../src/store/notifications.ts'
import { freshDatabase, query } from '../support/database.ts'
import { fileOf, WEB } from './clients-samples.ts'
import { closeAll, eventually, listeningLog, open, silent } from './store-support.ts'

// The clock stands still, so that what is kept in memory never grows old.
const clock = { now: () => new Date('2030-01-01T00:00:00Z') }

let url: string
let db: Database

beforeAll(async () => {
  url = await freshDatabase()
  db = open(url)
})
afterAll(closeAll)

describe('processes on one database', () => {
  const running: Notifications[] = []
  beforeEach(() => query(url, 'truncate client cascade'))
  afterAll(() => Promise.all(running.map((one) => one.stop())))

  const processOn = () => createClients({ store: createClientStore(db), clock, log: silent })
  const named = (client_name: string) => fileOf([{ ...WEB, client_name }])
  const apply = (clients: Clients, name: string) => db.transact((tx) => clients.apply(tx, named(name), 'file'))
  const nameAt = async (clients: Clients) => (await clients.find(WEB.client_id))?.metadata.client_name

  async function listening(clients: Clients): Promise<() => number> {
    let times = 0
    const heard = () => {
      times++
      clients.forget()
    }
    const notifications = createNotifications({ databaseUrl: url, channels: { [CLIENTS_CHANNEL]: heard }, log: silent })
    running.push(notifications)
    await notifications.start()
    return () => times
  }

  test('hear of a changed client at once, whatever they have in memory', async () => {
    const [one, other] = [processOn(), processOn()]
    await apply(one, 'Shop')
    const heard = await listening(other)
    expect(await nameAt(other)).toBe('Shop')
    const before = heard()
    await apply(one, 'Told')
    await eventually(() => heard() > before)
    expect(await nameAt(other)).toBe('Told')
  })

  test('forget all after a lost connection, since something may have been missed', async () => {
    const other = processOn()
    await apply(processOn(), 'Shop')
    const heard = await listening(other)
    expect(await nameAt(other)).toBe('Shop')
    const before = heard()
    const gone = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doorward notices' and datname = current_database()`
    await query(url, gone)
    await query(url, `update client set metadata = metadata || '{"client_name": "Missed"}'`)
    await eventually(() => heard() > before)
    expect(await nameAt(other)).toBe('Missed')
  })

  test('need no database to start, and say that they hear nothing', async () => {
    const nowhere = new URL(url)
    nowhere.port = '1'
    const { log, lines } = listeningLog()
    const heard = () => {
      throw new Error('it heard something')
    }
    const lost = createNotifications({ databaseUrl: nowhere.href, channels: { [CLIENTS_CHANNEL]: heard }, log })
    await lost.start()
    await lost.stop()
    expect(lines.join()).toContain('are not heard of now')
    expect(lines.join()).not.toContain(nowhere.password || 'postgres://')
  })
})
