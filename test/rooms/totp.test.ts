import { describe, expect, test } from '@jest/globals'
import { addSeconds, createSecrets, newId, SealBroken } from '../../src/base/index.ts'
import { type Credential, createCredentialFactors } from '../../src/factors/index.ts'
import { base32, codeOf } from './totp-support.ts'

const secrets = createSecrets(['a secret that is long enough for a test, one'])
const START = new Date('2030-01-01T00:00:15Z')
const STEP = 30

let now = START
const { totp } = createCredentialFactors({ secrets, clock: { now: () => now } })
const RFC_SEED = base32(Buffer.from('12345678901234567890'))
const stepAt = (at: Date) => BigInt(Math.floor(at.getTime() / 1000 / STEP))
const seedOf = (key: string) => key.replaceAll(' ', '')

function credentialOf(data: string, more: Partial<Credential> = {}): Credential {
  return {
    id: newId(),
    kind: 'totp',
    data,
    label: '',
    counter: 0n,
    externalId: null,
    provenAt: START,
    lastUsedAt: null,
    createdAt: START,
    ...more,
  }
}

function enrolled(accountId: string, more: Partial<Credential> = {}) {
  const { data, key } = totp.newSeed(accountId)
  return { credential: credentialOf(data, more), seed: seedOf(key) }
}

describe('the code of an authenticator app', () => {
  // RFC 6238, appendix B: SHA-1, of whose eight digits the last six are the shorter code.
  test.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('R-104 is that of RFC 6238: at second %i it is %s', async (second, code) => {
    now = new Date(second * 1000)
    const credential = credentialOf(secrets.seal(RFC_SEED, 'credential/totp/ada'))
    const counter = BigInt(Math.floor(second / STEP))
    expect(await totp.judge([credential], 'ada', code)).toEqual({ credentialId: credential.id, counter })
    expect(codeOf(RFC_SEED, second)).toBe(code)
    now = START
  })

  test('R-104 is good for its step, one before and one after by our clock, and no further', async () => {
    const { credential, seed } = enrolled('ada')
    for (const drift of [-1, 0, 1]) {
      const code = codeOf(seed, START.getTime() / 1000 + drift * STEP)
      const counter = stepAt(START) + BigInt(drift)
      expect(await totp.judge([credential], 'ada', code)).toEqual({ credentialId: credential.id, counter })
    }
    for (const drift of [-3, -2, 2, 3]) {
      expect(await totp.judge([credential], 'ada', codeOf(seed, START.getTime() / 1000 + drift * STEP))).toBeNull()
    }
  })

  test('R-104 ends with its step: the last second is in, the next one out', async () => {
    const { credential, seed } = enrolled('ada')
    const code = codeOf(seed, START.getTime() / 1000)
    const endsAt = new Date('2030-01-01T00:00:30Z').getTime() / 1000 + STEP
    now = addSeconds(new Date(endsAt * 1000), -0.001)
    expect(await totp.judge([credential], 'ada', code)).not.toBeNull()
    now = new Date(endsAt * 1000)
    expect(await totp.judge([credential], 'ada', code)).toBeNull()
    now = START
  })

  test('R-105 is refused once its step was used, and so is any older one', async () => {
    const { credential, seed } = enrolled('ada')
    const used = { ...credential, counter: stepAt(START) }
    for (const drift of [-1, 0]) {
      expect(await totp.judge([used], 'ada', codeOf(seed, START.getTime() / 1000 + drift * STEP))).toBeNull()
    }
    expect(await totp.judge([used], 'ada', codeOf(seed, START.getTime() / 1000 + STEP))).not.toBeNull()
  })

  test('R-105 that two steps happen to share is used up for both', async () => {
    // With the seed of the RFC these two steps show the same.
    const [older, newer] = [153_567, 153_569]
    expect(codeOf(RFC_SEED, older * STEP)).toBe(codeOf(RFC_SEED, newer * STEP))
    now = new Date((older + 1) * STEP * 1000)
    const credential = credentialOf(secrets.seal(RFC_SEED, 'credential/totp/ada'))
    const code = codeOf(RFC_SEED, older * STEP)
    expect(await totp.judge([credential], 'ada', code)).toEqual({ credentialId: credential.id, counter: BigInt(newer) })
    expect(await totp.judge([{ ...credential, counter: BigInt(newer) }], 'ada', code)).toBeNull()
    now = START
  })

  test('of several authenticators proves the one it is from, and none that was never proven', async () => {
    const [first, second] = [enrolled('ada'), enrolled('ada')]
    const both = [first.credential, second.credential]
    const code = codeOf(second.seed, START.getTime() / 1000)
    expect((await totp.judge(both, 'ada', code))?.credentialId).toBe(second.credential.id)
    const unproven = [first.credential, { ...second.credential, provenAt: null }]
    expect(await totp.judge(unproven, 'ada', code)).toBeNull()
    expect(await totp.judge([], 'ada', code)).toBeNull()
  })

  test('R-072 is read however it is typed, and anything else is not judged', () => {
    for (const typed of ['123456', '123 456', ' 123-456 ', '１２３４５６', '١٢٣٤٥٦', '123\u2009456']) {
      expect(totp.read(typed)).toBe('123456')
    }
    for (const typed of ['', '12345', '1234567', '12345x', 'abcdef', '<script>', '1'.repeat(1000)]) {
      expect(totp.read(typed)).toBeNull()
    }
  })

  test('R-030 says that it was a one-time code, and makes the highest level', () => {
    expect(totp).toMatchObject({ kind: 'totp', amr: ['otp'], level: 3 })
  })
})

