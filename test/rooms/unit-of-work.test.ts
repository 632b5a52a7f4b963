import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { clock, createLog, createMetrics, createSecrets, newSecret } from '../../src/base/index.ts'
import { createAdapters } from '../../src/oidc/adapter.ts'
import { createReadAhead } from '../../src/oidc/read-ahead.ts'
import { createStoredForm } from '../../src/oidc/stored-form.ts'
import { createUnitOfWork } from '../../src/oidc/unit-of-work.ts'
import { createOidcRecordStore, type Database, openDatabase } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'

let url: string
let db: Database
beforeAll(async () => {
  url = await freshDatabase()
  db = openDatabase({ url, poolSize: 10, log: createLog('fatal'), metrics: createMetrics(), clock })
})
afterAll(() => db.close())

const HOUR = 3600
const exp = () => Math.floor(clock.now().getTime() / 1000) + HOUR

/** The engine's side with its storage: what two requests at once do to one another. */
function stage() {
  const store = createOidcRecordStore(db)
  const announced: string[] = []
  const announce = (rows: readonly { event: string }[]) => void announced.push(...rows.map((row) => row.event))
  const work = createUnitOfWork({ store, clock, announce })
  const form = createStoredForm(createSecrets([newSecret()]))
  const nothing = { find: async () => null }
  const ahead = createReadAhead({
    ...{ store, form, clock, accounts: nothing, consents: nothing },
    known: () => work.current()?.known,
    asked: () => ({ anyToken: false, clientId: null, interactionUid: null }),
  })
  const adapterOf = createAdapters({
    store,
    ahead,
    form,
    work,
    clock,
    deviceOf: () => 'Firefox on Linux',
    findClient: async () => undefined,
  })
  return { work, adapterOf, announced, session: adapterOf('Session'), code: adapterOf('AuthorizationCode') }
}

/** A session as the engine writes it. */
async function begin(at: ReturnType<typeof stage>, more: Record<string, unknown> = {}) {
  const id = newSecret()
  const payload = { jti: id, uid: newSecret(), accountId: 'account', exp: exp(), authorizations: {}, ...more }
  await at.work.run(() => at.session.upsert(id, payload, HOUR))
  return { id, payload }
}

/** Runs `meanwhile` after the first request has read and before it writes. */
async function during(
  at: ReturnType<typeof stage>,
  first: (then: () => Promise<void>) => Promise<void>,
  meanwhile: () => Promise<unknown>,
) {
  return at.work.run(() => first(async () => void (await meanwhile())))
}

