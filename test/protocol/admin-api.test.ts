import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'
import { ADMIN_SCOPES } from '../../src/admin/index.ts'
import { createSecrets } from '../../src/base/index.ts'
import { openJwk } from '../../src/keys/sealed-jwk.ts'
import { eventually } from '../rooms/store-support.ts'
import {
  type Administrator,
  apiOf,
  COMMAND_LINE,
  callApi,
  createAdministrator,
  machineToken,
  personToken,
  ROBOT,
  setRole,
  startAdminStage,
  tokenOf,
  weakTokens,
} from '../support/admin.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import type { Stage } from '../support/stage.ts'
import { appOf, authorizeUrl, newVerifier, refresh, reply, tokensOf, userinfo } from './protocol.ts'

let stage: Stage
let ada: Administrator
let adas: string
let robots: string
let key: CryptoKey

beforeAll(async () => {
  const pair = await generateKeyPair('ES256')
  key = pair.privateKey
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }
  stage = await startAdminStage({
    clients: (issuer) => [
      {
        client_id: 'by-key',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [jwk] },
        grant_types: ['client_credentials'],
        resources: [apiOf({ issuer }), 'https://other.example/'],
        admin_scopes: ['keys:read'],
      },
    ],
    resourceServers: [
      { id: 'https://other.example/', name: 'Another', scopes: { 'keys:read': 'The same word' }, token_format: 'jwt' },
    ],
  })
  ada = await createAdministrator(stage, 'ada@example.org')
  adas = await personToken(stage, ada)
  robots = await machineToken(stage.service)
})
afterAll(() => stage.stop())

const get = (token: string | null, path = '/me', headers: Record<string, string> = {}) =>
  callApi(stage.service, token, 'GET', path, { headers })

const INVALID = /^Bearer realm="http:\/\/localhost:\d+\/admin\/api\/v1", error="invalid_token"$/

describe('R-025, R-175 who asks', () => {
  test('a person with a role, and a machine with scopes, are known by their tokens', async () => {
    expect(await get(adas)).toMatchObject({ status: 200, body: { kind: 'person', id: ada.accountId, role: 'admin' } })
    expect(await get(robots)).toMatchObject({ status: 200, body: { kind: 'client', id: ROBOT.id } })
  })

  test('without a token the answer says how to bring one, and nothing more', async () => {
    const answer = await get(null)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="[^"]+"$/)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('tokens that are meant for something else are none: ID token, userinfo, another API, a refresh token', async () => {
    const { body } = await tokensOf(stage, appOf(stage), { email: 'ada@example.org', visitor: ada.visitor })
    expect(await userinfo(stage.service, body.access_token)).toMatchObject({ status: 200 })
    const weak = await stage.signIn('wil@example.org').then(() => weakTokens(stage, 'wil@example.org'))
    const other = await byKey({ resource: 'https://other.example/', scope: 'keys:read' })
    for (const token of [body.id_token, body.access_token, weak.body.refresh_token, weak.body.id_token, other]) {
      const answer = await get(String(token))
      expect(answer).toMatchObject({ status: 401, body: { detail: expect.stringContaining('not one of this API') } })
      expect(answer.headers['www-authenticate']).toMatch(INVALID)
    }
  })

  test('a token that was tampered with, signed by somebody else, or by nobody is none', async () => {
    const [head = '', body = '', signature = ''] = adas.split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
    const richer = Buffer.from(JSON.stringify({ ...claims, sub: 'somebody-else' })).toString('base64url')
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    const foreign = await new SignJWT(claims)
      .setProtectedHeader({ ...JSON.parse(Buffer.from(head, 'base64url').toString()) })
      .sign((await generateKeyPair('ES256')).privateKey)
    for (const token of [`${head}.${richer}.${signature}`, `${none}.${body}.`, foreign, 'x', `${adas}x`]) {
      expect((await get(token)).headers['www-authenticate']).toMatch(INVALID)
    }
  })

  test('R-025 of tokens that this issuer has signed only those of this API count, each for whom it was issued', async () => {
    const claims = claimsOf(adas)
    const other = await createAdministrator(stage, 'other@example.org')
    const { gid } = claimsOf(await personToken(stage, other))
    expect((await get(await signed(claims))).status).toBe(200)
    const { exp: _exp, ...endless } = claims
    const { gid: _gid, ...grantless } = claims
    const wrong: [Record<string, unknown>, string?][] = [
      [claims, 'JWT'],
      [{ ...claims, aud: stage.service.issuer }],
      [{ ...claims, aud: [claims.aud, 'https://other.example/'] }],
      [{ ...claims, aud: `${claims.aud}/` }],
      [{ ...claims, iss: 'https://other.example' }],
      [{ ...claims, exp: Math.floor(Date.now() / 1000) - 1 }],
      [endless],
      [{ ...claims, gid }],
      [{ ...claims, sub: other.accountId }],
      [grantless],
      [{ ...grantless, sub: ROBOT.id }],
    ]
    for (const [payload, typ] of wrong) {
      const answer = await get(await signed(payload, typ))
      expect({ payload, typ, status: answer.status }).toEqual({ payload, typ, status: 401 })
    }
  })

  test('a token counts in the header alone (RFC 6750 §2)', async () => {
    const inQuery = await get(null, `/me?access_token=${adas}`)
    expect(inQuery.status).toBe(401)
    const inCookie = await callApi(stage.service, null, 'GET', '/me', { headers: { cookie: `access_token=${adas}` } })
    expect(inCookie.status).toBe(401)
    expect((await get(null, '/me', { authorization: `Basic ${adas}` })).status).toBe(401)
  })

  test("a machine's key: private_key_jwt, and no more than it is registered for", async () => {
    const token = await byKey({ scope: 'keys:read clients:write' })
    expect((await get(token, '/keys')).status).toBe(200)
    const refused = await get(token, '/clients')
    expect(refused.status).toBe(403)
    expect(refused.headers['www-authenticate']).toContain('error="insufficient_scope", scope="clients:read"')
  })

  test('a person who administers nothing is refused', async () => {
    const nobody = await createAdministrator(stage, 'nobody@example.org', null)
    const answer = await get(await personToken(stage, nobody))
    expect(answer).toMatchObject({ status: 403, body: { title: 'Your role does not allow this' } })
    await eventually(() => stage.service.output().includes('"reason":"forbidden"'), 5)
  })

  async function byKey(fields: Record<string, string>): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: 'by-key', sub: 'by-key', aud: stage.service.issuer, jti: randomUUID(), iat: now, exp: now + 60 }
    const assertion = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(key)
    const proof = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }
    const body = { grant_type: 'client_credentials', resource: apiOf(stage.service), ...proof, ...fields }
    return tokenOf(reply(await send(`${stage.service.issuer}/token`, { body })))
  }
})

