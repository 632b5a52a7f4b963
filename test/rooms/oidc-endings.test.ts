import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newSecret } from '../../src/base/index.ts'
import { query } from '../support/database.ts'
import { type Change, HOUR, type OidcStage, type Person, startOidcStage } from './oidc-stage.ts'

let stage: OidcStage
let engine: OidcStage['engine']
beforeAll(async () => {
  stage = await startOidcStage()
  engine = stage.engine
})
afterAll(() => stage.close())

const endSession = ({ accountId, uid }: Person) => stage.db.transact((tx) => stage.sessions.end(tx, accountId, uid))
const revoke = ({ accountId }: Person) => stage.db.transact((tx) => stage.connections.revoke(tx, accountId, 'crm'))

const insert = (model: string, id: string, { accountId, uid, grantId, session }: Person): Change => [
  `insert into oidc_record (model, id, payload, uid, grant_id, account_id, expires_at) values ($1, $2, $3, $4, $5, $6, $7)`,
  [
    ...[model, id, model === 'Session' ? session : { clientId: 'crm', scope: 'openid' }],
    ...[model === 'Session' ? uid : null, model === 'Session' ? null : grantId, accountId, new Date(stage.exp() * 1000)],
  ],
]
const removeSession = ({ accountId }: Person): Change => [
  `delete from oidc_record where model = 'Session' and account_id = $1`,
  [accountId],
]
const lockGrant = ({ accountId }: Person): Change => [
  `select 1 from oidc_record where model = 'Grant' and account_id = $1 for update`,
  [accountId],
]

describe('R-135 a session that its person ends', () => {
  test('R-135 ends although it is just getting a new identifier', async () => {
    const one = await stage.person()
    expect(await stage.whileOpen([removeSession(one), insert('Session', newSecret(), one)], () => endSession(one))).toBe(true)
    expect(await stage.left(one)).toEqual([])
  })

  test('R-024 takes along the tokens that another request is just writing', async () => {
    const one = await stage.person()
    const changes = [lockGrant(one), insert('RefreshToken', newSecret(), one)]
    expect(await stage.whileOpen(changes, () => endSession(one))).toBe(true)
    expect(await stage.left(one)).toEqual([])
  })

  test('R-024 signing out takes them along too', async () => {
    const one = await stage.person()
    const signOut = () =>
      engine.run(async () => {
        await engine.session.find(one.sessionId)
        await engine.session.destroy(one.sessionId)
      })
    expect(await stage.whileOpen([lockGrant(one), insert('RefreshToken', newSecret(), one)], signOut)).toBe('written')
    expect(await stage.left(one)).toEqual([])
  })

  test('R-135 is not brought back by a request that has read it, nor under a new identifier', async () => {
    for (const id of [null, newSecret()]) {
      const one = await stage.person()
      const outcome = await engine.run(async () => {
        const read = await engine.session.find(one.sessionId)
        await endSession(one)
        if (id) await engine.session.destroy(one.sessionId)
        await engine.session.upsert(id ?? one.sessionId, { ...read, jti: id ?? one.sessionId, exp: stage.exp() + 1 }, HOUR)
        await engine.code.upsert(newSecret(), one.granted(), 60)
      })
      expect([outcome, await stage.left(one)]).toEqual(['lost', []])
    }
  })

  test('R-135 is one of the account, and no other', async () => {
    const [one, other] = [await stage.person(), await stage.person()]
    expect(await stage.db.transact((tx) => stage.sessions.end(tx, one.accountId, other.uid))).toBe(false)
    expect(await stage.left(other)).toEqual(['Grant', 'Session'])
  })
})

describe('R-023 access that is taken back', () => {
  test('R-023 takes along the tokens that another request is just writing', async () => {
    const one = await stage.person()
    const changes = [lockGrant(one), insert('RefreshToken', newSecret(), one)]
    expect(await stage.whileOpen(changes, () => revoke(one))).toBe(true)
    expect(await stage.left(one)).toEqual(['Session'])
  })

  test('R-023 of a session that is just getting a new identifier is forgotten by it', async () => {
    const one = await stage.person()
    await stage.whileOpen([removeSession(one), insert('Session', newSecret(), one)], () => revoke(one))
    const rows = await query(stage.url, `select payload -> 'authorizations' as known from oidc_record where account_id = $1`, [
      one.accountId,
    ])
    expect(rows).toEqual([{ known: {} }])
  })

  test('R-023 a request that was about to give a code on the same grant gives none', async () => {
    const one = await stage.person()
    const outcome = await engine.run(async () => {
      const read = await engine.session.find(one.sessionId)
      await engine.grant.find(one.grantId)
      await revoke(one)
      await engine.code.upsert(newSecret(), one.granted(), 60)
      await engine.session.upsert(one.sessionId, { ...read, exp: stage.exp() + 1 }, HOUR)
    })
    expect([outcome, await stage.left(one)]).toEqual(['lost', ['Session']])
  })

  test('R-023 nor does one that relies on the agreement alone, on a session that did not know the application', async () => {
    const one = await stage.person()
    const outcome = await engine.run(async () => {
      engine.work.current()?.relyOn({ accountId: one.accountId, clientId: 'crm' })
      await revoke(one)
      await engine.grant.upsert('another', { jti: 'another', accountId: one.accountId, clientId: 'crm' }, HOUR)
      await engine.code.upsert(newSecret(), one.granted({ grantId: 'another' }), 60)
    })
    expect([outcome, await stage.left(one)]).toEqual(['lost', ['Session']])
  })

  test('R-007 a code is not used up by a request that must not give anything for it', async () => {
    const one = await stage.person()
    const code = newSecret()
    await engine.run(() => engine.code.upsert(code, one.granted({ grantId: 'elsewhere' }), 60))
    const outcome = await engine.run(async () => {
      await engine.session.find(one.sessionId)
      await engine.code.consume(code)
      await endSession(one)
      await engine.session.upsert(one.sessionId, { ...one.session, exp: stage.exp() + 1 }, HOUR)
    })
    expect(outcome).toBe('lost')
    expect(await engine.code.find(code)).not.toHaveProperty('consumed')
  })

  test('R-023 a session that gets a new identifier meanwhile does not know the application again', async () => {
    const one = await stage.person()
    const next = newSecret()
    const outcome = await engine.run(async () => {
      const read = await engine.session.find(one.sessionId)
      await revoke(one)
      await engine.session.destroy(one.sessionId)
      await engine.session.upsert(next, { ...read, jti: next }, HOUR)
    })
    expect(outcome).toBe('written')
    expect((await engine.session.find(next))?.authorizations).toEqual({})
  })

  test('F-11 a request that waits in a circle with another change is tried again, and nobody sees a failure', async () => {
    const one = await stage.person()
    const authorize = () =>
      engine.run(async () => {
        const read = await engine.session.find(one.sessionId)
        await engine.grant.find(one.grantId)
        await engine.code.upsert(newSecret(), one.granted(), 60)
        await engine.session.upsert(one.sessionId, { ...read, exp: stage.exp() + 1 }, HOUR)
      })
    const touch: Change = [
      `update oidc_record set expires_at = expires_at where model = 'Session' and account_id = $1`,
      [one.accountId],
    ]
    expect(await stage.whileOpen([lockGrant(one)], authorize, [touch])).toBe('written')
    expect(await stage.left(one)).toEqual(['AuthorizationCode', 'Grant', 'Session'])
  })
})
