import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog } from '../../src/base/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { query } from '../support/database.ts'
import { freePorts } from '../support/ports.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { ask, finish, launch, type OwnPostgres, probe, startOwnPostgres, submit, until } from './fault-tools.ts'

// One PostgreSQL of its own, which goes away and comes back under a running service.

// For production: no plain http, not even on loopback.
const CLIENTS = `clients:
  - client_id: app
    client_name: App
    redirect_uris: [https://app.fabrikam.example/callback]
    token_endpoint_auth_method: none
`

let postgres: OwnPostgres
let stage: Stage

beforeAll(async () => {
  postgres = await startOwnPostgres()
  await migrate({ url: postgres.url, log: createLog('error') })
  stage = await startStage({ env: { DATABASE_URL: postgres.url, LIMITS: GENEROUS_LIMITS } })
})
afterAll(async () => {
  await stage.stop()
  await postgres.stop()
})

describe('when the database goes away', () => {
  test('F-03 restarted between mail and code: the code works afterwards', async () => {
    const walk = await ask(stage, 'restart@fabrikam.example')
    const { code } = await stage.mailbox.next('restart@fabrikam.example')
    await postgres.down()
    await postgres.up()
    const end = await submit(walk, 'code', { code: code ?? '' })
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
  })

  test('S-3 after an outage mails are sent again, by the same process', async () => {
    await postgres.down()
    await postgres.up()
    const walk = await until('requests are served again', () => ask(stage, 'after@fabrikam.example').catch(() => null), 5)
    expect((await finish(stage, walk, 'after@fabrikam.example')).status).toBe(200)
  })
})

describe('when the database is not there at start', () => {
  test('F-01 a stop while it waits ends at once and well', async () => {
    const opsPort = Number(stage.service.env.OPS_PORT)
    await stage.service.stop()
    await postgres.down()
    const started = launch({ ...stage.service.env })
    await until('it is alive', async () => (await probe(opsPort, '/livez')) === 200)
    started.signal('SIGTERM')
    expect(await started.ended).toBe(0)
    await postgres.up()
  })
})

describe('when the schema is not that of this version', () => {
  test('F-02 in production it waits, not ready, writes nothing, and goes on once somebody has migrated', async () => {
    await query(postgres.urlFor('postgres'), 'create database behind')
    const url = postgres.urlFor('behind')
    const [port] = await freePorts(3)
    const clientsFile = join(await tempFolder('production'), 'clients.yaml')
    await writeFile(clientsFile, CLIENTS)
    const opsPort = port + 2
    const started = launch({
      ...stage.service.env,
      ...{ NODE_ENV: 'production', ISSUER: 'https://id.fabrikam.example', DATABASE_URL: url, TRUSTED_PROXIES: '1' },
      ...{ CLOCK_SKEW_MAX: '10s', CLIENTS_FILE: clientsFile, PORT: String(port), OPS_PORT: String(opsPort) },
    })
    await until('it says why', () => /lacks migrations.*migrate/.test(started.output()) || !started.running())
    expect(started.running()).toBe(true)
    expect(await probe(opsPort, '/livez')).toBe(200)
    expect(await probe(opsPort, '/readyz')).toBe(503)
    expect(await query(url, `select from pg_tables where schemaname = 'public'`)).toHaveLength(0)

    await migrate({ url, log: createLog('error') })
    await until('it is ready', async () => (await probe(opsPort, '/readyz')) === 200 || !started.running(), 10)
    expect(started.running() ? '' : started.output()).toBe('')
    started.signal('SIGTERM')
    expect(await started.ended).toBe(0)
  })
})