describe('the seed of an authenticator', () => {
  test('R-104 holds 160 bits, each time others', () => {
    const seeds = Array.from({ length: 1000 }, () => seedOf(totp.newSeed('ada').key))
    expect(new Set(seeds).size).toBe(1000)
    for (const seed of seeds) expect(seed).toMatch(/^[A-Z2-7]{32}$/) // five bits each
  })

  test('R-108 of another account cannot be opened, and proves nothing there', async () => {
    const { credential, seed } = enrolled('ada')
    const code = codeOf(seed, START.getTime() / 1000)
    expect(await totp.judge([credential], 'ada', code)).not.toBeNull()
    expect(await totp.judge([credential], 'eve', code)).toBeNull()
    expect(() => totp.keyOf(credential.data, 'eve')).toThrow(SealBroken)
    expect(() => totp.uri('eve@ex.test', 'id.example', credential.data, 'eve')).toThrow(SealBroken)
  })

  test('R-108 that cannot be opened does not stand in the way of another authenticator', async () => {
    const [broken, fine] = [enrolled('eve').credential, enrolled('ada')]
    const code = codeOf(fine.seed, START.getTime() / 1000)
    expect((await totp.judge([broken, fine.credential], 'ada', code))?.credentialId).toBe(fine.credential.id)
  })

  test('R-108 opens after the secret was changed, and no more once the old secret is gone', async () => {
    const { credential, seed } = enrolled('ada')
    const code = codeOf(seed, START.getTime() / 1000)
    const [old, next] = ['a secret that is long enough for a test, one', 'a secret that is long enough for a test, two']
    const clock = { now: () => START }
    const judgedBy = (list: string[]) =>
      createCredentialFactors({ secrets: createSecrets(list), clock }).totp.judge([credential], 'ada', code)
    expect(await judgedBy([next, old])).not.toBeNull()
    expect(await judgedBy([next])).toBeNull()
  })

  test('R-170 is not to be read in what is stored', () => {
    const { data, key } = totp.newSeed('ada')
    expect(data).not.toContain(seedOf(key))
    expect(totp.keyOf(data, 'ada')).toBe(key)
    expect(key).toMatch(/^(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}$/)
  })
})

describe('what an app scans', () => {
  test('names the person and the service, and leaves to the app what every app takes for granted', () => {
    const { data, key } = totp.newSeed('ada')
    const uri = totp.uri('ada+1@ex.test', 'id.example', data, 'ada')
    expect(uri).toBe(`otpauth://totp/id.example:ada%2B1%40ex.test?secret=${seedOf(key)}&issuer=id.example`)
  })

  test('has one colon in its label, whatever the names hold', () => {
    const { data } = totp.newSeed('ada')
    const { pathname, searchParams } = new URL(totp.uri('ada:x', 'localhost:3000', data, 'ada'))
    expect(decodeURIComponent(pathname)).toMatch(/localhost 3000:ada x$/)
    expect(searchParams.get('issuer')).toBe('localhost 3000')
  })

  test('is a square of strokes that stay within it, with its three corners', () => {
    const { data } = totp.newSeed('ada')
    const { size, path } = totp.qrSvgPath(totp.uri('ada@ex.test', 'id.example', data, 'ada'))
    expect(path).toMatch(/^(?:M\d+ \d+h\d+)+$/)
    const strokes = [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].map(([, x, y, width]) => [Number(x), Number(y), Number(width)])
    for (const [x = 0, y = 0, width = 0] of strokes) {
      expect(x + width).toBeLessThanOrEqual(size)
      expect(y).toBeLessThan(size)
    }
    expect(strokes).toContainEqual([0, 0, 7])
    expect(strokes).toContainEqual([size - 7, 0, 7])
    expect(strokes).toContainEqual([0, size - 1, 7])
  })
})
