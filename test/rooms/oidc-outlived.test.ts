import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { hashOf, newSecret } from '../../src/base/index.ts'
import { createConnectionStore } from '../../src/store/connections.ts'
import { eraseAccount } from '../../src/store/erasure.ts'
import { query } from '../support/database.ts'
import { type Change, HOUR, type OidcStage, type Person, startOidcStage } from './oidc-stage.ts'

let stage: OidcStage
beforeAll(async () => {
  stage = await startOidcStage()
})
afterAll(() => stage.close())

const ALL: { except: string | null; offline: boolean } = { except: null, offline: false }
const endAll = ({ accountId }: Person, which = ALL) => stage.db.transact((tx) => stage.sessions.endAll(tx, accountId, which))
const claim = (uid: string, { accountId }: Person) => stage.db.transact((tx) => stage.store.claim(tx, hashOf(uid), accountId))
const login = ({ accountId }: Person) => ({ login: { accountId } })

/** An interaction as the engine writes it; answers its uid. */
async function interaction(more: Record<string, unknown> = {}): Promise<string> {
  const uid = newSecret()
  await stage.engine.run(() => stage.engine.interaction.upsert(uid, payloadOf(uid, more), HOUR))
  return uid
}

const payloadOf = (uid: string, more: Record<string, unknown>) => ({ jti: uid, uid, exp: stage.exp(), params: {}, ...more })
const hangingOn = ({ accountId, uid }: Pick<Person, 'accountId' | 'uid'>) => ({ session: { accountId, uid } })
const stays = async (uid: string) => (await stage.engine.interaction.find(uid)) !== undefined

/** The result of a sign-in, as the engine writes it. */
const finish = (uid: string, one: Person, meanwhile = async (): Promise<unknown> => null) =>
  stage.engine.run(async () => {
    const read = await stage.engine.interaction.find(uid)
    await meanwhile()
    await stage.engine.interaction.upsert(uid, { ...read, result: login(one) }, HOUR)
  })

describe('R-135 interactions, where all sessions of an account end', () => {
  test('R-135 go when they hang on its session or hold its sign-in; those of others and of nobody stay', async () => {
    const [one, other] = [await stage.person(), await stage.person()]
    const elsewhere = { session: { accountId: other.accountId, uid: other.uid } }
    const gone = [
      await interaction(hangingOn(one)),
      await interaction({ result: login(one) }),
      await interaction({ ...elsewhere, result: login(one) }),
    ]
    const kept = [await interaction(), await interaction(hangingOn(other)), await interaction({ result: login(other) })]
    await endAll(one)
    expect(await Promise.all(gone.map(stays))).toEqual([false, false, false])
    expect(await Promise.all(kept.map(stays))).toEqual([true, true, true])
  })

  test('R-135 stay where they hang on the session that is excepted, and on no other', async () => {
    const one = await stage.person()
    const hanging = [hangingOn(one), hangingOn({ ...one, uid: newSecret() }), { result: login(one) }]
    const uids = await Promise.all(hanging.map((more) => interaction(more)))
    expect(await endAll(one, { except: one.uid, offline: true })).toBe(0)
    expect(await Promise.all(uids.map(stays))).toEqual([true, false, false])
    expect(await stage.left(one)).toEqual(['Interaction', 'Session'])
  })

  test('R-135 go with a single session that ends, and are no access of an application', async () => {
    const one = await stage.person()
    const [own, another] = [await interaction(hangingOn(one)), await interaction({ result: login(one) })]
    const apps = await createConnectionStore(stage.db).ofAccount(one.accountId, stage.around.at)
    expect(apps.map(({ clientId }) => clientId)).toEqual(['crm'])
    expect(await stage.db.transact((tx) => stage.connections.revoke(tx, one.accountId, 'crm'))).toBe(true)
    expect([await stays(own), await stays(another)]).toEqual([true, true])
    expect(await stage.db.transact((tx) => stage.sessions.end(tx, one.accountId, one.uid))).toBe(true)
    expect([await stays(own), await stays(another)]).toEqual([false, true])
  })

  test('R-135 are not brought back by a request that has read them, nor does a session come of them', async () => {
    const one = await stage.person()
    const uid = await interaction({ result: login(one) })
    expect(await finish(uid, one, () => endAll(one))).toBe('lost')
    const next = await interaction({ result: login(one) })
    const resumed = await stage.engine.run(async () => {
      await stage.engine.interaction.find(next)
      await endAll(one)
      await stage.engine.interaction.destroy(next)
      await stage.engine.session.upsert(newSecret(), { ...one.session, uid: newSecret() }, HOUR)
    })
    expect([resumed, await stage.left(one)]).toEqual(['lost', []])
  })

  test('R-135 take along the session and the question for consent that just come of them', async () => {
    const one = await stage.person()
    const uid = await interaction({ result: login(one) })
    const row = (model: string): Change => [
      'insert into oidc_record (model, id, payload, uid, account_id, expires_at) values ($1, $2, $3, $4, $5, $6)',
      [model, newSecret(), model === 'Session' ? one.session : {}, newSecret(), one.accountId, new Date(stage.exp() * 1000)],
    ]
    const used: Change = [`delete from oidc_record where model = 'Interaction' and id = $1`, [hashOf(uid)]]
    await stage.whileOpen([used, row('Session'), row('Interaction')], () => endAll(one))
    expect(await stage.left(one)).toEqual([])
  })

  test('R-033 outlive the erasure of an account by a little: somebody else may be signing in there', async () => {
    const one = await stage.person()
    const uid = await interaction(hangingOn(one))
    await stage.db.transact((tx) => eraseAccount(tx, one.accountId, new Date(stage.around.at.getTime() - HOUR * 500)))
    expect(await stage.left(one)).toEqual(['Interaction', 'Session'])
    const sql = 'select distinct expires_at as at from oidc_record where account_id = $1'
    const until = new Date(stage.around.at.getTime() + HOUR * 500)
    expect([await stays(uid), await query(stage.url, sql, [one.accountId])]).toEqual([true, [{ at: until }]])
  })

  test('R-135 end between the last look at a sign-in and its result', async () => {
    const one = await stage.person()
    const uid = await interaction()
    expect(await claim(uid, one)).toBe(true)
    await endAll(one)
    expect([await stays(uid), await claim(uid, one)]).toEqual([false, false])
    const result = await stage.engine.run(async () => {
      expect(await stage.engine.interaction.find(uid)).toBeUndefined()
    })
    expect(result).toBe('written')
    const another = await interaction()
    expect(await finish(another, one, async () => [await claim(another, one), await endAll(one)])).toBe('lost')
    expect(await stage.left(one)).toEqual([])
  })
})

