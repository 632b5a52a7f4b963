import { afterAll, describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { createLog, createMetrics, createSecrets, type Secrets } from '../../src/base/index.ts'
import { createKeys, type Keys } from '../../src/keys/index.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createKeyStore } from '../../src/store/keys.ts'
import { freshDatabase, query } from '../support/database.ts'

const clock = { now: () => new Date('2030-01-01T00:00:00.000Z') }
const log = createLog('silent')
const older = 'an older secret of more than thirty-two characters'
const newer = 'a newer secret of more than thirty-two characters'
const opened: Database[] = []

afterAll(async () => {
  await Promise.all(opened.map((db) => db.close()))
})

async function open(url: string): Promise<Database> {
  const db = await openDatabase({
    url,
    poolSize: 10,
    statementTimeoutMs: 5000,
    lockTimeoutMs: 2000,
    idleInTransactionTimeoutMs: 5000,
    log,
    metrics: createMetrics(),
    clock,
  })
  opened.push(db)
  return db
}

function keysOn(db: Database, secrets: Secrets): Keys {
  return createKeys({ store: createKeyStore(db), transact: db.transact, secrets, clock, log })
}

describe('signing keys', () => {
  test('twenty parallel starts of two instances make one current key of each algorithm', async () => {
    const url = await freshDatabase()
    const both = [await open(url), await open(url)].map((db) => keysOn(db, createSecrets([older])))
    await Promise.all(Array.from({ length: 20 }, (_, n) => both[n % 2]?.ensure()))
    expect(await query(url, 'select alg, state from signing_key order by alg')).toEqual([
      { alg: 'ES256', state: 'current' },
      { alg: 'RS256', state: 'current' },
    ])
    const [first, second] = await Promise.all(both.map((keys) => keys.load()))
    expect(first).toEqual(second)
    await both[0]?.ensure()
    expect(await both[0]?.load()).toEqual(first)
  })

  test('R-045 carry use, alg and the thumbprint as kid, and sign what their published half verifies', async () => {
    const url = await freshDatabase()
    const keys = keysOn(await open(url), createSecrets([older]))
    await keys.ensure()
    const jwks = await keys.load()
    expect(jwks.map(({ alg, use }) => [alg, use])).toEqual([
      ['ES256', 'sig'],
      ['RS256', 'sig'],
    ])
    const published = await query<{ id: string; public_jwk: JWK }>(url, 'select id, public_jwk from signing_key')
    for (const jwk of jwks) {
      expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk))
      const half = published.find(({ id }) => id === jwk.kid)?.public_jwk
      expect(Object.keys(half ?? {}).filter((member) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(member))).toEqual([])
      const alg = String(jwk.alg)
      const jwt = await new SignJWT({ sub: 'x' }).setProtectedHeader({ alg }).sign(await importJWK(jwk, alg))
      await expect(jwtVerify(jwt, await importJWK(half ?? {}, alg))).resolves.toBeDefined()
    }
  })

  test('F-37 the current one comes first, the previous next, and the one to come last', async () => {
    const url = await freshDatabase()
    const keys = keysOn(await open(url), createSecrets([older]))
    const states = ['next', 'previous', 'current']
    for (const state of states) {
      await keys.ensure()
      await query(url, `update signing_key set state = $1 where state = 'current'`, [state])
    }
    const rows = await query<{ id: string; state: string }>(url, 'select id, state from signing_key')
    const order = (await keys.load()).map(({ kid }) => rows.find(({ id }) => id === kid)?.state)
    expect(order).toEqual(['current', 'current', 'previous', 'previous', 'next', 'next'])
  })

  test('R-170 the private half is sealed, and opens while its secret is listed', async () => {
    const url = await freshDatabase()
    const db = await open(url)
    await keysOn(db, createSecrets([older])).ensure()
    const before = await keysOn(db, createSecrets([older])).load()
    const [dump] = await query<{ all: string }>(url, 'select json_agg(k)::text as all from signing_key k')
    for (const jwk of before) expect(dump?.all).not.toContain(jwk.d)
    await expect(keysOn(db, createSecrets([newer])).load()).rejects.toThrow(
      /signing key \S+ was sealed with a secret that SECRETS does not list/,
    )
  })

  test('F-39 a start with a new secret in front seals them anew, twenty at once too; then the old one can go', async () => {
    const url = await freshDatabase()
    const db = await open(url)
    await keysOn(db, createSecrets([older])).ensure()
    const before = await keysOn(db, createSecrets([older])).load()
    const both = createSecrets([newer, older])
    const all = Array.from({ length: 20 }, () => keysOn(db, both))
    await Promise.all(all.map((keys) => keys.reseal()))
    for (const loaded of await Promise.all(all.map((keys) => keys.load()))) expect(loaded).toEqual(before)
    expect(await keysOn(db, createSecrets([newer])).load()).toEqual(before)
  })

  test('F-40 a missing, damaged or exchanged key stops the start with a clear line', async () => {
    const url = await freshDatabase()
    const keys = keysOn(await open(url), createSecrets([older]))
    await expect(keys.load()).rejects.toThrow('there is no current signing key for ES256')
    await keys.ensure()
    const [es, rs] = await query<{ id: string; private_jwe: string }>(url, 'select id, private_jwe from signing_key order by alg')
    const parts = es?.private_jwe.split('.') ?? []
    const body = parts[3] ?? ''
    parts[3] = `${body.startsWith('A') ? 'B' : 'A'}${body.slice(1)}`
    for (const broken of [parts.join('.'), rs?.private_jwe, '', 'garbage', 'a.b.c.d.e']) {
      await query(url, 'update signing_key set private_jwe = $2 where id = $1', [es?.id, broken])
      await expect(keys.load()).rejects.toThrow(`signing key ${es?.id} is damaged`)
    }
  })
})
