import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createSecrets } from '../../src/base/index.ts'
import { createCredentialFactors } from '../../src/factors/index.ts'
import { afterFirst, typing } from '../protocol/second-standing.ts'
import { type Authenticator, addAuthenticator } from '../protocol/second-walk.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from './fault-tools.ts'

// SECRETS are exchanged on an installation with many authenticators, while people sign in with theirs.

const [first, second] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')]
const [firstId, secondId] = [first, second].map((secret) => createSecrets([secret]).currentId)
const MANY = Number(process.env.ROTATION_SEEDS ?? 40_000)

let stage: Stage
let file: string

beforeAll(async () => {
  file = join(await tempFolder('secrets-rotation'), 'secrets')
  await writeFile(file, first)
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, SECRETS: '', SECRETS_FILE: file } })
})
afterAll(() => stage.stop())

/** The service as helpers know it that seal: with the secret that it began with. */
const sealing = (): Service => Object.create(stage.service, { env: { value: { ...stage.service.env, SECRETS: first } } })

async function addMany(): Promise<void> {
  const { totp } = createCredentialFactors({ secrets: createSecrets([first]), clock: { now: () => new Date() } })
  const rows = Array.from({ length: MANY }, (_, number) => [`many-${number}`, totp.newSeed(`many-${number}`).data])
  const columns = [rows.map(([id]) => id), rows.map(([, data]) => data)]
  await query(stage.service.databaseUrl, 'insert into account (id, created_at) select unnest($1::text[]), now()', [columns[0]])
  await query(
    stage.service.databaseUrl,
    `insert into credential (id, account_id, kind, data, label, proven_at, created_at)
     select id, id, 'totp', data, '', now(), now() from unnest($1::text[], $2::text[]) as given (id, data)`,
    columns,
  )
}

async function sealedWith(secretId: string | undefined): Promise<number> {
  const sql = `select count(*)::int as rows from credential where kind = 'totp' and split_part(data, '.', 1) = $1`
  return (await query<{ rows: number }>(stage.service.databaseUrl, sql, [secretId]))[0]?.rows ?? 0
}

async function signInWith(email: string, authenticator: Authenticator): Promise<void> {
  const end = await typing(await afterFirst(stage, email), authenticator())
  if (end.page.location === null) throw new Error(`${email} does not get in: ${end.page.words}`)
}

test('F-39, R-108 people sign in by their authenticators while all are sealed anew, and a kill half-way costs nothing', async () => {
  const people = Array.from({ length: 6 }, (_, number) => `person-${number}@fabrikam.example`)
  const authenticators = new Map<string, Authenticator>()
  for (const email of people) {
    await stage.signIn(email)
    authenticators.set(email, await addAuthenticator(sealing(), email))
  }
  await addMany()
  const all = MANY + people.length
  expect(await sealedWith(firstId)).toBe(all)

  await writeFile(file, [second, first].join())
  await stage.service.restart()
  const begun = await until('some are sealed anew', async () => (await sealedWith(secondId)) || null)
  await stage.service.kill9()
  const killedAt = await sealedWith(secondId)
  expect(begun).toBeGreaterThan(0)
  expect(killedAt).toBeLessThan(all)
  await stage.service.restart()
  const again = performance.now()

  for (const email of people) await signInWith(email, authenticators.get(email) as Authenticator)
  await until('all are sealed anew', async () => (await sealedWith(firstId)) === 0, 120)
  process.stdout.write(
    `killed at ${killedAt} of ${all}; the rest within ${Math.round(performance.now() - again)} ms of the next start\n`,
  )

  // The former secret goes: nobody misses it.
  await writeFile(file, second)
  await stage.service.restart()
  await stage.moveClock(60) // codes of before are used
  for (const email of people) await signInWith(email, authenticators.get(email) as Authenticator)
}, 240_000)
