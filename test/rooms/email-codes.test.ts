import { describe, expect, test } from '@jest/globals'
import { createSecrets, newId } from '../../src/base/index.ts'
import { deriveAnswers, normalizeCode, shortCodeFrom } from '../../src/factors/derive.ts'

const secrets = createSecrets(['a secret that is long enough for a test, one'])

describe('link and code of a challenge', () => {
  test('R-050 two hundred thousand codes are spread evenly, leading zeros included', () => {
    const codes = 200_000
    const hmac = (message: string) => secrets.hmac('code', message)
    const first = new Array<number>(10).fill(0)
    const last = new Array<number>(10).fill(0)
    const hundreds = new Array<number>(1000).fill(0)
    for (let at = 0; at < codes; at++) {
      const code = shortCodeFrom(hmac, String(at))
      if (code.length !== 6) throw new Error(`not six digits: ${code}`)
      ;(first[Number(code[0])] as number)++
      ;(last[Number(code[5])] as number)++
      ;(hundreds[Number(code.slice(0, 3))] as number)++
    }
    // χ² beyond these bounds happens once in a million fair runs (9 and 999 degrees of freedom).
    expect(chiSquared(first, codes)).toBeLessThan(45)
    expect(chiSquared(last, codes)).toBeLessThan(45)
    expect(chiSquared(hundreds, codes)).toBeLessThan(1230)
  })

  test('R-050 a link holds 192 bits in letters that survive any mail program', () => {
    const links = new Set(Array.from({ length: 1000 }, () => deriveAnswers(secrets, newId(), secrets.currentId).link))
    expect(links.size).toBe(1000)
    for (const link of links) expect(link).toMatch(/^[A-Za-z0-9_-]{32}$/)
  })

  test('R-052 one challenge has one link and one code, however often they are derived, and another key has others', () => {
    const id = newId()
    expect(deriveAnswers(secrets, id, secrets.currentId)).toEqual(deriveAnswers(secrets, id, secrets.currentId))
    const other = createSecrets(['another secret that is long enough for a test'])
    expect(deriveAnswers(other, id, other.currentId)).not.toEqual(deriveAnswers(secrets, id, secrets.currentId))
  })

  test('R-062 the long code holds 60 bits in twelve letters that can be told apart', () => {
    for (let round = 0; round < 1000; round++) {
      expect(deriveAnswers(secrets, newId(), secrets.currentId).longCode).toMatch(/^[0-9A-HJKMNP-TV-Z]{12}$/)
    }
  })

  test('R-072 however people type a code, it is read as one', () => {
    for (const typed of ['123456', '123 456', ' 123-456 ', '１２３４５６', '123\u2009456', '١٢٣٤٥٦', '123\u2011456'])
      expect(normalizeCode(typed)).toBe('123456')
    expect(normalizeCode('abcd-efgh-jkmn')).toBe('ABCDEFGHJKMN')
    expect(normalizeCode('oi00 l111 aaaa')).toBe('01001111AAAA')
  })
})

function chiSquared(counts: readonly number[], total: number): number {
  const expected = total / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}
