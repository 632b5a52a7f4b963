import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newSecret } from '../../src/base/index.ts'
import { HOUR, type OidcStage, SEEN_AT, startOidcStage } from './oidc-stage.ts'

let stage: OidcStage
let engine: OidcStage['engine']
let around: OidcStage['around']
beforeAll(async () => {
  stage = await startOidcStage()
  engine = stage.engine
  around = stage.around
})
afterAll(() => stage.close())

describe('where a session is used', () => {
  const placeOf = async (id: string) => (await engine.session.find(id))?.place

  test('R-135 is told by every save: the device, when it was first seen there, when last', async () => {
    around.device = 'Firefox on Linux'
    const one = await stage.person()
    expect(await placeOf(one.sessionId)).toEqual({ device: around.device, firstSeenAt: SEEN_AT, lastSeenAt: SEEN_AT })
    around.at = new Date('2030-01-01T00:10:00Z')
    around.device = 'Chrome on Android'
    const saved = { device: around.device, firstSeenAt: SEEN_AT, lastSeenAt: around.at.toISOString() }
    // What the engine saves holds only members that it knows itself.
    const saveAgain = (id: string) =>
      engine.run(async () => {
        await engine.session.find(id)
        await engine.session.upsert(id, { ...one.session, jti: id }, HOUR)
      })
    await saveAgain(one.sessionId)
    expect(await placeOf(one.sessionId)).toEqual(saved)
    const next = newSecret()
    await engine.run(async () => {
      await engine.session.find(one.sessionId)
      await engine.session.destroy(one.sessionId)
      await engine.session.upsert(next, { ...one.session, jti: next }, HOUR)
    })
    expect(await placeOf(next)).toEqual(saved)
    around.device = null
    await saveAgain(next)
    expect(await placeOf(next)).toEqual(saved)
    expect(await stage.sessions.ofAccount(one.accountId)).toEqual([
      {
        ...{ uid: one.uid, device: 'Chrome on Android', signedInAt: new Date(SEEN_AT), lastSeenAt: around.at },
        clientIds: ['crm'],
      },
    ])
  })

  test('R-135 is nowhere without an account, and begins anew with another', async () => {
    const [one, other] = [await stage.person(), await stage.person()]
    const { accountId: _, ...ofNobody } = one.session
    const id = newSecret()
    await engine.run(() => engine.session.upsert(id, { ...ofNobody, jti: id, uid: id }, HOUR))
    expect(await placeOf(id)).toBeUndefined()
    around.at = new Date(around.at.getTime() + 60_000)
    await engine.run(async () => {
      await engine.session.find(one.sessionId)
      await engine.session.upsert(one.sessionId, { ...one.session, accountId: other.accountId }, HOUR)
    })
    expect(await placeOf(one.sessionId)).toMatchObject({ firstSeenAt: around.at.toISOString() })
  })

  test('R-135 several rows of one session are one, and those that have ended are none', async () => {
    const one = await stage.person()
    around.device = 'Safari on macOS'
    const began = around.at
    around.at = new Date(around.at.getTime() + 60_000)
    const [twin, over] = [newSecret(), newSecret()]
    const authorizations = {
      ...one.session.authorizations,
      mail: { grantId: 'x' },
      silent: { sid: 'x' },
      account: { grantId: 'y' },
    }
    await engine.run(() => engine.session.upsert(twin, { ...one.session, jti: twin, authorizations }, HOUR))
    await engine.run(() => engine.session.upsert(over, { ...one.session, jti: over, uid: over }, 30))
    expect(await stage.sessions.ofAccount(one.accountId)).toHaveLength(2)
    around.at = new Date(around.at.getTime() + 30_000)
    expect(await stage.sessions.ofAccount(one.accountId)).toEqual([
      {
        ...{ uid: one.uid, device: around.device, signedInAt: began, lastSeenAt: new Date(around.at.getTime() - 30_000) },
        clientIds: ['crm', 'mail'],
      },
    ])
    expect(await stage.db.transact((tx) => stage.sessions.endAll(tx, one.accountId, { except: null, offline: false }))).toBe(1)
    expect(await stage.left(one)).toEqual([])
  })
})
