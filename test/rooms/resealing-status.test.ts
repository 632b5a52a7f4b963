import { beforeAll, describe, expect, test } from '@jest/globals'
import { createSecrets, newId } from '../../src/base/index.ts'
import { createCredentialFactors } from '../../src/factors/index.ts'
import { createUpkeepVerbs } from '../../src/upkeep.ts'
import { freshDatabase, query } from '../support/database.ts'
import { run } from './cli-support.ts'

// Which secret may be taken out of SECRETS, and where migrations stand, at the command line.

const [older, newer] = ['one', 'two'].map((n) => `a-secret-that-is-long-enough-for-a-test-${n}`) as [string, string]
const idOf = (secret: string) => createSecrets([secret]).currentId

let url: string

beforeAll(async () => {
  url = await freshDatabase()
})

const verbs = (secrets: string) =>
  createUpkeepVerbs({
    ...{ DATABASE_URL: url, SECRETS: secrets, ISSUER: 'https://id.example', MAIL_FROM: 'id@id.example' },
    ...{ SMTP_URL: 'smtp://127.0.0.1:1', TRUSTED_PROXIES: '1', SESSION_TTL: '7d' },
  })

async function judged(secret: string) {
  const ran = await run(['secrets', 'status', '--json'], { local: verbs(`${newer},${older}`) })
  expect(ran.err).toEqual([])
  const found = (JSON.parse(ran.out.join('\n')) as { id: string }[]).find(({ id }) => id === idOf(secret))
  return found as unknown as { mayGo: string; because: string; seeds: number; replacedAt: string | null }
}

const exchangedAt = (at: string) =>
  query(url, `insert into audit_entry (at, event, detail) values (${at}, 'secrets.exchanged', $1)`, [{ newest: idOf(newer) }])

describe('R-108 secrets status', () => {
  test('the newest stays, and a former one as long as an authenticator needs it', async () => {
    const accountId = newId()
    const { data } = createCredentialFactors({ secrets: createSecrets([older]), clock: { now: () => new Date() } }).totp.newSeed(
      accountId,
    )
    await query(url, 'insert into account (id, created_at) values ($1, now())', [accountId])
    await query(
      url,
      `insert into credential (id, account_id, kind, data, label, proven_at, created_at) values ('c', $1, 'totp', $2, '', now(), now())`,
      [accountId, data],
    )
    expect(await judged(newer)).toMatchObject({ mayGo: 'no', seeds: 0 })
    expect(await judged(older)).toMatchObject({ mayGo: 'no', seeds: 1, because: expect.stringContaining('1 authenticators') })
    await query(url, 'delete from credential')
  })

  test('then until what was begun and signed with it has ended', async () => {
    await query(
      url,
      `insert into attempt (id, interaction_hash, interaction, purpose, client_id, device, locale, created_at, expires_at)
       values ('a', 'h', $1, 'sign-in', 'app', '', 'en', now(), now() + interval '10 minutes')`,
      [createSecrets([older]).seal('uid', 'c')],
    )
    const [{ ends } = { ends: new Date(0) }] = await query<{ ends: Date }>(url, 'select expires_at as ends from attempt')
    const ending = expect.stringContaining(`ends at ${ends.toISOString()}`)
    expect(await judged(older)).toMatchObject({ mayGo: 'wait', shortLived: 1, because: ending })
    await exchangedAt(`now() - interval '1 day'`)
    expect(await judged(older)).toMatchObject({ mayGo: 'wait', because: expect.stringMatching(/ends at .*; until .* browsers/) })
    await query(url, 'delete from attempt')
    expect(await judged(older)).toMatchObject({ mayGo: 'wait', because: expect.stringContaining('browsers and mails') })
    await query(url, `update audit_entry set at = now() - interval '1 year'`)
    expect(await judged(older)).toMatchObject({ mayGo: 'yes' })
  })

  test('one that was put behind before its turn is not shown as replaced, and is not called one that signed', async () => {
    await query(url, `update audit_entry set at = now()`)
    const ran = await run(['secrets', 'status', '--json'], { local: verbs(`${newer},${older}`) })
    const [, behind] = JSON.parse(ran.out.join('\n')) as { replacedAt: string | null; mayGo: string; because: string }[]
    expect(behind).toMatchObject({
      replacedAt: null,
      mayGo: 'wait',
      because: expect.stringContaining('Is it the next one, leave it'),
    })
    // From its turn on it is known, and so is the moment when it was replaced.
    await query(url, `insert into audit_entry (at, event, detail) values (now() - interval '1 hour', 'secrets.exchanged', $1)`, [
      { newest: idOf(older) },
    ])
    const known = await judged(older)
    expect(known).toMatchObject({ replacedAt: expect.any(String), because: expect.stringMatching(/^until /) })
    await query(url, `update audit_entry set at = at - interval '1 year'`)
  })

  test('what is sealed with a secret that nobody lists is said, and what to do', async () => {
    await query(url, `insert into account (id, created_at) values ('p', now())`)
    await query(
      url,
      `insert into credential (id, account_id, kind, data, label, proven_at, created_at)
       values ('c', 'p', 'totp', 'lostlost.AAAA', '', now(), now())`,
    )
    const ran = await run(['secrets', 'status'], { local: verbs(`${newer},${older}`) })
    expect(ran.out.at(-1)).toMatch(/^lostlost must stay .*SECRETS lacks it: put it back behind the others$/)
  })
})

describe('migrate status', () => {
  const status = () => run(['migrate', 'status'], { local: verbs(newer) })

  test('ends with 0, 1 or 6, and changes nothing', async () => {
    expect([(await status()).code, (await status()).out.at(-1)]).toEqual([0, expect.stringContaining('tables of the job queue')])
    const taken = await query<object>(
      url,
      `delete from _prisma_migrations where migration_name = '20261122124500_sealed_with' returning *`,
    )
    const behind = await status()
    expect([behind.code, behind.out]).toEqual([1, expect.arrayContaining(['waiting   20261122124500_sealed_with'])])
    const row = (name: string) =>
      query(url, `insert into _prisma_migrations (id, checksum, migration_name, finished_at) values ($1, '', $1, now())`, [name])
    expect(taken).toHaveLength(1)
    await row('20261122124500_sealed_with')
    await row('29990101000000_more')
    expect(await status()).toMatchObject({
      code: 0,
      out: expect.arrayContaining([expect.stringMatching(/^newer +29990101000000_more/)]),
    })
    await row('29990101000001_less_contracting')
    expect((await status()).code).toBe(6)
  })

  test('S-7 a command of a version that no longer fits refuses by one line', async () => {
    const ran = await run(['secrets', 'status'], { local: verbs(newer) })
    expect([ran.code, ran.err]).toEqual([1, [expect.stringContaining('was migrated by a newer version that took away')]])
  })
})