describe('one request, one statement', () => {
  test('R-008, F-17 a code is used up together with what comes of it, once; the loser writes nothing at all', async () => {
    const at = stage()
    const tokens = at.adapterOf('AccessToken')
    const [code, ...values] = Array.from({ length: 21 }, () => newSecret()) as [string, ...string[]]
    await at.work.run(() => at.code.upsert(code, { exp: exp(), grantId: 'grant' }, 60))
    const outcomes = await Promise.all(
      values.map((token) =>
        at.work.run(async () => {
          await at.code.find(code)
          await at.code.consume(code)
          await tokens.upsert(token, { exp: exp(), grantId: 'grant' }, HOUR)
        }),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1)
    const kept = await Promise.all(values.map((token) => tokens.find(token)))
    expect(kept.filter(Boolean)).toHaveLength(1)
    expect(await at.code.find(code)).toMatchObject({ consumed: expect.any(Number) })
  })

  test('a request that was refused keeps what it ended, and neither uses nor makes anything', async () => {
    const at = stage()
    const refresh = at.adapterOf('RefreshToken')
    const [old, next, other] = [newSecret(), newSecret(), newSecret()]
    await at.work.run(async () => {
      await refresh.upsert(old, { exp: exp(), grantId: 'kept' }, HOUR)
      await refresh.upsert(other, { exp: exp(), grantId: 'ended' }, HOUR)
    })
    await at.work.run(async () => {
      await refresh.consume(old)
      await refresh.upsert(next, { exp: exp(), grantId: 'kept' }, HOUR)
      await refresh.revokeByGrantId('ended')
      at.work.current()?.keepEnds()
    })
    expect(await refresh.find(old)).not.toHaveProperty('consumed')
    expect(await refresh.find(next)).toBeUndefined()
    expect(await refresh.find(other)).toBeUndefined()
  })
})

describe('what ended is not brought back', () => {
  test('R-134, S-1 a session that was signed out while a request read it stays ended', async () => {
    const at = stage()
    const { id } = await begin(at)
    const outcome = await during(
      at,
      async (then) => {
        const read = await at.session.find(id)
        await then()
        await at.session.upsert(id, { ...read, authorizations: { app: { sid: 'x' } } }, HOUR)
      },
      () => stageOf(at, () => at.session.destroy(id)),
    )
    expect(outcome).toBe('lost')
    expect(await at.session.find(id)).toBeUndefined()
  })

  test('R-130 nor does it live on under a new identifier', async () => {
    const at = stage()
    const { id, payload } = await begin(at)
    const next = newSecret()
    const outcome = await during(
      at,
      async (then) => {
        await at.session.find(id)
        await then()
        await at.session.destroy(id)
        await at.session.upsert(next, { ...payload, jti: next }, HOUR)
      },
      () => stageOf(at, () => at.session.destroy(id)),
    )
    expect(outcome).toBe('lost')
    expect(await at.session.find(next)).toBeUndefined()
  })

  test('R-053, F-22 of two requests that finish one interaction a single one does', async () => {
    const at = stage()
    const interactions = at.adapterOf('Interaction')
    const uid = newSecret()
    await at.work.run(() => interactions.upsert(uid, { exp: exp(), result: { login: {} } }, HOUR))
    const codes = Array.from({ length: 20 }, () => newSecret())
    const resume = (code: string) =>
      at.work.run(async () => {
        if (!(await interactions.find(uid))) return
        await interactions.destroy(uid)
        await at.code.upsert(code, { exp: exp() }, 60)
      })
    await Promise.all(codes.map(resume))
    const made = await Promise.all(codes.map((code) => at.code.find(code)))
    expect(made.filter(Boolean)).toHaveLength(1)
  })
})

describe('a session that ends takes along what was granted to it', () => {
  test('R-134, R-024 also what another request added after it was read; offline access stays', async () => {
    const at = stage()
    const { id } = await begin(at)
    const [code, online, offline] = [newSecret(), newSecret(), newSecret()]
    const [refresh, grants] = [at.adapterOf('RefreshToken'), at.adapterOf('Grant')]
    await during(
      at,
      async (then) => {
        await at.session.find(id)
        await then()
        await at.session.destroy(id)
      },
      () =>
        stageOf(at, async () => {
          for (const grant of ['plain', 'shared']) await grants.upsert(`${grant} ${id}`, { exp: exp() }, HOUR)
          await at.code.upsert(code, { exp: exp(), grantId: `plain ${id}`, scope: 'openid' }, 60)
          await refresh.upsert(online, { exp: exp(), grantId: `shared ${id}`, scope: 'openid' }, HOUR)
          await refresh.upsert(offline, { exp: exp(), grantId: `shared ${id}`, scope: 'openid offline_access' }, HOUR)
          const read = await at.session.find(id)
          const authorizations = { one: { grantId: `plain ${id}` }, two: { grantId: `shared ${id}` } }
          await at.session.upsert(id, { ...read, authorizations }, HOUR)
        }),
    )
    expect(await at.session.find(id)).toBeUndefined()
    expect(await at.code.find(code)).toBeUndefined()
    expect(await refresh.find(online)).toBeUndefined()
    expect(await refresh.find(offline)).toBeDefined()
    expect(await grants.find(`plain ${id}`)).toBeUndefined()
    expect(await grants.find(`shared ${id}`)).toBeDefined()
  })
})

describe('requests on one session at once', () => {
  test('three applications authorize: all three are still known to it', async () => {
    const at = stage()
    const { id } = await begin(at)
    for (let round = 0; round < 10; round++) {
      const apps = ['a', 'b', 'c'].map((app) => `${app}${round}`)
      await Promise.all(apps.map((app) => stageOf(at, () => authorize(at, id, app))))
    }
    const { authorizations } = (await at.session.find(id)) as { authorizations: Record<string, unknown> }
    expect(Object.keys(authorizations)).toHaveLength(30)
  })

  test('R-041 a renewal in another tab does not spoil the form of a sign-out', async () => {
    const at = stage()
    const { id } = await begin(at)
    await during(
      at,
      async (then) => {
        const read = await at.session.find(id)
        await then()
        await at.session.upsert(id, { ...read, exp: exp() + 1 }, HOUR)
      },
      () =>
        stageOf(at, async () => {
          const read = await at.session.find(id)
          await at.session.upsert(id, { ...read, state: { secret: 'of the form' } }, HOUR)
        }),
    )
    expect(await at.session.find(id)).toMatchObject({ state: { secret: 'of the form' } })
    const [row] = await query<{ payload: string }>(url, 'select payload::text as payload from oidc_record where payload ? $1', [
      'state',
    ])
    expect(row?.payload).not.toContain('of the form')
  })

  test('a session under a new identifier takes over the applications that were added meanwhile', async () => {
    const at = stage()
    const { id, payload } = await begin(at)
    const next = newSecret()
    await during(
      at,
      async (then) => {
        await at.session.find(id)
        await then()
        await at.session.destroy(id)
        await at.session.upsert(next, { ...payload, jti: next, authorizations: { mine: {} } }, HOUR)
      },
      () => stageOf(at, () => authorize(at, id, 'added')),
    )
    const { authorizations } = (await at.session.find(next)) as { authorizations: Record<string, unknown> }
    expect(Object.keys(authorizations).sort()).toEqual(['added', 'mine'])
  })

  test('R-041 a session of somebody else that follows takes over none of them', async () => {
    const at = stage()
    const { id, payload } = await begin(at, { authorizations: { theirs: { sid: 'theirs' } } })
    const next = newSecret()
    await at.work.run(async () => {
      await at.session.find(id)
      await at.session.destroy(id)
      const mine = { ...payload, jti: next, accountId: 'another', authorizations: { mine: {} } }
      await at.session.upsert(next, mine, HOUR)
    })
    const { authorizations } = (await at.session.find(next)) as { authorizations: Record<string, unknown> }
    expect(Object.keys(authorizations)).toEqual(['mine'])
  })
})

// A request of its own: the unit of work follows the chain of calls, so this one begins outside of it.
function stageOf(at: ReturnType<typeof stage>, request: () => Promise<void>): Promise<unknown> {
  return at.work.run(request)
}

async function authorize(at: ReturnType<typeof stage>, id: string, app: string): Promise<void> {
  const read = (await at.session.find(id)) as { authorizations?: Record<string, unknown> }
  const authorizations = { ...read.authorizations, [app]: { sid: app } }
  await at.session.upsert(id, { ...read, authorizations }, HOUR)
}
