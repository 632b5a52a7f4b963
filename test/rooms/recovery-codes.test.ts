import { beforeAll, describe, expect, test } from '@jest/globals'
import { createSecrets, newId } from '../../src/base/index.ts'
import { type Credential, createCredentialFactors } from '../../src/factors/index.ts'
import { newCodes } from '../../src/factors/recovery/codes.ts'
import { quickestMs } from '../support/quickest.ts'

const at = new Date('2030-01-01T00:00:00Z')
const secrets = createSecrets(['a secret that is long enough for a test, one'])
const { recovery } = createCredentialFactors({ secrets, clock: { now: () => at } })

let set: { codes: string[]; data: string[] }
let credentials: Credential[]

beforeAll(async () => {
  set = await recovery.newSet()
  credentials = set.data.map((data) => credentialOf(data))
})

function credentialOf(data: string, more: Partial<Credential> = {}): Credential {
  return {
    id: newId(),
    kind: 'recovery',
    data,
    label: '',
    counter: 0n,
    externalId: null,
    provenAt: at,
    lastUsedAt: null,
    createdAt: at,
    ...more,
  }
}

const judge = (code: string, own = credentials) => recovery.judge(own, 'ada', recovery.read(code) ?? 'unreadable')

describe('a set of recovery codes', () => {
  test('R-116 holds ten of 100 bits each, in letters and digits that can be told apart', () => {
    expect(set.codes).toHaveLength(10)
    for (const code of set.codes) expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/)
  })

  test('R-116 is found code by code: no two begin alike, so that one slow hash is enough', () => {
    // Draws that make every code begin like the one before it, once.
    let drawn = 0
    const codes = newCodes(() => {
      const [code, place] = [Math.floor(drawn / 20), drawn++ % 20]
      return place < 4 ? Math.floor(code / 2) : code
    })
    expect(drawn).toBe(19 * 20)
    expect(new Set(codes.map((code) => code.slice(0, 4))).size).toBe(10)
  })

  test('R-116 is made of evenly spread letters, at each place, and never comes twice', () => {
    const sets = 2000
    const letters = new Map<string, number>()
    const places = Array.from({ length: 20 }, () => new Map<string, number>())
    const seen = new Set<string>()
    for (let round = 0; round < sets; round++) {
      for (const code of newCodes()) {
        seen.add(code)
        for (const [place, letter] of [...code].entries()) {
          letters.set(letter, (letters.get(letter) ?? 0) + 1)
          places[place]?.set(letter, (places[place].get(letter) ?? 0) + 1)
        }
      }
    }
    expect(seen.size).toBe(sets * 10)
    expect([...letters.keys()].sort().join('')).toBe('0123456789ABCDEFGHJKMNPQRSTVWXYZ')
    // χ² with 31 degrees of freedom: beyond 95 once in ten million fair runs.
    expect(chiSquared(letters, sets * 200)).toBeLessThan(95)
    for (const place of places) expect(chiSquared(place, sets * 10)).toBeLessThan(95)
  })

  test('R-170 cannot be read off what is stored: beyond the first group there is only a salted slow hash', () => {
    const stored = set.data.join('\n')
    for (const [number, code] of set.codes.entries()) {
      const [index, ...secret] = code.split('-')
      expect(set.data[number]).toMatch(new RegExp(`^scrypt\\$14\\$${index}\\$[\\w-]{22}\\$[\\w-]{43}$`))
      expect(stored).not.toContain(secret.join(''))
      expect(stored).not.toContain(secret.join('-'))
    }
    expect(new Set(set.data.map((data) => data.split('$')[3])).size).toBe(10)
  })
})

describe('a recovery code', () => {
  test('R-116 proves the credential it belongs to, and the counter uses it up', async () => {
    for (const number of [0, 4, 9]) {
      expect(await judge(set.codes[number] ?? '')).toEqual({ credentialId: credentials[number]?.id, counter: 1n })
    }
  })

  test('R-116 that was used proves nothing, while the others still do', async () => {
    const [first = '', second = ''] = set.codes
    const afterwards = credentials.map((one, number) => (number === 0 ? { ...one, counter: 1n } : one))
    expect(await judge(first, afterwards)).toBeNull()
    expect(await judge(second, afterwards)).not.toBeNull()
  })

  test('R-116 of another set, or wrong by one letter, proves nothing', async () => {
    const [code = ''] = set.codes
    const wrong = code.slice(0, -1) + (code.endsWith('7') ? '8' : '7')
    expect(await judge(wrong)).toBeNull()
    expect(await judge(newCodes()[0] ?? '')).toBeNull()
    const mixed = `${code.slice(0, 4)}${(set.codes[1] ?? '').slice(4)}`
    expect(await judge(mixed)).toBeNull()
  })

  test('R-116 is one of its kind only, and its data is read whole or not at all', async () => {
    const [code = ''] = set.codes
    const [data = ''] = set.data
    for (const odd of [
      credentialOf(data, { kind: 'totp' }),
      credentialOf(data, { provenAt: null }),
      credentialOf(data.replace('scrypt', 'plain')),
      credentialOf(data.replace('$14$', '$1$')),
      credentialOf(`${data}$more`),
      credentialOf(data.slice(0, data.lastIndexOf('$') + 1)),
      credentialOf(''),
    ])
      expect(await judge(code, [odd])).toBeNull()
  })

  test('R-116 takes as long to refuse whether its first group is known or not', async () => {
    const [code = ''] = set.codes
    const known = `${code.slice(0, -1)}${code.endsWith('7') ? '8' : '7'}`
    const unknown = newCodes().find((one) => !set.codes.some((own) => own.startsWith(one.slice(0, 4)))) ?? ''
    const ratio = (await quickestMs(() => judge(unknown))) / (await quickestMs(() => judge(known)))
    expect(ratio).toBeGreaterThan(0.2)
    expect(ratio).toBeLessThan(5)
  })

  test('R-116 is looked for in two credentials at most, whatever is stored', async () => {
    const [code = ''] = set.codes
    const index = code.slice(0, 4)
    const alike = Array.from({ length: 50 }, () => credentialOf(`scrypt$14$${index}$salt$hash`))
    const one = await quickestMs(() => judge(code, alike.slice(0, 1)))
    expect(await quickestMs(() => judge(code, alike))).toBeLessThan(one * 10)
  })

  test('R-072 is read however it is typed, and anything else is not judged', () => {
    const plain = '7KQFM2XD8WHCJ6YE510M'
    for (const typed of [
      '7KQF-M2XD-8WHC-J6YE-510M',
      '7kqf m2xd 8whc j6ye 510m',
      ' 7KQFM2XD8WHCJ6YE510M\n',
      '7KQF–M2XD–8WHC–J6YE–5lOM',
      '７ＫＱＦ-M2XD-8WHC-J6YE-5iom',
    ])
      expect(recovery.read(typed)).toBe(plain)
    for (const typed of ['', '123456', plain.slice(1), `${plain}0`, plain.replace('K', 'U'), '<script>', '1'.repeat(1000)])
      expect(recovery.read(typed)).toBeNull()
  })

  test('R-117, R-030 says that it was a recovery code, and does not reach what an authenticator does', () => {
    expect(recovery).toMatchObject({ kind: 'recovery', amr: ['recovery_code'], level: 2 })
  })
})

function chiSquared(counts: ReadonlyMap<string, number>, total: number): number {
  const expected = total / 32
  return [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}
