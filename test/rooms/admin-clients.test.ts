import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type ClientStage, clientStage, WEB_APP } from './admin-clients-stage.ts'
import { closeAll } from './store-support.ts'

let stage: ClientStage
beforeAll(async () => {
  stage = await clientStage()
})
afterAll(closeAll)

describe('an application from a template', () => {
  test('R-171 a web app gets an id that reads like its name, PKCE, and a secret of 256 bits that is kept as a hash alone', async () => {
    const { client, secret } = await stage.perform('clients.create', WEB_APP)
    expect(client).toMatchObject({
      client_id: 'team-wiki',
      client_name: 'Team wiki',
      kind: 'web',
      source: 'console',
      disabled: false,
    })
    expect(client.fields).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
      require_pkce: true,
      profile_claims_in_id_token: true,
      refresh_token: 'offline_access',
      first_party: false,
    })
    expect(Buffer.from(secret?.secret ?? '', 'base64url')).toHaveLength(32)
    expect(client.secrets).toEqual([
      expect.objectContaining({ secret_id: secret?.secret_id, hint: secret?.secret.slice(-4), made_by: 'person-1' }),
    ])
    const kept = await stage.ask('select * from client')
    expect(JSON.stringify(kept)).not.toContain(secret?.secret)
    expect(JSON.stringify(await stage.perform('clients.get', { client_id: 'team-wiki' }))).not.toContain(secret?.secret)
    const stored = await stage.clients.find('team-wiki')
    expect(stored && stage.clients.secretMatches(stored, secret?.secret ?? '')).toBe(true)
    expect((await stage.told()).at(-1)).toMatchObject({ event: 'client.created', client_id: 'team-wiki', actor_id: 'person-1' })
  })
})
