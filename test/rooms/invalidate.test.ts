import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { createSecrets, newId } from '../../src/base/index.ts'
import { createCredentialFactors } from '../../src/factors/index.ts'
import { createUpkeepVerbs } from '../../src/upkeep.ts'
import { freshDatabase, query } from '../support/database.ts'
import { run } from './cli-support.ts'
import { codeOf } from './totp-support.ts'

// After a restore to an earlier moment: what was used since could be used again, until a command ends all of it.

const SECRET = randomBytes(32).toString('base64url')
const CLOCK = { now: () => new Date() }
const { totp } = createCredentialFactors({ secrets: createSecrets([SECRET]), clock: CLOCK })

let url: string
let accountId: string
let seed: string
let verbs: ReturnType<typeof createUpkeepVerbs>

beforeAll(async () => {
  url = await freshDatabase()
  verbs = createUpkeepVerbs({
    ...{ DATABASE_URL: url, SECRETS: SECRET, ISSUER: 'https://id.example', MAIL_FROM: 'id@id.example' },
    ...{ SMTP_URL: 'smtp://127.0.0.1:1', TRUSTED_PROXIES: '1' },
  })
  accountId = newId()
  const made = totp.newSeed(accountId)
  seed = made.key.replaceAll(' ', '')
  const account = [accountId]
  const later = `now() + interval '1 hour'`
  await query(url, `insert into account (id, role, created_at) values ($1, 'admin', now())`, account)
  await query(
    url,
    `insert into credential (id, account_id, kind, data, label, proven_at, created_at) values ('c', $1, 'totp', $2, '', now(), now())`,
    [accountId, made.data],
  )
  for (const model of ['Session', 'AuthorizationCode', 'RefreshToken', 'Grant', 'Interaction'])
    await query(url, `insert into oidc_record (model, id, payload, expires_at) values ($1, 'r', '{}', ${later})`, [model])
  await query(
    url,
    `insert into attempt (id, interaction_hash, interaction, purpose, client_id, device, locale, created_at, expires_at)
     values ('a', 'h', 's', 'sign-in', 'app', '', 'en', now(), ${later})`,
  )
  await query(
    url,
    `insert into challenge (id, attempt_id, kind, target, target_key, secret_id, known_browser, short_code, first_sent_at, last_sent_at, expires_at)
     values ('ch', 'a', 'email', 't', 'k', 's', false, true, now(), now(), ${later})`,
  )
  await query(
    url,
    `insert into delivery (id, challenge_id, channel, message, target, locale, state, created_at, due_at, give_up_at)
     select state, 'ch', 'email', 'sign-in', 't', 'en', state, now(), now(), ${later}
     from unnest(array['queued', 'sending', 'deferred', 'handed_over']) as state`,
  )
  await query(
    url,
    `insert into account_session (id, account_id, sid, level, auth_time, id_token, created_at, last_seen_at, expires_at)
     values ('s', $1, 'sid', 2, now(), 'x', now(), now(), ${later})`,
    account,
  )
  await query(
    url,
    `insert into remembered_device (id, account_id, label, created_at, last_used_at, expires_at) values ('d', $1, '', now(), now(), ${later})`,
    account,
  )
  await query(url, `insert into idempotent_answer (id, request_hash, answer, expires_at) values ('i', 'h', 'a', ${later})`)
  await query(
    url,
    `insert into invitation (id, kind, canonical, role, invited_by, created_at, expires_at)
     values ('role', 'email', 'a@b.example', 'admin', 'local', now(), ${later}), ('none', 'email', 'c@d.example', null, 'local', now(), ${later})`,
  )
  await query(url, `insert into suppression (target_key, channel, reason, created_at) values ('k', 'sms', 'opted_out', now())`)
  await query(
    url,
    `insert into signing_key (id, alg, state, public_jwk, private_jwe, created_at)
     values ('k1', 'ES256', 'previous', '{}', '', '2029-02-01Z'), ('k2', 'ES256', 'current', '{}', '', '2029-03-01Z')`,
  )
  await query(url, `select graphile_worker.add_job('deliver', '{"deliveryId":"queued"}'::json)`)
})