describe('R-175 what is taken away counts at once', () => {
  test.each([
    ['the person is suspended', `update account set state = 'suspended' where id = $1`, 401],
    ['the grant is revoked', `delete from oidc_record where model = 'Grant' and account_id = $1`, 401],
    ['the role is taken', 'update account set role = null where id = $1', 403],
  ])('%s', async (what, sql, status) => {
    const administrator = await createAdministrator(stage, `${what.replaceAll(' ', '-')}@example.org`)
    const token = await personToken(stage, administrator)
    expect((await get(token)).status).toBe(200)
    await query(stage.service.databaseUrl, sql, [administrator.accountId])
    expect((await get(token)).status).toBe(status)
  })

  test('the application that a person administers with', async () => {
    const body = {
      ...{ template: 'native', client_name: 'Phone', redirect_uris: ['http://127.0.0.1/callback'], first_party: true },
      ...{ second_factor: 'off', resources: [apiOf(stage.service)] },
    }
    const made = await callApi(stage.service, robots, 'POST', '/clients', { body })
    const { client_id } = (made.body as { client: { client_id: string } }).client
    await stage.signIn('phone@example.org')
    await setRole(stage.service, 'phone@example.org', 'auditor')
    const token = tokenOf(await weakTokens(stage, 'phone@example.org', 'audit:read', client_id))
    expect((await get(token)).headers['www-authenticate']).toContain('error="insufficient_user_authentication"')
    expect((await callApi(stage.service, robots, 'POST', `/clients/${client_id}/disable`)).status).toBe(200)
    expect((await get(token)).headers['www-authenticate']).toMatch(INVALID)
  })

  test('the scope of a machine, and the machine', async () => {
    const sql = 'update client set policy = jsonb_set(policy, $2, $3) where id = $1'
    const scopes = (
      await query<{ scopes: unknown }>(
        stage.service.databaseUrl,
        `select policy -> 'adminScopes' as scopes from client where id = $1`,
        [ROBOT.id],
      )
    )[0]?.scopes
    await query(stage.service.databaseUrl, sql, [ROBOT.id, '{adminScopes}', '["keys:read"]'])
    expect((await get(robots, '/clients')).status).toBe(403)
    expect((await get(robots, '/keys')).status).toBe(200)
    await query(stage.service.databaseUrl, sql, [ROBOT.id, '{adminScopes}', JSON.stringify(scopes)])
    await query(stage.service.databaseUrl, 'update client set disabled_at = $2 where id = $1', [ROBOT.id, new Date()])
    expect((await get(robots, '/keys')).status).toBe(401)
    await query(stage.service.databaseUrl, 'update client set disabled_at = null where id = $1', [ROBOT.id])
    expect((await get(robots, '/keys')).status).toBe(200)
  })
})

