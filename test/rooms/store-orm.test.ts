import { afterEach, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { createAfterRestoreStore, createDoctorStore } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, eventually, open } from './store-support.ts'

// Prisma's client, by which the command line looks things up: it asks as every other statement does.

afterEach(closeAll)

const unavailable = { name: 'Refusal', code: 'unavailable' }
const LOCKED = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

describe('what is asked by the ORM', () => {
  test('is `unavailable` where a statement takes too long, a lock is not had, or the connection is cut', async () => {
    const url = await freshDatabase()
    const holder = new Client({ connectionString: url })
    await holder.connect()
    await holder.query('begin; lock table signing_key in access exclusive mode')
    const count = async (statementTimeoutMs: number) => (await open(url, { statementTimeoutMs }).orm()).signingKey.count()
    try {
      await expect(count(300)).rejects.toMatchObject({ ...unavailable, cause: { code: 'P2039' } })
      await expect(count(9000)).rejects.toMatchObject(unavailable) // 2 s for a lock
      const cut = count(9000)
      cut.catch(() => {})
      await eventually(async () => (await query(url, LOCKED)).length > 0)
      await query(
        url,
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doorward' and datname = current_database()`,
      )
      await expect(cut).rejects.toMatchObject(unavailable)
    } finally {
      await holder.end()
    }
  })

  test('is what it is where the statement is at fault, in words without our sources', async () => {
    const url = await freshDatabase()
    await query(url, 'alter table signing_key rename to keys_of_old')
    const failed = await (await open(url).orm()).signingKey.count().catch((error: Error) => error)
    expect(failed).toMatchObject({ name: 'PrismaClientKnownRequestError', code: 'P2021' })
    expect((failed as Error).message).not.toMatch(/\.ts\b|→/)
  })

  test('is asked of the schema that the search path names', async () => {
    const url = await freshDatabase()
    await query(url, 'alter schema public rename to house')
    await query(
      url,
      `insert into house.signing_key (id, alg, state, public_jwk, private_jwe, created_at)
      values ('k', 'ES256', 'current', '{}', '', now())`,
    )
    const inHouse = new URL(url)
    inHouse.searchParams.set('options', '-c search_path=house')
    expect(await (await open(inHouse.href).orm()).signingKey.count()).toBe(1)
  })
})

describe('what the command line looks up by it', () => {
  test('F-60 what stays after a restore is counted, each by its own rule', async () => {
    const url = await freshDatabase()
    const now = new Date('2030-01-01T00:00:00Z')
    await query(url, `alter database ${new URL(url).pathname.slice(1)} set timezone = 'Asia/Kathmandu'`)
    await query(
      url,
      `insert into account (id, role, closing_at, created_at)
      values ('a', 'admin', null, now()), ('b', null, '2030-01-01T00:00:00.001Z', now()), ('c', null, '2030-01-01Z', now())`,
    )
    await query(
      url,
      `insert into credential (id, account_id, kind, data, label, counter, removed_at, created_at)
      values ('unused', 'a', 'recovery', '', '', 0, null, now()), ('used', 'a', 'recovery', '', '', 1, null, now()),
        ('removed', 'a', 'recovery', '', '', 0, now(), now()), ('app', 'a', 'totp', '', '', 0, null, now())`,
    )
    await query(
      url,
      `insert into client (id, metadata, policy, source, created_at, updated_at)
      values ('shop', '{}', '{}', 'file', now(), now()), ('gone', '{}', '{}', 'removed', now(), now())`,
    )
    await query(url, `insert into consent (account_id, client_id, granted_at, updated_at) values ('b', 'shop', now(), now())`)
    await query(
      url,
      `insert into address (kind, canonical, account_id, usable_from, leaves_at, proven_at, created_at)
      values ('email', 'is@a.example', 'a', '2029-01-01Z', null, now(), now()),
        ('email', 'comes@a.example', 'a', '2030-01-01T00:00:00.001Z', null, now(), now()),
        ('email', 'goes@a.example', 'a', '2029-01-01Z', '2030-01-01T00:00:00.001Z', now(), now()),
        ('email', 'left@a.example', 'a', '2029-01-01Z', '2030-01-01Z', now(), now())`,
    )
    await query(
      url,
      `insert into invitation (id, kind, canonical, invited_by, created_at, expires_at)
      values ('i', 'email', 'c@d.example', 'local', now(), now())`,
    )
    await query(url, `insert into suppression (target_key, channel, reason, created_at) values ('k', 'sms', 'opted_out', now())`)
    const store = createAfterRestoreStore(open(url))
    const counts = { accounts: 3, administrators: 1, recoveryCodes: 1, consents: 1, clients: 1, invitations: 1 }
    const rest = { addressChanges: 2, closingAccounts: 1, suppressedAddresses: 1 }
    expect(await store.left(now)).toEqual({ ...counts, ...rest, signingKeys: 0, newestSigningKey: null })
    await query(
      url,
      `insert into signing_key (id, alg, state, public_jwk, private_jwe, created_at)
      values ('k1', 'ES256', 'previous', '{}', '', '2029-02-01Z'), ('k2', 'ES256', 'current', '{}', '', '2029-03-01Z')`,
    )
    expect(await store.left(now)).toMatchObject({ signingKeys: 2, newestSigningKey: new Date('2029-03-01Z') })
  })

  test('doctor: what the last start wrote down, and how many passkeys were made, removed ones too', async () => {
    const url = await freshDatabase()
    const store = createDoctorStore(open(url))
    expect(await store.deployment()).toBeNull()
    await query(
      url,
      `insert into deployment (id, issuer, secret_ids, passkey_domain, updated_at)
      values (1, 'https://id.example', '{two,one}', 'id.example', now())`,
    )
    await query(url, `insert into account (id, created_at) values ('a', now())`)
    await query(
      url,
      `insert into credential (id, account_id, kind, data, label, proven_at, removed_at, created_at)
      values ('is', 'a', 'passkey', '', '', now(), null, now()), ('removed', 'a', 'passkey', '', '', now(), now(), now()),
        ('begun', 'a', 'passkey', '', '', null, null, now()), ('app', 'a', 'totp', '', '', now(), null, now())`,
    )
    const expected = { issuer: 'https://id.example', secretIds: ['two', 'one'], passkeyDomain: 'id.example', passkeys: 2 }
    expect(await store.deployment()).toEqual(expected)
  })
})