const countsOf = async () =>
  (
    await query<Record<string, number>>(
      url,
      `select (select count(*)::int from oidc_record) as records, (select count(*)::int from attempt) as attempts,
        (select count(*)::int from challenge) as challenges, (select count(*)::int from account_session) as sessions,
        (select count(*)::int from remembered_device) as devices, (select count(*)::int from idempotent_answer) as answers,
        (select count(*)::int from graphile_worker._private_jobs) as jobs, (select count(*)::int from invitation) as invitations,
        (select count(*)::int from delivery where state in ('queued', 'sending', 'deferred')) as waiting,
        (select count(*)::int from delivery) as messages, (select count(*)::int from account) as accounts`,
    )
  )[0]

const FULL = {
  ...{ records: 5, attempts: 1, challenges: 1, sessions: 1, devices: 1, answers: 1, jobs: 1, invitations: 2 },
  ...{ waiting: 3, messages: 4, accounts: 1 },
}

const accepts = async () => {
  const rows = await query<{ id: string; data: string; counter: string }>(url, `select id, data, counter from credential`)
  const kept = rows.map(({ counter, ...row }) => ({
    ...{ ...row, kind: 'totp', label: '', counter: BigInt(counter), externalId: null },
    ...{ provenAt: new Date(), lastUsedAt: null, createdAt: new Date() },
  }))
  return (await totp.judge(kept, accountId, codeOf(seed, Date.now() / 1000))) !== null
}

describe('F-60 after-restore', () => {
  test('tells what it would end, and ends nothing until it is told to', async () => {
    const ran = await run(['after-restore'], { local: verbs })
    expect([ran.code, ran.err]).toEqual([1, ['nothing was ended: add --yes']])
    expect(ran.out).toEqual(expect.arrayContaining(['Would end:', '  records: 5', '  messages: 3', '  administrators: 1']))
    expect(ran.out).toContain('  newest signing key: 2029-03-01T00:00:00.000Z')
    expect(await countsOf()).toEqual(FULL)
    expect(await accepts()).toBe(true)
  })

  test('refuses while a service works on the database', async () => {
    const service = new Client({ connectionString: url, application_name: 'doorward queue' })
    await service.connect()
    const ran = await run(['after-restore', '--yes'], { local: verbs })
    await service.end()
    expect([ran.code, ran.err.join()]).toEqual([1, expect.stringContaining('stop every instance first')])
    expect(await countsOf()).toEqual(FULL)
  })

  test('ends all of it or nothing, leaves a row in the trail, and keeps people, messages and what nobody can know', async () => {
    await query(url, `create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$`)
    await query(url, 'create trigger refuse before insert on audit_entry for each row execute function refuse()')
    await expect(verbs.afterRestore({ yes: true })).rejects.toThrow()
    expect(await countsOf()).toEqual(FULL)
    await query(url, 'drop trigger refuse on audit_entry')

    const ran = await run(['after-restore', '--yes', '--json'], { local: verbs })
    expect([ran.code, ran.err]).toEqual([0, []])
    expect(JSON.parse(ran.out.join('\n'))).toMatchObject({
      done: true,
      ends: { records: 5, jobs: 1 },
      stays: { administrators: 1, suppressedAddresses: 1, signingKeys: 2, newestSigningKey: '2029-03-01T00:00:00.000Z' },
    })
    expect(await countsOf()).toEqual({
      ...{ records: 0, attempts: 0, challenges: 0, sessions: 0, devices: 0, answers: 0, jobs: 0, waiting: 0 },
      ...{ invitations: 1, messages: 4, accounts: 1 },
    })
    expect(await accepts()).toBe(false)
    expect(await query(url, 'select event, actor_id, detail from audit_entry')).toEqual([
      {
        ...{ event: 'service.restored', actor_id: 'local' },
        detail: { records: 5, sessions: 1, messages: 3, jobs: 1, invitations: 1 },
      },
    ])
  })
})
