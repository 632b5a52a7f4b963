import { describe, expect, test } from '@jest/globals'
import { addSeconds } from '../../src/base/index.ts'
import { type Client, fromTemplate, registrationOf, warningsOf } from '../../src/clients/index.ts'
import { START } from './admin-clients-stage.ts'

const DAY = 24 * 3600
const RULES = { trial: true, resources: new Set<string>(), adminApi: null, ttlMaxSeconds: null }
const SECRET = { id: 's', hash: 'h', hint: 'abcd', createdAt: START, expiresAt: addSeconds(START, 90 * DAY), madeBy: 'x' }

/** The warnings of a registration that is made from a template, with one secret that ends where it needs one. */
function warnings(
  kind: Parameters<typeof fromTemplate>[0],
  given: Record<string, unknown> = {},
  secrets: Client['secrets'] = [SECRET],
) {
  const redirect_uris = kind === 'machine' ? [] : ['https://app.example/callback']
  const fields = fromTemplate(kind, { client_name: 'App', redirect_uris, ...given })
  const result = registrationOf({ ...fields, client_id: 'app' }, RULES)
  if (!result.ok) throw new Error(JSON.stringify(result))
  return warningsOf({ ...result.registration, secrets }, START)
}

describe('warnings', () => {
  test('there are none for what the templates advise, but that a machine could do better with a key', () => {
    expect(warnings('web')).toEqual([])
    expect(warnings('web', { first_party: true })).toEqual([])
    expect(warnings('spa')).toEqual([])
    expect(warnings('native', { redirect_uris: ['http://127.0.0.1/callback', 'https://app.example/callback'] })).toEqual([])
    expect(warnings('machine', { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://app.example/jwks' })).toEqual(
      [],
    )
    expect(warnings('machine')).toEqual([expect.stringContaining('private_key_jwt')])
  })

  const many = (count: number, path = '') => Array.from({ length: count }, (_, at) => `https://app-${at}.example${path}`)
  test.each<[string, Record<string, unknown>, string, Parameters<typeof fromTemplate>[0]]>([
    ['PKCE is off', { require_pkce: false }, 'PKCE is not required', 'web'],
    ['a web app comes back by plain http', { redirect_uris: ['http://localhost/callback'] }, 'plain http', 'web'],
    ['an app has a scheme of its own', { redirect_uris: ['com.example.app:/callback'] }, 'a scheme of its own', 'native'],
    ["somebody else's app always stays signed in", { refresh_token: 'always' }, 'stays signed in without asking', 'web'],
    ['refresh tokens live long', { refresh_token_ttl: '91d' }, 'for more than 90 days', 'web'],
    ['scripts of many origins may read', { cors_origins: many(6) }, 'Scripts of 6 origins', 'spa'],
    ['there are many places to come back to', { redirect_uris: many(21, '/cb') }, '21 redirect addresses', 'web'],
    ['no second factor is asked for', { second_factor: 'off' }, 'No second factor', 'web'],
    ['only text messages begin a sign-in', { methods: ['sms'] }, 'Only text messages', 'web'],
    ["one's own names another maker", { first_party: true, made_by: 'Example Ltd' }, 'names another maker', 'web'],
    ['ID tokens are signed with RS256', { id_token_signed_response_alg: 'RS256' }, 'RS256', 'web'],
    ['the secret is sent in the body', { token_endpoint_auth_method: 'client_secret_post' }, 'in the body', 'web'],
  ])('there is one where %s, in one sentence', (_, given, words, kind) => {
    const found = warnings(kind, given)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(words)
    expect(found[0]).toMatch(/^[A-Z].*[^.]\.$/)
  })

  test('a wait after a rescue is of no use where no second factor is asked for', () => {
    expect(warnings('web', { rescue_delay: '7d' })).toEqual([])
    const found = warnings('web', { rescue_delay: '7d', second_factor: 'off' })
    expect(found).toEqual([expect.any(String), expect.stringContaining('without any rescue')])
  })

  test('secrets: one without an end, one that lives for more than a year, and none that counts', () => {
    const ends = (expiresAt: Date | null) => warnings('web', {}, [{ ...SECRET, expiresAt }]).join()
    expect(ends(null)).toContain('A secret has no end')
    expect(ends(addSeconds(START, 365 * DAY))).toBe('')
    expect(ends(addSeconds(START, 366 * DAY))).toContain('more than a year')
    expect(ends(START)).toContain('It has no secret that counts')
    expect(warnings('spa', {}, [])).toEqual([])
  })
})
