import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { freshDatabase, query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { launch, probe, type Started, until } from './fault-tools.ts'

const CLIENTS = `clients:
  - client_id: app
    client_name: App
    redirect_uris: [https://app.fabrikam.example/callback]
    token_endpoint_auth_method: none
`

let databaseUrl: string
let port: number
let service: Started

beforeAll(async () => {
  databaseUrl = await freshDatabase()
  ;[port] = await freePorts(3)
  const folder = await tempFolder('production')
  await writeFile(join(folder, 'clients.yaml'), CLIENTS)
  await query(databaseUrl, `alter database ${new URL(databaseUrl).pathname.slice(1)} set default_transaction_read_only = on`)
  service = launch({
    NODE_ENV: 'production',
    ISSUER: 'https://id.fabrikam.example',
    DATABASE_URL: databaseUrl,
    SECRETS: randomBytes(32).toString('base64url'),
    SMTP_URL: 'smtps://mail.fabrikam.example',
    MAIL_FROM: 'Doorward <id@fabrikam.example>',
    CLIENTS_FILE: join(folder, 'clients.yaml'),
    TRUSTED_PROXIES: '0',
    HOST: '127.0.0.1',
    PORT: String(port),
    OPS_PORT: String(port + 2),
    DATA_DIR: folder,
  })
})
afterAll(async () => {
  service.signal('SIGTERM')
  await service.ended
})

const get = (path: string, method = 'GET') =>
  send(`https://id.fabrikam.example${path}`, {
    method,
    headers: { accept: 'text/html' },
    via: { issuer: 'https://id.fabrikam.example', port },
  })

describe('in production', () => {
  test('F-59 on a database that takes no writes it is alive and not ready, says so, and serves once it does', async () => {
    const said = /waiting for the database: the database is read-only/
    await until('it says why', () => said.test(service.output()) || !service.running())
    expect(service.running()).toBe(true)
    expect([await probe(port + 2, '/livez'), await probe(port + 2, '/readyz')]).toEqual([200, 503])
    await expect(get('/jwks')).rejects.toThrow(/ECONNREFUSED/)
    const name = new URL(databaseUrl).pathname.slice(1)
    await query(databaseUrl, `begin read write; alter database ${name} reset default_transaction_read_only; commit`)
    await until('it is ready', async () => (await probe(port + 2, '/readyz')) === 200)
  })

  test('R-173 nothing made for trying is there: no inbox, no start page, no demo application, no word of them', async () => {
    expect((await get('/jwks')).status).toBe(200)
    for (const path of ['/', '/dev/inbox', '/dev/inbox.json', '/dev/inbox/1/html', '/dev/', '/dev']) {
      const answer = await get(path)
      expect([path, answer.status]).toEqual([path, 404])
      expect(answer.text).not.toMatch(/inbox|demo/i)
    }
    expect((await get('/dev/inbox/empty', 'POST')).status).toBe(404)
    await expect(send(`http://127.0.0.1:${port + 1}/`)).rejects.toThrow(/ECONNREFUSED/)
    expect(await query(databaseUrl, 'select id from client')).toEqual([{ id: 'app' }])
    expect(service.output()).not.toMatch(/trial mode/)
  })
})
