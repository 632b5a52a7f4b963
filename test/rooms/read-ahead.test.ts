import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newSecret } from '../../src/base/index.ts'
import type { Known, Look } from '../../src/oidc/read-ahead.ts'
import { query } from '../support/database.ts'
import { HOUR, NOTHING_ASKED, type OidcStage, startOidcStage } from './oidc-stage.ts'

let stage: OidcStage
beforeAll(async () => {
  stage = await startOidcStage()
})
afterAll(() => stage.close())

/** Runs one request of the engine; answers the names of its statements. */
async function request(work: () => Promise<void>, asked = NOTHING_ASKED): Promise<string[]> {
  stage.heard.length = 0
  stage.around.asked = asked
  await stage.engine.run(work)
  stage.around.asked = NOTHING_ASKED
  return stage.heard.map(({ name }) => name)
}

/** Somebody with an access token. */
async function holder(more: Record<string, unknown> = {}) {
  const person = await stage.person()
  const token = newSecret()
  await request(() => stage.engine.token.upsert(token, person.granted(more), HOUR))
  return { ...person, token }
}

describe('what a request reads ahead', () => {
  test('is what it would find by itself, in one statement', async () => {
    const one = await holder()
    const statements = await request(async () => {
      expect(await stage.engine.token.find(one.token)).toMatchObject({ jti: one.token, accountId: one.accountId })
      expect(await stage.engine.grant.find(one.grantId)).toMatchObject({ jti: one.grantId, accountId: one.accountId })
      expect(await stage.ahead.identity(one.accountId)).toMatchObject({ id: one.accountId, state: 'active', email: null })
    })
    expect(statements).toEqual(['oidc_read_token'])
  })

  test('says of what is not there that it is not, without asking again', async () => {
    const [accountId, grantId] = [newSecret(), newSecret()]
    const one = await holder({ accountId, grantId })
    const statements = await request(async () => {
      expect(await stage.engine.token.find(one.token)).toBeDefined()
      expect(await stage.engine.grant.find(grantId)).toBeUndefined()
      expect(await stage.ahead.identity(accountId)).toBeNull()
    })
    expect(statements).toEqual(['oidc_read_token'])
  })

  test('R-023 is known to that request alone: the next one sees what was suspended and taken back meanwhile', async () => {
    const one = await holder()
    await request(async () => {
      await stage.engine.token.find(one.token)
      await query(stage.url, `update account set state = 'suspended' where id = $1`, [one.accountId])
      await query(stage.url, `delete from oidc_record where model = 'Grant' and account_id = $1`, [one.accountId])
      expect((await stage.ahead.identity(one.accountId))?.state).toBe('active')
    })
    await request(async () => {
      expect((await stage.ahead.identity(one.accountId))?.state).toBe('suspended')
      expect(await stage.engine.grant.find(one.grantId)).toBeUndefined()
    })
  })

  test('is of a token not what a sign-in may ask its person for: that is read anew', async () => {
    const one = await holder()
    const statements = await request(async () => {
      await stage.engine.token.find(one.token)
      expect(await stage.ahead.identity(one.accountId)).not.toHaveProperty('authenticators')
      expect(await stage.ahead.account(one.accountId)).toMatchObject({ id: one.accountId, authenticators: 0 })
    })
    expect(statements).toEqual(['oidc_read_token', 'accounts_find'])
  })

  test('R-023 makes it write nothing on a grant that was taken back after it was read', async () => {
    const one = await holder()
    const outcome = await stage.engine.run(async () => {
      await stage.engine.token.find(one.token)
      await stage.engine.grant.find(one.grantId)
      await query(stage.url, `delete from oidc_record where model = 'Grant' and account_id = $1`, [one.accountId])
      await stage.engine.token.upsert(newSecret(), one.granted(), HOUR)
    })
    expect(outcome).toBe('lost')
  })

  test('counts less than what it has done itself', async () => {
    const one = await holder()
    await request(async () => {
      await stage.engine.token.find(one.token)
      await stage.engine.grant.destroy(one.grantId)
      expect(await stage.engine.grant.find(one.grantId)).toBeUndefined()
    })
  })
})

