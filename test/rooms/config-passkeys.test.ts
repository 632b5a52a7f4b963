import { describe, expect, test } from '@jest/globals'
import { faults, PRODUCTION, read } from './config-samples.ts'

const withPasskeys = (env: Record<string, string>) => ({ ...PRODUCTION, ...env })

describe('R-115 the domain of passkeys', () => {
  test.each([
    [{}, 'id.example.com'],
    [{ PASSKEY_DOMAIN: 'example.com' }, 'example.com'],
    [{ ISSUER: 'https://intranet', PASSKEY_DOMAIN: 'intranet' }, 'intranet'],
  ])('is the host of the issuer or a parent of it: %j', (env, passkeyDomain) => {
    expect(read(withPasskeys(env))).toMatchObject({ passkeys: 'on', passkeyDomain, passkeyOrigins: [] })
  })

  test.each([
    [{ PASSKEY_DOMAIN: 'com' }, 'must be a domain of yours, not all of .com'],
    [{ PASSKEY_DOMAIN: 'ample.com' }, 'must be the host of ISSUER (id.example.com) or a parent of it, not ample.com'],
    [{ PASSKEY_DOMAIN: 'www.id.example.com' }, 'must be the host of ISSUER (id.example.com) or a parent of it'],
    [{ PASSKEY_DOMAIN: 'Example.com' }, 'must be a domain such as example.com'],
    [{ PASSKEY_DOMAIN: '10.0.0.1' }, 'must be a domain such as example.com'],
    [{ PASSKEY_DOMAIN: 'example.com', PASSKEY_DOMAIN_GIVEN_UP: 'example.com' }, 'must differ from PASSKEY_DOMAIN'],
  ])('and nothing else: %j', (env, words) => {
    expect(faults(withPasskeys(env))).toEqual([expect.stringContaining(words)])
  })

  test('is not judged by an issuer that is at fault itself', () => {
    expect(faults(withPasskeys({ ISSUER: 'id.example.com', PASSKEY_DOMAIN: 'example.com' }))).toHaveLength(1)
  })

  test('is never an address: no browser keeps a passkey for one', () => {
    expect(read({ ISSUER: 'http://127.0.0.1:3000' }).passkeys).toBe('off')
    expect(read({ ISSUER: 'http://localhost:3000' }).passkeys).toBe('on')
  })
})

test('related origins are origins, four at most, and every fault is told at once', () => {
  const four = ['https://a.example', 'https://b.example:8443', 'http://localhost:3000', 'https://c.example']
  expect(read(withPasskeys({ PASSKEY_ORIGINS: four.join(' ') })).passkeyOrigins).toEqual(four)
  expect(faults(withPasskeys({ PASSKEY_ORIGINS: [...four, 'https://d.example'].join(',') }))).toHaveLength(1)
  expect(faults(withPasskeys({ PASSKEY_ORIGINS: 'https://id.example.com' }))).toHaveLength(1)
  expect(
    faults(withPasskeys({ PASSKEY_ORIGINS: 'https://a.example/x http://b.example https://c.example https://c.example' })),
  ).toEqual([
    expect.stringContaining('must be an origin alone'),
    expect.stringContaining('must be https'),
    expect.stringContaining('the same origin twice'),
  ])
})
