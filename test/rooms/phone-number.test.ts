import { describe, expect, test } from '@jest/globals'
import { type CountryCode, getCountries, getExampleNumber } from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import {
  countryOf,
  isCountry,
  lastTwoDigits,
  maskAddress,
  maskPhone,
  type PhoneNumber,
  parsePhoneNumber,
  type ReadPhone,
} from '../../src/base/index.ts'
import { quickestMs } from '../support/quickest.ts'

const MILLISECONDS_MAX = 50

function outcomes(typed: readonly string[], country: string | null = null): [string, ReadPhone['outcome']][] {
  return typed.map((text) => [text, parsePhoneNumber(text, country).outcome])
}

function all<O>(typed: readonly string[], outcome: O): [string, O][] {
  return typed.map((text) => [text, outcome])
}

function numberOf(typed: string, country: string | null = null): PhoneNumber | null {
  const read = parsePhoneNumber(typed, country)
  return read.outcome === 'fit' ? read.number : null
}

describe('a phone number', () => {
  test('R-091 is one number however people write it', () => {
    const spellings: [string, string | null][] = [
      ['+4915123456789', null],
      ['+49 151 23456789', null],
      ['+49 151/2345-6789', null],
      ['+49.151.23456789', null],
      ['+49 – 151 – 23456789', null],
      ['+49−151−23456789', null],
      ['0049 151 23456789', null],
      ['0049 151 23456789', 'US'],
      ['00 49 151 23456789', 'US'],
      ['011 49 151 23456789', 'US'],
      ['+49 (0)151 23456789', null],
      ['0049 (0) 151 23456789', null],
      ['tel:+49-151-23456789', null],
      ['Tel: +49 (0) 151 / 23 45 67 89', null],
      ['0151 23456789', 'DE'],
      ['(0151) 23456789', 'DE'],
      ['  0151-23456789 ', 'DE'],
      ['+49\u00a0151\u202f23456789', null],
      ['\u200e+49 151 23456789\u202c', null],
      ['\u202a+49\u200b151\u00ad23456789\u202c', null],
      ['＋４９（１５１）２３４５６７８９', null],
      ['０１５１２３４５６７８９', 'DE'],
      ['+٤٩ ١٥١ ٢٣٤٥٦٧٨٩', null],
      ['۰۱۵۱۲۳۴۵۶۷۸۹', 'DE'],
      ['०१५१ २३४५६७८९', 'DE'],
    ]
    const read = spellings.map(([typed, country]) => [typed, country, numberOf(typed, country)])
    expect(read).toEqual(spellings.map((spelling) => [...spelling, '+4915123456789']))
  })

  test('is read as people write it in every country', () => {
    const faults = getCountries().flatMap((country) => {
      const example = getExampleNumber(country, examples)
      if (!example) return []
      const international = example.formatInternational()
      const spellings: [string, CountryCode | null][] = [
        [international, null],
        [international.replace('+', '00'), null],
        [example.format('RFC3966'), null],
        [example.formatNational(), country],
      ]
      return spellings.filter(([typed, typedIn]) => numberOf(typed, typedIn) !== example.number)
    })
    expect(faults).toEqual([])
    expect(numberOf('8 916 123-45-67', 'RU')).toBe('+79161234567')
    expect(numberOf('06 12 34 56 78', 'FR')).toBe('+33612345678')
    expect(numberOf('333 1234567', 'IT')).toBe('+393331234567')
    expect(numberOf('(212) 736-5000', 'US')).toBe('+12127365000')
  })

  test('needs its country code where no country is known', () => {
    for (const country of [null, '', 'XX', 'de', '__proto__']) expect(numberOf('0151 23456789', country)).toBeNull()
    expect(numberOf('+49 151 23456789', 'XX')).toBe('+4915123456789')
  })

  test('R-091 that costs the caller more, or cannot belong to a person, is told apart from none', () => {
    const unfit = {
      premium: ['+1 900 234 5678', '+44 909 8790000', '+49 900 1234567'],
      'shared cost': ['+49 180 5123456', '+33 820 123456'],
      'free of charge': ['+1 800 234 5678', '+800 1234 5678'],
      personal: ['+44 70 1234 5678'],
      satellite: ['+881 6 12345678', '+870 773 123456'],
      'international networks': ['+882 16 12345678', '+979 123 456 789'],
      VoIP: ['+44 56 0012 3456', '+33 9 12 34 56 78', '+81 50 1234 5678'],
      pager: ['+44 7640 123456'],
      landline: ['+49 30 901820', '+44 20 7946 0958', '+33 1 42 68 53 00'],
    }
    for (const [kind, typed] of Object.entries(unfit)) expect([kind, outcomes(typed)]).toEqual([kind, all(typed, 'unfit')])
    expect(parsePhoneNumber('0180 5123456', 'DE')).toEqual({ outcome: 'unfit' })
    expect(parsePhoneNumber('+1 201 555 0123', null)).toMatchObject({ outcome: 'fit' })
  })

  test('R-080 is one, and nothing beside it: no letters, extensions, codes or second number', () => {
    const none = [
      '',
      ' ',
      '+',
      '+49',
      '++49 151 23456789',
      '+49 151 23456789 +49 151 23456788',
      '+4915123456789,+4915123456788',
      '0151 23456789 / 0151 23456788',
      '0151 23456789; 0151 23456788',
      '0151 23456789 ext. 5',
      '0151 23456789 x5',
      '0151 23456789#5',
      'tel:+4915123456789;ext=5',
      'tel:+4915123456789;phone-context=+1900',
      'sms:+4915123456789',
      '*31#0151 23456789',
      '0151 CALL ME 9',
      'o151 23456789',
      'my number is 0151 23456789',
      '+49 151 23456789 <b>',
      '0151\u000023456789',
      '0151\r\n23456789',
      '+49 1512345678901234',
      '110',
      '112',
      '123456',
      'maria@fabrikam.example',
    ]
    expect(outcomes(none, 'DE')).toEqual(all(none, 'none'))
    const emergency = ['911', '999', '000']
    expect(outcomes(emergency, 'US')).toEqual(all(emergency, 'none'))
  })

  test(`R-158 is read or refused within ${MILLISECONDS_MAX} ms, whatever is typed`, async () => {
    parsePhoneNumber('+49 151 23456789', null) // the tables are read once
    const hostile = ['1', ' ', '+', '(', '-', '0', '+1 ', '() ', '٣', '\u200e', 'ﷺ', '+49151', '1-'].flatMap((part) =>
      [10_000, 64].flatMap((length) => {
        const run = part.repeat(length).slice(0, length)
        return [run, `+${run}`.slice(0, length), `${run.slice(0, -1)}x`]
      }),
    )
    for (const typed of hostile) {
      const { outcome } = parsePhoneNumber(typed, 'US')
      const ms = await quickestMs(() => parsePhoneNumber(typed, 'US'))
      expect([typed.slice(0, 10), outcome, ms < MILLISECONDS_MAX]).toEqual([typed.slice(0, 10), 'none', true])
    }
  })

  test('R-177 is shown by its country code and its last two digits', () => {
    const number = numberOf('+49 151 23456789')
    if (!number) throw new Error('no number')
    expect([maskPhone(number), maskAddress(number), lastTwoDigits(number)]).toEqual(['+49 •••• 89', '+49 •••• 89', '89'])
  })

  test('knows its country', () => {
    const countries = ['+4915123456789', '+12015550123', '+18765551234', '+77011234567', '+447781123456']
    expect(countries.map((number) => countryOf(number as PhoneNumber))).toEqual(['DE', 'US', 'JM', 'KZ', 'GG'])
    expect(['DE', 'GG', 'de', 'XX', '', 'toString'].map(isCountry)).toEqual([true, true, false, false, false, false])
  })
})