describe('a session and an interaction', () => {
  test('bring the grant and the agreement of the client that asks', async () => {
    const one = await stage.person()
    const statements = await request(
      async () => {
        expect(await stage.engine.session.find(one.sessionId)).toMatchObject({ uid: one.uid })
        expect(await stage.ahead.account(one.accountId)).toMatchObject({ id: one.accountId })
        expect(await stage.engine.grant.find(one.grantId)).toMatchObject({ jti: one.grantId })
        const agreed = { accountId: one.accountId, clientId: 'crm', scopes: ['openid'], claims: [], resources: {} }
        expect(await stage.ahead.consent(one.accountId, 'crm')).toEqual(agreed)
      },
      { ...NOTHING_ASKED, clientId: 'crm' },
    )
    expect(statements).toEqual(['oidc_read_session'])
  })

  /** An interaction of this client, begun in the person's session. */
  async function begun({ uid, accountId }: { uid: string; accountId: string }) {
    const interaction = newSecret()
    const payload = { exp: stage.exp(), session: { uid, accountId }, params: { client_id: 'crm' } }
    await request(() => stage.engine.interaction.upsert(interaction, payload, HOUR))
    return interaction
  }

  test('are read together by the request that takes the interaction up again', async () => {
    const one = await stage.person()
    const interactionUid = await begun(one)
    const statements = await request(
      async () => {
        expect(await stage.engine.session.find(one.sessionId)).toMatchObject({ uid: one.uid })
        expect(await stage.engine.interaction.find(interactionUid)).toMatchObject({ params: { client_id: 'crm' } })
        expect(await stage.engine.session.findByUid(one.uid)).toMatchObject({ accountId: one.accountId })
        expect(await stage.ahead.account(one.accountId)).toMatchObject({ id: one.accountId })
        expect(await stage.engine.grant.find(one.grantId)).toMatchObject({ jti: one.grantId })
        expect(await stage.ahead.consent(one.accountId, 'crm')).toMatchObject({ scopes: ['openid'] })
      },
      { ...NOTHING_ASKED, interactionUid },
    )
    expect(statements).toEqual(['oidc_read_interaction'])
  })

  test('are not read along by a screen, which looks once at the interaction and the session it was begun in', async () => {
    const one = await stage.person()
    const interactionUid = await begun(one)
    let look: Look | null = null
    const read = async () => {
      expect(await stage.engine.interaction.find(interactionUid)).toMatchObject({ params: { client_id: 'crm' } })
      expect(await stage.engine.session.findByUid(one.uid)).toMatchObject({ accountId: one.accountId })
      look = stage.engine.work.current()?.known.look ?? null
    }
    expect(await request(read)).toEqual(['interaction_look'])
    const goOn = async () => {
      Object.assign(stage.engine.work.current()?.known as Known, { look })
      await read()
    }
    expect(await request(goOn)).toEqual([])
  })

  test('that was looked at, and ended before it was finished, is not brought back', async () => {
    const interactionUid = await begun(await stage.person())
    let look: Look | null = null
    await request(async () => {
      await stage.engine.interaction.find(interactionUid)
      look = stage.engine.work.current()?.known.look ?? null
    })
    await query(stage.url, `delete from oidc_record where model = 'Interaction'`)
    const outcome = await stage.engine.run(async () => {
      Object.assign(stage.engine.work.current()?.known as Known, { look })
      const found = await stage.engine.interaction.find(interactionUid)
      await stage.engine.interaction.upsert(interactionUid, { ...found, result: {} }, HOUR)
    })
    expect(outcome).toBe('lost')
  })

  test('are handed out once, so that what is changed in place is not taken for what is stored', async () => {
    const one = await stage.person()
    const interactionUid = await begun(one)
    const work = async () => {
      const first = await stage.engine.session.find(one.sessionId)
      Object.assign(first?.authorizations as object, { another: {} })
      expect((await stage.engine.session.find(one.sessionId))?.authorizations).not.toHaveProperty('another')
    }
    await request(work, { ...NOTHING_ASKED, interactionUid })
  })

  test('are read as well where an instance of an earlier version wrote the interaction, or it is gone', async () => {
    const one = await stage.person()
    const interactionUid = await begun(one)
    const find = async () => {
      expect(await stage.engine.session.find(one.sessionId)).toMatchObject({ uid: one.uid })
      expect(await stage.engine.grant.find(one.grantId)).toMatchObject({ jti: one.grantId })
      expect(await stage.ahead.consent(one.accountId, 'crm')).toMatchObject({ scopes: ['openid'] })
    }
    await query(stage.url, `update oidc_record set payload = payload - 'client' where model = 'Interaction'`)
    await request(find, { ...NOTHING_ASKED, interactionUid })
    await request(find, { ...NOTHING_ASKED, interactionUid: newSecret() })
  })
})

test('whatever is read is looked up by its whole key, even by a plan that was made while the tables were empty', async () => {
  const one = await stage.person()
  await stage.store.readToken('AccessToken', one.grantId, stage.around.at)
  await stage.store.readToken(null, one.grantId, stage.around.at)
  await stage.store.readSession(one.sessionId, 'crm', stage.around.at)
  await stage.store.readInteraction(one.sessionId, null, stage.around.at)
  await stage.store.lookAtInteraction(one.sessionId)
  await stage.store.findSession(one.uid)
  const reads = new Map(
    stage.heard.filter(({ name }) => /oidc_(read|find)|_look/.test(name)).map(({ name, text }) => [name, text]),
  )
  expect(reads.size).toBeGreaterThanOrEqual(6)
  for (const text of reads.values()) {
    const rows = await query<{ 'QUERY PLAN': string }>(stage.url, `explain (generic_plan) ${text}`)
    const plan = rows.map((row) => row['QUERY PLAN'].trim())
    expect(plan.filter((line) => line.includes('Seq Scan'))).toEqual([])
    const conditions = plan.filter((_line, at) => /oidc_record_pkey|consent_pkey/.test(plan[at - 1] ?? ''))
    for (const condition of conditions) expect(condition).toMatch(/^Index Cond: .*\bid = .*|account_id = .*client_id = /)
  }
})
