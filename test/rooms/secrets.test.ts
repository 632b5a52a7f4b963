import { describe, expect, test } from '@jest/globals'
import { createSecrets, SealBroken, UnknownSecret } from '../../src/base/index.ts'

const OLD = 'the older secret, long enough for this test'
const NEW = 'the newer secret, long enough for this test'

describe('SECRETS', () => {
  test('R-170 what is sealed can be opened with its context only, and with no other key', () => {
    const secrets = createSecrets([OLD])
    const sealed = secrets.seal('uid of an interaction', 'attempt/interaction')
    expect(sealed).not.toContain('uid')
    expect(secrets.open(sealed, 'attempt/interaction')).toBe('uid of an interaction')
    expect(() => secrets.open(sealed, 'something/else')).toThrow(SealBroken)
    expect(() => createSecrets([NEW]).open(sealed, 'attempt/interaction')).toThrow(SealBroken)
    expect(() => secrets.open(`${sealed.slice(0, -2)}AA`, 'attempt/interaction')).toThrow(SealBroken)
    expect(() => secrets.open('', 'attempt/interaction')).toThrow(SealBroken)
  })

  test('a new secret in front seals and derives what is new; the old one opens what was before', () => {
    const before = createSecrets([OLD])
    const after = createSecrets([NEW, OLD])
    expect(after.open(before.seal('kept', 'x'), 'x')).toBe('kept')
    expect(after.currentId).not.toBe(before.currentId)
    expect(after.hmac('code', 'challenge', before.currentId)).toEqual(before.hmac('code', 'challenge'))
    expect(after.keys('cookie')).toHaveLength(2)
    expect(() => createSecrets([NEW]).key('code', before.currentId)).toThrow(UnknownSecret)
  })

  test('one purpose never shares a key with another, and the identifiers say nothing about the secrets', () => {
    const secrets = createSecrets([OLD])
    const purposes = ['link', 'code', 'long-code', 'csrf', 'cookie', 'seal', 'known-browser'] as const
    expect(new Set(purposes.map((purpose) => secrets.key(purpose).toString('hex'))).size).toBe(purposes.length)
    expect(secrets.ids).toHaveLength(1)
    expect(OLD).not.toContain(secrets.currentId)
  })
})
