import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { hashOf, newSecret } from '../../src/base/index.ts'
import { createAccountStore } from '../../src/store/accounts.ts'
import { query } from '../support/database.ts'
import { HOUR, type OidcStage, SEEN_AT, startOidcStage } from './oidc-stage.ts'

let stage: OidcStage
beforeAll(async () => {
  stage = await startOidcStage()
})
afterAll(() => stage.close())

const [BEFORE, TO_COME] = ['2029-12-31T23:00:00Z', '2030-01-01T01:00:00Z']

type Times = { primary?: string | null; usable?: string; leaves?: string; dead?: string; created?: string }

function address(kind: 'email' | 'phone', name: string, times: Times = {}): (id: string) => string {
  const { primary = BEFORE, usable = BEFORE, leaves = null, dead = null, created = BEFORE } = times
  const at = (time: string | null) => (time === null ? 'null' : `'${time}'`)
  return (
    id,
  ) => `insert into address (kind, canonical, account_id, primary_from, usable_from, leaves_at, dead_since, proven_at, created_at)
    values ('${kind}', '${name}-${id}', '${id}', ${at(primary)}, ${at(usable)}, ${at(leaves)}, ${at(dead)}, '${created}', '${created}')`
}

const account = (change: string) => (id: string) => `update account set ${change} where id = '${id}'`

function credential(kind: string, { proven = true, removed = false } = {}): (id: string) => string {
  return (id) => `insert into credential (id, account_id, kind, data, label, proven_at, removed_at, created_at)
    values ('${newSecret()}', '${id}', '${kind}', '', '', ${proven ? `'${BEFORE}'` : 'null'}, ${removed ? `'${BEFORE}'` : 'null'}, '${BEFORE}')`
}

const KINDS: Record<string, ((id: string) => string)[]> = {
  'nothing but a name': [account(`profile = '{"name": "Ada"}', locale = 'de'`)],
  'an email address and a number': [address('email', 'a'), address('phone', 'p')],
  'a number alone': [address('phone', 'p')],
  'a dead address': [address('email', 'a', { dead: BEFORE })],
  'an address that is leaving': [address('email', 'a', { leaves: TO_COME })],
  'an address that has left by this moment': [address('email', 'a', { leaves: SEEN_AT })],
  'an address that is to come': [address('email', 'a', { usable: TO_COME })],
  'a primary address that is to come': [address('email', 'a'), address('email', 'b', { primary: TO_COME })],
  'a primary address that has come': [address('email', 'a'), address('email', 'b', { primary: SEEN_AT })],
  'two that never were primary': [
    address('email', 'b', { primary: null }),
    address('email', 'a', { primary: null, created: '2029-12-31T22:00:00Z' }),
  ],
  'a suspended account': [account(`state = 'suspended'`), address('email', 'a')],
  'a closed account': [account(`state = 'closed'`)],
  'an account that is closing': [account(`closing_at = '${TO_COME}'`), address('email', 'a')],
  'an account whose closing has come': [account(`closing_at = '${SEEN_AT}'`), address('email', 'a')],
  'somebody who got back in': [account(`recovered_at = '${BEFORE}', recovery_started_at = '${BEFORE}'`)],
  'an authenticator app': [credential('totp')],
  'apps that are not proven, or removed': [credential('totp', { proven: false }), credential('totp', { removed: true })],
  'a passkey': [credential('passkey')],
  'a passkey that is always asked for': [credential('passkey'), account('demands_second = true')],
  'a passkey of an administrator': [credential('passkey'), credential('totp'), account(`role = 'admin'`)],
}

test.each(Object.entries(KINDS))('whoever asks for it finds the same account: %s', async (_kind, changes) => {
  const { accountId, sessionId, uid, granted } = await stage.person()
  for (const change of changes) await query(stage.url, change(accountId))
  const [token, interaction] = [newSecret(), newSecret()]
  await stage.engine.run(async () => {
    await stage.engine.token.upsert(token, granted(), HOUR)
    const payload = { exp: stage.exp(), session: { uid, accountId }, params: { client_id: 'crm' } }
    await stage.engine.interaction.upsert(interaction, payload, HOUR)
  })
  const { store } = stage
  const at = new Date(SEEN_AT)
  const whole = await createAccountStore(stage.db).find(accountId, at)
  expect(whole).toMatchObject({ id: accountId })
  expect((await store.readSession(hashOf(sessionId), 'crm', at))?.account).toEqual(whole)
  expect((await store.readInteraction(hashOf(interaction), null, at))?.account).toEqual(whole)

  // Whoever holds a token is asked for nothing.
  const { authenticators: _apps, passkeys: _keys, demandsSecond: _demanded, ...identity } = whole as NonNullable<typeof whole>
  expect((await store.readToken('AccessToken', hashOf(token), at))[0]?.account).toEqual(identity)
  expect((await store.readToken(null, hashOf(token), at))[0]?.account).toEqual(identity)
})
