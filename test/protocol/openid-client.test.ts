import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as client from 'openid-client'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'

let stage: Stage
let config: client.Configuration

beforeAll(async () => {
  const grants = ['authorization_code', 'refresh_token', 'client_credentials']
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS }, client: { grant_types: grants } })
  config = await stage.relyingParty.configuration()
})
afterAll(() => stage.stop())

const refused = { error: 'invalid_grant', status: 400 }

describe('an application written with a common library', () => {
  test('R-030 signs somebody in, and checks all that the library checks', async () => {
    await stage.signIn('library@fabrikam.example')
    const { idToken, userinfo, tokens } = stage.relyingParty.last()
    expect(userinfo).toMatchObject({ sub: idToken.sub, email: 'library@fabrikam.example', email_verified: true })
    expect(tokens).toMatchObject({ token_type: 'bearer', access_token: expect.any(String), refresh_token: expect.any(String) })
  })

  test('R-020 refreshes, gets another refresh token, and loses the family when an old one comes back', async () => {
    await stage.signIn('library-refresh@fabrikam.example')
    const { tokens, idToken } = stage.relyingParty.last()
    const first = tokens.refresh_token ?? ''
    const second = await client.refreshTokenGrant(config, first)
    expect(second.claims()?.sub).toBe(idToken.sub)
    expect(second.refresh_token).not.toBe(first)
    await expect(client.refreshTokenGrant(config, first)).rejects.toMatchObject(refused)
    await expect(client.refreshTokenGrant(config, second.refresh_token ?? '')).rejects.toMatchObject(refused)
  })

  test('R-026, R-028 asks after its tokens and takes them back', async () => {
    await stage.signIn('library-revoke@fabrikam.example')
    const { access_token, refresh_token } = stage.relyingParty.last().tokens
    expect(await client.tokenIntrospection(config, access_token)).toMatchObject({ active: true, client_id: 'test-app' })
    await client.tokenRevocation(config, refresh_token ?? '')
    expect(await client.tokenIntrospection(config, access_token)).toEqual({ active: false })
    await expect(client.refreshTokenGrant(config, refresh_token ?? '')).rejects.toMatchObject(refused)
  })

  test('R-041 signs out and is led back', async () => {
    const visitor = await stage.signIn('library-logout@fabrikam.example')
    const { location } = await visitor.get(`${stage.relyingParty.url}/logout`)
    const question = await visitor.open(location ?? '')
    const form = question.forms.find(({ fields }) => fields.includes('xsrf'))
    if (!form) throw new Error(question.words)
    const end = await visitor.submit(form, {}, 'yes')
    expect(end.location).toBe(`${stage.relyingParty.url}/signed-out`)
    expect((await visitor.get(end.location ?? '')).words).toMatch('Signed out')
  })

  test('R-040 gets tokens for itself', async () => {
    const tokens = await client.clientCredentialsGrant(config)
    expect(tokens.access_token).toMatch(/^[A-Za-z0-9_-]{22,}$/)
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, client_id: 'test-app' })
  })
})
