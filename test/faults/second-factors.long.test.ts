import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog } from '../../src/base/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import {
  addRecoveryCodes,
  afterFirst,
  askedOn,
  countOf,
  keyOn,
  tokenOf,
  toRecovery,
  typing,
  type Walker,
} from '../protocol/second-standing.ts'
import { addAuthenticator, essential, THREE, TWO } from '../protocol/second-walk.ts'
import { anyStep, here, toStep, withField } from '../protocol/text-walk.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { failpointAt, LAST_LOOK } from './failpoint.ts'
import { type OwnPostgres, startOwnPostgres } from './fault-tools.ts'

// A second proof while the process dies, the database goes away, rows are swapped, and secrets change.

const [first, second] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')]

const SEED = `select c.id, c.data from credential c join address using (account_id) where canonical = $1 and c.kind = 'totp'`

let file: string
let postgres: OwnPostgres
let stage: Stage

beforeAll(async () => {
  file = join(await tempFolder('second-factors'), 'secrets')
  await writeFile(file, first)
  postgres = await startOwnPostgres()
  await migrate({ url: postgres.url, log: createLog('error') })
  const env = { DATABASE_URL: postgres.url, LIMITS: GENEROUS_LIMITS, SECRETS: '', SECRETS_FILE: file }
  stage = await startStage({ env })
})
afterAll(async () => {
  await stage?.stop()
  await postgres?.stop()
})

/** The service as helpers know it that seal: with the secret that it began with. */
const sealing = (): Service => Object.create(stage.service, { env: { value: { ...stage.service.env, SECRETS: first } } })

async function member(email: string) {
  await stage.signIn(email)
  return addAuthenticator(sealing(), email)
}

async function crash(): Promise<void> {
  await stage.service.kill9()
  await stage.service.restart()
}

const now = async (walk: Walker): Promise<Walker> => ({ ...walk, ...(await here(walk)) })

describe('a process that is killed', () => {
  test('F-15, R-105 between the second proof and the session: one button goes on, and the code is used', async () => {
    const email = 'killed@fabrikam.example'
    const authenticator = await member(email)
    const walk = await afterFirst(stage, email)
    const code = authenticator()
    const failpoint = await failpointAt(stage.service.databaseUrl, ...LAST_LOOK)
    const lost = walk.visitor.submit(withField(walk.page, 'code'), { code }).catch(() => null)
    await failpoint.reached()
    await stage.service.kill9()
    await failpoint.remove()
    expect(await lost).toBeNull()
    await stage.service.restart()

    const again = await walk.visitor.submit(withField(walk.page, 'code'), { code })
    expect(again.location).toBe(walk.home)
    const onward = await now(walk)
    const end = await walk.visitor.follow(await walk.visitor.submit(toStep(onward, 'continue')))
    expect(await tokenOf(stage, { ...walk, page: end })).toMatchObject({ acr: THREE })
    expect(askedOn(await typing(await afterFirst(stage, email), code))).toBe('factor')
  })

  test('F-15, R-107 while recovery codes are shown: the same ones are shown again, and then nobody sees them', async () => {
    const email = 'killed-at-codes@fabrikam.example'
    let walk = await afterFirst(stage, email, { parameters: { claims: essential(THREE) } })
    await anyStep(walk, 'enrol')
    walk = await now(walk)
    walk = await typing(walk, keyOn(walk, stage.service).codeNow())
    const shown = walk.page.text.match(/<li>([0-9A-Z-]{24})<\/li>/g)
    expect(shown).toHaveLength(10)
    await crash()
    walk = await now(walk)
    expect(walk.page.text.match(/<li>([0-9A-Z-]{24})<\/li>/g)).toEqual(shown)
    const end = await walk.visitor.follow(await anyStep(walk, 'keep-codes', { kept: 'yes' }))
    expect(await tokenOf(stage, { ...walk, page: end })).toMatchObject({ acr: THREE })
    expect(await countOf(stage.service, 'attempt where sealed is not null', [])).toBe(0)
  })
})

describe('a database that goes away', () => {
  test('F-03, S-3 while the code is typed: 503, nothing is used up, and the same code works afterwards', async () => {
    const email = 'away@fabrikam.example'
    const authenticator = await member(email)
    const walk = await afterFirst(stage, email)
    // To the beginning of a step, so that the code is still good when the database is back.
    await stage.moveClock(30 - ((Date.now() / 1000 + stage.service.clockSeconds) % 30))
    const code = authenticator()
    await postgres.down()
    const away = await walk.visitor.submit(withField(walk.page, 'code'), { code })
    expect([away.status, away.headers['retry-after'] !== undefined]).toEqual([503, true])
    expect(away.words).not.toContain('That code is not right')
    await postgres.up()
    expect(await tokenOf(stage, await typing(await now(walk), code))).toMatchObject({ acr: THREE })
  })
})

describe('what is sealed', () => {
  test('R-108 seeds that were swapped between two people open nothing for either, and their recovery codes still do', async () => {
    const [one, two] = ['swapped-one@fabrikam.example', 'swapped-two@fabrikam.example']
    const [ofOne, ofTwo] = [await member(one), await member(two)]
    const [code = ''] = await addRecoveryCodes(sealing(), one)
    await swapSeeds(one, two)
    for (const email of [one, two]) {
      let walk = await afterFirst(stage, email)
      for (const authenticator of [ofOne, ofTwo]) {
        walk = await typing(walk, authenticator())
        expect([email, askedOn(walk)]).toEqual([email, 'factor'])
      }
    }
    expect(await tokenOf(stage, await typing(await toRecovery(await afterFirst(stage, one)), code))).toMatchObject({ acr: TWO })
    await swapSeeds(one, two)
    expect(await tokenOf(stage, await typing(await afterFirst(stage, two), ofTwo()))).toMatchObject({ acr: THREE })
  })

  test('R-108, F-38 opens after SECRETS were changed, and without the old one it is a wrong code and never a failure', async () => {
    const email = 'rotates@fabrikam.example'
    const authenticator = await member(email)
    const [code = ''] = await addRecoveryCodes(sealing(), email)
    const [seed] = await query<{ id: string; data: Buffer }>(stage.service.databaseUrl, SEED, [email])
    await writeFile(file, `${second},${first}`)
    await stage.service.restart()
    expect(await tokenOf(stage, await typing(await afterFirst(stage, email), authenticator()))).toMatchObject({ acr: THREE })

    await writeFile(file, second)
    await stage.service.restart()
    // As from a backup: by then it is sealed anew with the second.
    await query(stage.service.databaseUrl, 'update credential set data = $2 where id = $1', [seed?.id, seed?.data])
    await stage.moveClock(30)
    const walk = await typing(await afterFirst(stage, email), authenticator())
    expect([walk.page.status, askedOn(walk)]).toEqual([200, 'factor'])
    expect(await tokenOf(stage, await typing(await toRecovery(walk), code))).toMatchObject({ acr: TWO })
  })
})

async function swapSeeds(one: string, two: string): Promise<void> {
  await query(
    stage.service.databaseUrl,
    `with person as (select account_id, row_number() over () as n from address where canonical in ($1, $2)),
       seed as (select c.id, c.data, n from credential c join person using (account_id) where kind = 'totp')
     update credential c set data = other.data from seed mine join seed other on other.n <> mine.n where c.id = mine.id`,
    [one, two],
  )
}
