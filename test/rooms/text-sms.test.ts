import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createText, type NoticeKind, type Sms } from '../../src/text/index.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { texts } from './text-message-samples.ts'
import { assets } from './text-samples.ts'

const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets })
const samples = Object.entries(texts).flatMap(([name, shapes]) =>
  Object.values(shapes).map((props) => ({ name: name as keyof Sms, props: props as Sms['sign-in'] })),
)
const signIn = texts['sign-in'].short as Sms['sign-in']

// 3GPP TS 23.038 §6.2.1, written out as code points so that it is not the table under test.
const BASIC_POINTS = [
  0x40, 0xa3, 0x24, 0xa5, 0xe8, 0xe9, 0xf9, 0xec, 0xf2, 0xc7, 0x0a, 0xd8, 0xf8, 0x0d, 0xc5, 0xe5, 0x394, 0x5f, 0x3a6, 0x393,
  0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0xc6, 0xe6, 0xdf, 0xc9, 0xa4, 0xa1, 0xc4, 0xd6, 0xd1, 0xdc, 0xa7, 0xbf, 0xe4,
  0xf6, 0xf1, 0xfc, 0xe0,
]
const EXTENDED = /[\f^{}\\[~\]|€]/

function septets(message: string): number {
  return [...message].reduce((sum, char) => {
    const point = char.codePointAt(0) as number
    const basic = BASIC_POINTS.includes(point) || (point >= 0x20 && point <= 0x7a && !/[$@`[\\\]^_]/.test(char))
    if (!basic && !EXTENDED.test(char)) throw new Error(`${JSON.stringify(char)} is not in the alphabet`)
    return sum + (basic ? 1 : 2)
  }, 0)
}

const named = (name: string, locale = 'en', more: Partial<Sms['sign-in']> = {}) =>
  text.sms('sign-in', { ...signIn, ...more, app: { name, letter: 'x' } }, locale)
const shown = (name: string, locale = 'en') => /^(.*?): \d{6} /s.exec(named(name, locale))?.[1]

/** Names of every length from everything that people and attackers write; the same ones on every run. */
function* names(): Generator<string> {
  const alphabet = [
    ..."abcXYZ019 .-&'@#/:{}[]|~^\\€$_\n\r\t\u0000äÄßçÇéñøłŞığ",
    ...'ΑαΔδЖжשע漢字가ไทยनम\u0301\u202e\u200b\u00a0…„“’–—½№ﬁ３Ａ．。٣',
    ...['👩‍👩‍👧', '🇩🇪', '\ud800', '.com', 'http://', 'www.', '123456', ' is your code'],
  ]
  let seed = 7
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let length = 0; length < 400; length++)
    yield Array.from({ length: length % 130 }, () => alphabet[next(alphabet.length)]).join('')
  for (const char of alphabet) yield char.repeat(200)
}

describe('text messages', () => {
  test('R-068 the last line is the one that phones fill in: host without port, and the code', () => {
    for (const code of ['482913', 'K7M2QX9RT4WA']) {
      for (const locale of text.locales) {
        const lines = named('Northwind Trading', locale, { code, host: 'id.northwind.example:8443' }).split('\n')
        expect(lines.slice(1)).toEqual(['', `@id.northwind.example #${code}`])
        expect(lines[0]).toContain(`Northwind Trading: ${code} `)
      }
    }
    expect(named('Northwind Trading', 'de')).toBe(
      'Northwind Trading: 482913 ist Ihr Code, gültig 10 Minuten. Nennen Sie ihn niemandem.\n\n@id.northwind.example #482913',
    )
    expect(named('Northwind Trading', 'en', { minutes: 1 })).toContain('good for 1 minute. Tell it to no one.')
  })

  test('whatever the app is called, each is one part of at most 160 characters of the alphabet', () => {
    for (const name of names()) {
      for (const locale of text.locales) {
        for (const { name: message, props } of samples) {
          const drawn = text.sms(message, { ...props, app: { name, letter: 'x' } }, locale)
          expect([name, septets(drawn) <= 160]).toEqual([name, true])
          expect([name, drawn.startsWith(':') || drawn.includes('undefined')]).toEqual([name, false])
          if ('code' in props) expect(drawn.endsWith(`\n\n@id.northwind.example #${props.code}`)).toBe(true)
          else expect(drawn.replace(/ https:.*$/, '')).not.toMatch(/[\n@#/]/)
        }
      }
    }
  })

  test('R-178 no name becomes a link, a number to call, a second code or a second last line', () => {
    const hostile = [
      'evil.com',
      'http://evil.com/x?y',
      'evil。com',
      'evil．com',
      'evil․com',
      'evil.\u200bcom',
      'evil .com',
      'Visit\n\n@evil.com #000000',
      'eve@evil.com',
      'www.evil.com',
      '10.0.0.1',
      '+1 (900) 555-1234',
      '000000 is your code',
      '<a href=//evil.com>Bank</a>',
      '\u202emoc.live',
    ]
    for (const name of [...hostile, ...names()]) {
      for (const locale of text.locales) {
        const drawn = named(name, locale)
        const [first = '', ...rest] = drawn.split('\n')
        expect([name, first.match(/[\p{L}\d]\.[\p{L}\d]|[@#/\\<>_]|\.\.|(?<!\S)\./u)]).toEqual([name, null])
        expect([name, first.replace('482913', '').match(/\d(?:[ &'.-]*\d){4}/)]).toEqual([name, null])
        expect(rest).toEqual(['', '@id.northwind.example #482913'])
      }
    }
    expect(shown('evil.com')).toBe('evil com')
    expect(shown('Visit\n\n@evil.com #000000')).toBe('Visit evil com')
  })

  test.each([
    ['Müller & Söhne', 'Müller & Söhne'],
    ['Café Zoë', 'Café Zoe'],
    ['Łódź Şişli Ægir', 'Lodz Sisli Ægir'],
    ['L’Étoile – Paris', "L'Étoile - Paris"],
    ['Ｎｏｒｔｈ ３', 'North 3'],
    ['St. Pauli Inc.', 'St. Pauli Inc.'],
    ['Booking.com', 'Booking com'],
    ['7-Eleven', '7-Eleven'],
    ['Shop 🛒!', 'Shop'],
    ['Кафе Nord', 'Nord'],
    ['Яндекс', 'Doorward'],
    ['Δρόμος', 'Doorward'],
    ['日本語', 'Doorward'],
    [" .-&' ", 'Doorward'],
    ['', 'Doorward'],
  ])('the name %p reads %p', (name, expected) => {
    expect(shown(name)).toBe(expected)
  })

  test('a long name ends with a whole word; a single one is cut', () => {
    const long = 'International Northwind Trading Company of Hamburg and Rotterdam'
    const short = shown(long) as string
    expect(long.startsWith(`${short} `)).toBe(true)
    expect(short.length).toBeGreaterThan(25)
    expect(shown('Ab'.repeat(100))).toMatch(/^(?:Ab){14,30}A?$/)
  })

  test('a host that leaves no room costs the last line, never the code', () => {
    const drawn = named('Northwind Trading', 'de', { host: `${'a'.repeat(120)}.example`, code: 'K7M2QX9RT4WA' })
    expect(drawn).toBe('Northwind Trading: K7M2QX9RT4WA ist Ihr Code, gültig 10 Minuten. Nennen Sie ihn niemandem.')
  })

  test('those that carry no code say what is true, and no more', () => {
    expect(text.sms('no-account', { app: signIn.app }, 'en')).toBe(
      'Northwind Trading: There is no account here for this number. Perhaps you used another. Nobody has been signed in.',
    )
    expect(text.sms('account-closed', { app: signIn.app }, 'no-such')).toBe(
      'Northwind Trading: The account of this number is closed or suspended. Nobody has been signed in.',
    )
  })

  test('R-178, R-184 each kind of news is one part with its whole link, and names nothing that anybody typed', () => {
    const token = 'u9Jx2vQm7TtYc0Rk5LwZpA8sHdQ2mN4bxY-_0Rk5LwZpA8sHdQ2mN4'
    for (const locale of text.locales) {
      const { sms } = JSON.parse(readFileSync(join(import.meta.dirname, `../../views/locales/${locale}.json`), 'utf8'))
      for (const kind of Object.keys(sms.notice) as NoticeKind[]) {
        for (const length of [8, 20, 30, 50]) {
          const link = `https://${'i'.repeat(length)}.example.com/n/${token}`
          const drawn = text.sms('notice', { kind, link }, locale)
          expect([kind, septets(drawn) <= 160, drawn.endsWith(` ${link}`)]).toEqual([kind, true, true])
          if (length === 8 && !kind.includes('dead')) expect(drawn).toContain(sms.notice[kind].replace('{app}', 'Doorward'))
        }
        expect(text.sms('notice', { kind, link: null }, locale)).toBe(sms.notice[kind].replace('{app}', 'Doorward'))
      }
    }
    const link = `https://${'i'.repeat(150)}.example.com/n/${token}`
    expect(text.sms('notice', { kind: 'rescue_started', link }, 'en')).toBe('Doorward: A rescue of your account has started.')
  })

  test('a language that the alphabet cannot write is answered in English; what counts double is counted double', async () => {
    const folder = await tempFolder('texts')
    mkdirSync(join(folder, 'locales'))
    const write = (locale: string, sentence: string) =>
      writeFileSync(
        join(folder, 'locales', `${locale}.json`),
        JSON.stringify({ brand: 'Doorward', sms: { 'sign-in': sentence } }),
      )
    write('en', '{app}: {code} is your code.')
    write('el', '{app}: {code} είναι ο κωδικός σας.')
    write('fr', '{app} : {code} est votre code, reçu “ici” – à ne pas répéter.')
    write('xx', `{app}: {code} ${'€'.repeat(45)}`)
    const other = createText({ viewsDir: folder, assets: {} })
    const first = (locale: string, name: string) =>
      other.sms('sign-in', { ...signIn, app: { name, letter: 'x' } }, locale).split('\n')[0]
    expect(first('el', 'Ledgerly')).toBe('Ledgerly: 482913 is your code.')
    expect(first('fr', 'Ledgerly')).toBe('Ledgerly : 482913 est votre code, recu "ici" - à ne pas répéter.')
    expect(first('xx', 'Northwind Trading International Company')).toBe(`Northwind Trading: 482913 ${'€'.repeat(45)}`)
  })
})
