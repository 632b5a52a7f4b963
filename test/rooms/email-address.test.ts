import { describe, expect, test } from '@jest/globals'
import { domainOf, maskEmail, parseEmailAddress } from '../../src/base/index.ts'
import { quickestMs } from '../support/quickest.ts'

const refused = (input: string) => expect({ input, parsed: parseEmailAddress(input) }).toEqual({ input, parsed: null })

describe('one address, parsed once', () => {
  test('R-080, V-01, V-41, V-42 lists, groups, names, comments, quotes and control characters are no address', () => {
    for (const input of [
      'a@x.test,b@y.test',
      'a@x.test;b@y.test',
      'a@x.test b@y.test',
      'team:a@x.test;',
      'Maria <maria@x.test>',
      '<maria@x.test>',
      'maria(comment)@x.test',
      '"b@y.test x"@x.test',
      '"maria"@x.test',
      'a@evil.test@corp.test',
      'maria@x.test\r\nBcc: b@y.test',
      'maria@x.test\n',
      'ma\0ria@x.test',
      'ma\u200bria@x.test',
      'ma\u202eria@x.test',
      '.maria@x.test',
      'maria.@x.test',
      'ma..ria@x.test',
      '@x.test',
      'maria@',
      'maria',
      '',
      '<b>a</b>@x.test',
    ])
      refused(input)
  })

  test('R-080 more than 254 bytes, or 64 before the @, are refused; as many are taken', () => {
    const domain = `${'d'.repeat(60)}.${'d'.repeat(60)}.${'d'.repeat(60)}.test`
    const fits = `${'a'.repeat(64)}@${domain}`.slice(0, 254)
    expect(parseEmailAddress(fits)).not.toBeNull()
    refused(`${'a'.repeat(65)}@x.test`)
    refused(`${'ä'.repeat(33)}@x.test`)
    refused(`${'a'.repeat(64)}@${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(63)}.test`)
  })

  test('R-081 spellings of one address become one: case, white space around it, NFC and NFD, A-labels', () => {
    expect(parseEmailAddress(' User@EXAMPLE.test ')).toBe('user@example.test')
    expect(parseEmailAddress('u\u0308ber@x.test')).toBe(parseEmailAddress('\u00fcber@x.test'))
    expect(parseEmailAddress('maria@BÜCHER.test')).toBe('maria@xn--bcher-kva.test')
    expect(parseEmailAddress('first.last+tag@x.test')).toBe('first.last+tag@x.test')
  })

  test('R-082, V-43 letters that a mail server could fold into ASCII never reach somebody else', () => {
    for (const input of [
      'adm\u0131n@x.test', // dotless i
      'ADM\u0130N@x.test', // dotted I
      '\u212aate@x.test', // Kelvin sign
      '\uff4d\uff41ria@x.test', // full-width letters
      'maria\uff20x.test', // full-width @
      '\ufb01nn@x.test', // ligature
      '\u017fam@x.test', // long s
      'maria@\u212a.test',
      'maria@x\u3002test', // ideographic full stop
    ])
      refused(input)
  })

  test('R-083 a look-alike domain is shown by its A-label', () => {
    const lookalike = parseEmailAddress('maria@p\u0430ypal.test') // Cyrillic а
    expect(lookalike).toMatch(/^maria@xn--/)
    expect(maskEmail(lookalike as NonNullable<typeof lookalike>)).toMatch(/^m•••a@xn--/)
  })

  test('R-084 a domain ends where it ends: no trailing dot, no single label, no number, no address literal', () => {
    for (const input of [
      'x@corp.test.',
      'x@corp',
      'x@127.0.0.1',
      'x@[127.0.0.1]',
      'x@-corp.test',
      'x@corp-.test',
      'x@corp..test',
    ])
      refused(input)
    const address = parseEmailAddress('x@evilcorp.test')
    expect(address && domainOf(address)).toBe('evilcorp.test')
  })

  test('R-158 a hostile text of 100 kB is refused within 50 ms', async () => {
    for (const input of [
      `${'a.'.repeat(50_000)}@x.test`,
      `${'a'.repeat(100_000)}@`,
      '@'.repeat(100_000),
      `a@${'b.'.repeat(50_000)}`,
    ]) {
      expect(await quickestMs(() => refused(input))).toBeLessThan(50)
    }
  })
})