describe('R-135 attempts, where all sessions of an account end', () => {
  /** An attempt with a code that waits; answers its id, which is the challenge's too. */
  async function attempt(one: Person | null, state: string, purpose = 'sign-in'): Promise<string> {
    const id = newSecret()
    const values = [id, purpose, state, one?.accountId ?? null, stage.around.at, new Date(stage.exp() * 1000)]
    await query(
      stage.url,
      `insert into attempt (id, interaction_hash, interaction, purpose, client_id, state, device, locale, account_id, created_at, expires_at)
       values ($1, $1, '', $2, 'crm', $3, '', 'en', $4, $5, $6)`,
      values,
    )
    await query(
      stage.url,
      `insert into challenge (id, attempt_id, kind, target, target_key, secret_id, known_browser, short_code, state, messages,
         chosen_at, first_sent_at, last_sent_at, expires_at)
       values ($1, $1, 'totp', '', '', '', false, true, 'open', 0, $2, $2, $2, $3)`,
      values.slice(0, 1).concat(values.slice(4)),
    )
    return id
  }

  const stateOf = async (id: string) => {
    const sql = 'select a.state, c.state as challenge from attempt a join challenge c on c.attempt_id = a.id where a.id = $1'
    return (await query<{ state: string; challenge: string }>(stage.url, sql, [id]))[0]
  }
  const ended = { state: 'ended', challenge: 'ended' }
  const proof = (one: Person) => ({ accountId: one.accountId, proofs: [], asks: null, sealed: null, state: 'proven' }) as const
  const prove = (id: string, one: Person) => stage.db.transact((tx) => stage.attempts.prove(tx, id, proof(one)))
  const stands = (id: string) => stage.db.transact((tx) => stage.attempts.standsIn(tx, id))

  test('R-135 end, open or proven, with their challenges; others and proofs of new addresses stay', async () => {
    const [one, other] = [await stage.person(), await stage.person()]
    const ids = [await attempt(one, 'open'), await attempt(one, 'proven')]
    const kept = [await attempt(null, 'open'), await attempt(other, 'open'), await attempt(one, 'open', 'address')]
    expect(await stands(ids[1] ?? '')).toBe(true)
    await endAll(one)
    expect(await Promise.all(ids.map(stateOf))).toEqual([ended, ended])
    expect(await Promise.all(kept.map(stateOf))).toEqual(kept.map(() => ({ state: 'open', challenge: 'open' })))
    expect(await stands(ids[1] ?? '')).toBe(false)
  })

  test('R-135 stay where one session alone ends', async () => {
    const one = await stage.person()
    const id = await attempt(one, 'proven')
    expect(await stage.db.transact((tx) => stage.sessions.end(tx, one.accountId, one.uid))).toBe(true)
    expect(await stands(id)).toBe(true)
  })

  test('R-008 are proven once, and not after they ended', async () => {
    const one = await stage.person()
    const [id, late] = [await attempt(one, 'open'), await attempt(one, 'open')]
    const won = await Promise.all(Array.from({ length: 10 }, () => prove(id, one)))
    expect(won.filter(Boolean)).toHaveLength(1)
    await endAll(one)
    expect([await prove(late, one), await stateOf(late)]).toEqual([false, ended])
  })

  test('R-135 that are just being proven are waited for, and end', async () => {
    const one = await stage.person()
    const id = await attempt(one, 'open')
    const { ending } = await stage.db.transact(async (tx) => {
      expect(await stage.attempts.consume(tx, id, { purpose: 'sign-in', endsGuesses: true }, stage.around.at)).toBe(true)
      const ending = endAll(one)
      await stage.waits()
      expect(await stage.attempts.prove(tx, id, proof(one))).toBe(true)
      return { ending }
    })
    await ending
    expect(await stateOf(id)).toEqual({ state: 'ended', challenge: 'used' })
  })

  test('R-135 that are just ending take no answer', async () => {
    const one = await stage.person()
    const id = await attempt(one, 'open')
    const change: Change = [`update attempt set state = 'ended' where id = $1`, [id]]
    const answer = () =>
      stage.db.transact((tx) => stage.attempts.consume(tx, id, { purpose: 'sign-in', endsGuesses: true }, stage.around.at))
    expect(await stage.whileOpen([change], answer)).toBe(false)
  })
})
