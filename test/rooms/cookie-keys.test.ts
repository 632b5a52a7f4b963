import { expect, test } from '@jest/globals'
import { createCookieKeys } from '../../src/oidc/cookie-keys.ts'

const DATA = 'session=a-value-of-a-cookie'
// As keygrip 1.1.0 signs it with the two keys below.
const BY_NEWEST = 'pDxdrwua4Cw0N0wKMubPWuwjMiY'
const BY_OLDER = '98Y555pXllrYXPHHX0079swkwIw'
const keys = createCookieKeys(['the newest key', 'an older key'])

test('R-132 a cookie is signed by the newest key, and an older one still counts', () => {
  expect(keys.sign(DATA)).toBe(BY_NEWEST)
  expect([BY_NEWEST, BY_OLDER].map((signature) => keys.index(DATA, signature))).toEqual([0, 1])
  expect(keys.verify(DATA, BY_OLDER)).toBe(true)
})

test.each([
  ['of other data', `${DATA}x`, BY_NEWEST],
  ['that was changed', DATA, BY_NEWEST.replace('p', 'q')],
  ['that was cut', DATA, BY_NEWEST.slice(0, -1)],
  ['that is empty', DATA, ''],
  ['by a key that is gone', DATA, createCookieKeys(['a key that is gone']).sign(DATA)],
])('a signature %s is none', (_what, data, signature) => {
  expect([keys.index(data, signature), keys.verify(data, signature)]).toEqual([-1, false])
})
