import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { send } from '../support/http.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { basic, newSecret, type Parameters, type Reply, reply } from './protocol.ts'

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const secret = newSecret()
const former = newSecret()
const GRANT = { grant_type: 'client_credentials' }

let stage: Awaited<ReturnType<typeof startPairStage>>
let key: CryptoKey
let strange: CryptoKey

beforeAll(async () => {
  const pair = await generateKeyPair('ES256')
  key = pair.privateKey
  strange = (await generateKeyPair('ES256')).privateKey
  const common = { grant_types: ['client_credentials'] }
  stage = await startPairStage({
    env: { LIMITS: GENEROUS_LIMITS, SECRET: secret, FORMER: former },
    clients: [
      { client_id: 'by-header', client_secret_env: ['SECRET', 'FORMER'], ...common },
      { client_id: 'by-body', client_secret_env: 'SECRET', token_endpoint_auth_method: 'client_secret_post', ...common },
      {
        client_id: 'by-key',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }] },
        ...common,
      },
    ],
  })
})
afterAll(() => stage.stop())

async function token(fields: Parameters, headers: Record<string, string> = {}, via: Service = stage.service): Promise<Reply> {
  const body = new URLSearchParams(
    Object.entries({ ...GRANT, ...fields }).filter((pair): pair is [string, string] => pair[1] !== null),
  )
  return reply(await send(`${stage.service.issuer}/token`, { body, headers, via }))
}

const now = () => Math.floor(Date.now() / 1000)

async function assertion(claims: Record<string, unknown> = {}, signer: CryptoKey = key): Promise<Parameters> {
  const usual = { iss: 'by-key', sub: 'by-key', aud: stage.service.issuer, jti: randomUUID(), iat: now(), exp: now() + 60 }
  const jwt = new SignJWT(Object.fromEntries(Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined)))
  return {
    client_assertion_type: ASSERTION,
    client_assertion: await jwt.setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(signer),
  }
}

const refused = { status: 401, body: { error: 'invalid_client' } }

describe('a client proves who it is', () => {
  test('R-018 in the way it registered, and with either of two secrets while it changes them', async () => {
    for (const one of [secret, former]) {
      expect((await token({}, { authorization: basic('by-header', one) })).status).toBe(200)
    }
    expect((await token({ client_id: 'by-body', client_secret: secret })).status).toBe(200)
    expect((await token(await assertion())).status).toBe(200)
  })

  test('R-018 in no other way: another method, a wrong secret, none, a stranger', async () => {
    const tries = [
      token({ client_id: 'by-header', client_secret: secret }),
      token({}, { authorization: basic('by-body', secret) }),
      token({}, { authorization: basic('by-header', newSecret()) }),
      token({ client_id: 'by-header' }),
      token({ client_id: 'by-body', client_secret: secret.slice(1) }),
      token({}, { authorization: basic('by-key', secret) }),
      token({}, { authorization: basic('nobody', secret) }),
    ]
    for (const answer of await Promise.all(tries)) {
      expect(answer).toMatchObject(refused)
      expect(answer.headers['www-authenticate']).toMatch(/^Basic /)
      expect(answer.headers['cache-control']).toMatch('no-store')
    }
    const empty = await token({}, { authorization: basic('by-header', '') })
    expect(empty).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('R-018 in one way at a time: two together are refused, although each is right', async () => {
    const answers = [
      await token({ client_id: 'by-header', client_secret: secret }, { authorization: basic('by-header', secret) }),
      await token({ client_id: 'by-body', client_secret: secret }, { authorization: basic('by-body', secret) }),
      await token({ ...(await assertion()), client_secret: secret }),
      await token(await assertion(), { authorization: basic('by-header', secret) }),
    ]
    for (const answer of answers) {
      expect([400, 401]).toContain(answer.status)
      expect(answer.body).not.toHaveProperty('access_token')
    }
  })
})

describe('R-019 a signed assertion', () => {
  test('R-019 counts for us alone, for a few minutes, from its own client, with its own key', async () => {
    const wrong: [string, Parameters][] = [
      ['another audience', await assertion({ aud: 'https://elsewhere.example' })],
      ['several audiences', await assertion({ aud: [stage.service.issuer, 'https://elsewhere.example'] })],
      ['no audience', await assertion({ aud: undefined })],
      ['expired', await assertion({ iat: now() - 120, exp: now() - 60 })],
      ['no end', await assertion({ exp: undefined })],
      ['an end far away', await assertion({ exp: now() + 3600 })],
      ['not yet', await assertion({ nbf: now() + 60 })],
      ['no id', await assertion({ jti: undefined })],
      ['another issuer', await assertion({ iss: 'by-header' })],
      ['another key', await assertion({}, strange)],
      ['no signature', unsigned()],
    ]
    for (const [what, fields] of wrong) {
      const { status, body } = await token({ client_id: 'by-key', ...fields })
      expect({ what, status, error: body.error }).toEqual({ what, status: 401, error: 'invalid_client' })
    }
    const { status, body } = await token({ client_id: 'by-key', ...(await assertion({ sub: 'by-header' })) })
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_request' })
    expect((await token(await assertion({ aud: `${stage.service.issuer}/token` }))).status).toBe(200)
  })

  function unsigned(): Parameters {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { iss: 'by-key', sub: 'by-key', aud: stage.service.issuer, jti: randomUUID(), iat: now(), exp: now() + 60 }
    return { client_assertion_type: ASSERTION, client_assertion: `${part({ alg: 'none' })}.${part(claims)}.` }
  }

  test('R-019, F-22 counts once, over two instances and fifty at a time', async () => {
    for (let round = 0; round < 3; round++) {
      const fields = await assertion()
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => token(fields, {}, index % 2 === 0 ? stage.service : stage.second)),
      )
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      for (const answer of answers.filter(({ status }) => status !== 200)) expect(answer).toMatchObject(refused)
      expect(await token(fields, {}, stage.second)).toMatchObject(refused)
    }
  })
})