describe('the command line that is built in', () => {
  const ask = async (scope: string) => {
    const parameters = { resource: apiOf(stage.service), scope: `openid ${scope}`, nonce: null }
    return ada.visitor.open(authorizeUrl(stage.service, COMMAND_LINE, newVerifier(), parameters))
  }

  test('R-039 asks each time, as part of this service, and names in words what it would be able to do', async () => {
    for (let count = 0; count < 2; count++) {
      const page = await ask('clients:write audit:read')
      expect(page.words).toContain('Let Doorward command line use your account?')
      expect(page.words).toContain('Doorward command line is part of this service.')
      for (const scope of ['clients:write', 'audit:read'] as const) expect(page.words).toContain(ADMIN_SCOPES[scope])
      expect(page.words).not.toContain(ADMIN_SCOPES['accounts:write'])
      expect(page.words).not.toContain('change your account here')
      await personToken(stage, ada, 'clients:write audit:read')
    }
  })
})

describe('R-175 how they proved who they are (RFC 9470)', () => {
  const invite = (token: string) =>
    callApi(stage.service, token, 'POST', '/invitations', { body: { address: `${randomUUID()}@example.org` } })

  test('without a second factor people read nothing, and change nothing', async () => {
    await stage.signIn('weak@example.org')
    await setRole(stage.service, 'weak@example.org', 'admin')
    const tokens = await weakTokens(stage, 'weak@example.org')
    const token = tokenOf(tokens)
    for (const answer of [await get(token), await invite(token)]) {
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain(
        'error="insufficient_user_authentication", acr_values="urn:doorward:acr:2", max_age="600"',
      )
    }
  })

  test('a proof of ten minutes ago is too old for a change, and a token that lives on does not make it younger', async () => {
    expect((await invite(adas)).status).toBe(201)
    await stage.moveClock(601)
    const answer = await personToken(stage, ada)
    expect((await get(answer)).status).toBe(200)
    expect(await invite(answer)).toMatchObject({ status: 401, body: { title: 'A younger or stronger proof is needed' } })
    expect((await invite(await machineToken(stage.service))).status).toBe(201)
  })

  test('a token ends after five minutes', async () => {
    expect((await get(adas)).status).toBe(401)
  })

  test('a refreshed token says when the proof was given, not when it was refreshed', async () => {
    const tokens = await weakTokens(stage, 'weak@example.org')
    const before = claimsOf(tokenOf(tokens))
    await stage.moveClock(120)
    const app = { id: 'dashboard', secret: null, redirectUri: '' }
    const refreshed = await refresh(stage.service, app, tokens.body.refresh_token, { resource: apiOf(stage.service) })
    const after = claimsOf(tokenOf(refreshed))
    expect(after).toMatchObject({ auth_time: before.auth_time, acr: before.acr, gid: before.gid })
    expect(after.iat).toBeGreaterThan(Number(before.iat))
  })
})

/** A token that the service's own key has signed. */
async function signed(claims: Record<string, unknown>, typ = 'at+jwt'): Promise<string> {
  const sql = `select id, private_jwe as "privateJwe" from signing_key where alg = 'ES256' and state = 'current'`
  const [row] = await query<{ id: string; privateJwe: string }>(stage.service.databaseUrl, sql)
  const { id = '', privateJwe = '' } = row ?? {}
  const jwk = await openJwk(privateJwe, id, createSecrets([stage.service.env.SECRETS ?? '']))
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ, kid: id }).sign(await importJWK(jwk, 'ES256'))
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}
