import { randomInt } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { ipSubject } from '../../src/limits/index.ts'

describe('R-150 one network is one subject', () => {
  test('every spelling of an address answers the same', () => {
    expect(ipSubject('203.0.113.7')).toBe('203.0.113.7')
    for (const same of ['::ffff:203.0.113.7', '::FFFF:203.0.113.7', '::ffff:cb00:7107', '0:0:0:0:0:ffff:203.0.113.7']) {
      expect(ipSubject(same)).toBe('203.0.113.7')
    }
    for (const same of [
      '2001:db8:1:2::',
      '2001:DB8:1:2:ffff::9',
      '2001:0db8:0001:0002:1:2:3:4',
      '2001:db8:1:2:1:2:203.0.113.7',
      '2001:db8:1:2::1%eth0',
    ]) {
      expect(ipSubject(same)).toBe('2001:db8:1:2::/64')
    }
    expect(ipSubject('::1')).toBe('0:0:0:0::/64')
    expect(ipSubject('2001:db8:1:3::1')).not.toBe(ipSubject('2001:db8:1:2::1'))
  })

  test('what is no address shares one counter and never fails', () => {
    for (const text of [
      '',
      'x',
      '1.2.3',
      '1.2.3.4, 5.6.7.8',
      '01.2.3.4',
      '::1::',
      '::ffff:999.1.1.1',
      '[::1]',
      '\0',
      ':'.repeat(10_000),
    ]) {
      expect(ipSubject(text)).toBe('unknown')
    }
  })

  test('a thousand random addresses in random spellings keep to their /64', () => {
    for (let round = 0; round < 1000; round++) {
      const groups = Array.from({ length: 8 }, () => (randomInt(3) === 0 ? 0 : randomInt(0x10000)))
      if (groups[0] === 0) groups[0] = 0x2001
      const expected = `${groups
        .slice(0, 4)
        .map((group) => group.toString(16))
        .join(':')}::/64`
      const padded = groups.map((group) => group.toString(16).padStart(4, '0'))
      const plain = groups.map((group) => group.toString(16))
      const short = plain.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
      const tail = `${plain.slice(0, 6).join(':')}:${[6, 7].flatMap((at) => [(groups[at] ?? 0) >> 8, (groups[at] ?? 0) & 255]).join('.')}`
      for (const spelling of [padded.join(':'), padded.join(':').toUpperCase(), plain.join(':'), short, tail]) {
        expect([spelling, ipSubject(spelling)]).toEqual([spelling, expected])
      }
    }
  })
})
