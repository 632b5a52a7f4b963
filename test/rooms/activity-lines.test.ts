import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { AddressView } from '../../src/accounts/index.ts'
import { TOLD, type ToldEntry } from '../../src/audit/index.ts'
import { type Address, addSeconds } from '../../src/base/index.ts'
import type { Client } from '../../src/clients/index.ts'
import type { Credential } from '../../src/factors/index.ts'
import { createText } from '../../src/text/index.ts'
import { activityLines } from '../../src/web/account/screens/activity-lines.ts'
import { addressRows, adviceOf, codesLeftOf, factorRows, mayAdd } from '../../src/web/account/screens/rows.ts'
import { createAssets } from '../../src/web/assets.ts'

const NOW = new Date('2030-01-01T12:00:00.000Z')
const LATER = addSeconds(NOW, 60)
const views = join(import.meta.dirname, '../../views')
const text = createText({ viewsDir: views, assets: createAssets(join(views, 'assets')).urls })
const clients = {
  find: async (id: string) => (id === 'app' ? ({ id, metadata: { client_name: 'Tasks' } } as unknown as Client) : null),
}

function entry(event: ToldEntry['event'], more: Partial<ToldEntry> = {}): ToldEntry {
  return { id: '1', at: NOW, event, clientId: null, device: 'Firefox on Windows', detail: {}, ...more }
}

describe('what happened, in lines', () => {
  test.each(TOLD)('%s has its sentence in every language', async (event) => {
    const detail = { address: 'm•••a@fabrikam.example', method: 'email', amr: 'email_code' }
    const [line] = await activityLines([entry(event, { clientId: 'app', detail })], { clients, text }, 'en')
    for (const locale of text.locales) {
      const page = text.page('account-activity', { shell: shell(), entries: [line as never], olderUrl: null }, locale)
      expect(page).toContain(event.startsWith('address.') && event !== 'address.kept' ? 'm•••a@fabrikam.example' : '<small>')
      expect(page).not.toContain(`account.activity.${line?.key}`)
    }
  })

  test('an application goes by its name, and by its id once it is registered no more', async () => {
    const lines = await activityLines(
      [entry('sign_in.completed', { clientId: 'app' }), entry('consent.revoked', { clientId: 'gone' })],
      { clients, text },
      'en',
    )
    expect(lines.map(({ values }) => values.app)).toEqual(['Tasks', 'gone'])
  })

  test('a device is told in the language of the person', async () => {
    const words = async (device: string | null, locale: string) =>
      (await activityLines([entry('device.new', { device })], { clients, text }, locale))[0]?.device
    expect(await words('Firefox on Windows', 'en')).toBe('Firefox on Windows')
    expect(await words('Firefox on Windows', 'de')).toBe(
      text.say('device.known', { browser: 'Firefox', system: 'Windows' }, 'de'),
    )
    expect(await words('Unknown browser', 'de')).toBe(text.say('device.unknown', {}, 'de'))
    expect(await words('Curl', 'de')).toBe('Curl')
    expect(await words(null, 'en')).toBeNull()
  })

  test('wrong codes, closed codes and objections are worth a look; a sign-in is not', async () => {
    const warned = await activityLines(
      TOLD.map((event) => entry(event)),
      { clients, text },
      'en',
    )
    expect(TOLD.filter((_, nth) => warned[nth]?.warn)).toEqual([
      'address.died',
      'notice.objected',
      'rescue.completed',
      'rescue.disowned',
      'rescue.shortened',
      'rescue.started',
      'sign_in.code_closed',
      'sign_in.code_wrong',
    ])
  })
})

function shell() {
  const form = { action: '/', csrf: 'x' }
  const places = ['overview', 'methods', 'devices', 'apps', 'activity', 'profile', 'data'] as const
  const urls = Object.fromEntries(places.map((place) => [place, `/${place}`])) as Record<(typeof places)[number], string>
  return {
    name: 'Maria',
    initials: 'M',
    here: 'activity',
    urls,
    now: NOW,
    signOut: form,
    closing: null,
    rescue: null,
    said: null,
  } as const
}

function address(name: string, more: Partial<AddressView> = {}): AddressView {
  const kind = name.startsWith('+') ? 'phone' : 'email'
  const times = { provenAt: NOW, usableFrom: NOW, primaryFrom: null, leavesAt: null, deadSince: null }
  return { ref: `ref-${name}`, kind, address: name as Address, primary: false, ...times, ...more }
}

const form = (action: string) => ({ action, csrf: 'x' })
const canOf = (all: AddressView[]) =>
  addressRows(all, NOW, form).map(({ changeUrl, makePrimaryUrl, removeUrl }) =>
    [changeUrl, makePrimaryUrl, removeUrl].map(Boolean),
  )

describe('addresses in rows', () => {
  test('R-094 the last one that counts and stays offers no removal', () => {
    const one = address('a@x.example', { primary: true })
    expect(canOf([one])).toEqual([[true, false, false]])
    expect(canOf([one, address('b@x.example', { usableFrom: LATER })])[0]).toEqual([true, false, false])
    expect(canOf([one, address('b@x.example', { leavesAt: LATER })])[0]).toEqual([true, false, false])
    expect(canOf([one, address('+4915123456789', { primary: true })])).toEqual([
      [true, false, true],
      [true, false, true],
    ])
  })

  test('while something is to come about one, nothing but stopping it is offered', () => {
    const rows = addressRows(
      [
        address('a@x.example', { primary: true, leavesAt: LATER }),
        address('b@x.example', { primaryFrom: LATER }),
        address('c@x.example', { usableFrom: LATER, primaryFrom: LATER }),
      ],
      NOW,
      form,
    )
    expect(rows.map(({ pending, usableFrom }) => ({ what: pending?.what, keep: pending?.keep.action, usableFrom }))).toEqual([
      { what: 'removal', keep: '/account/addresses/ref-a@x.example/keep', usableFrom: null },
      { what: 'primary', keep: '/account/addresses/ref-b@x.example/keep', usableFrom: null },
      { what: 'primary', keep: '/account/addresses/ref-c@x.example/keep', usableFrom: LATER },
    ])
    for (const row of rows) expect([row.changeUrl, row.makePrimaryUrl, row.removeUrl]).toEqual([null, null, null])
  })

  test('five of a kind are all; numbers only where texts can be sent', () => {
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => address(`${name}@x.example`))
    expect(mayAdd(five.slice(1), 'email', false)).toBe(true)
    expect(mayAdd(five, 'email', true)).toBe(false)
    expect(mayAdd(five, 'phone', true)).toBe(true)
    expect(mayAdd([], 'phone', false)).toBe(false)
  })
})

function credential(kind: string, more: Partial<Credential> = {}): Credential {
  const times = { provenAt: NOW, lastUsedAt: null, createdAt: NOW }
  return { id: `${kind}-1`, kind, data: '', label: 'Phone', counter: 0n, ...times, ...more } as Credential
}

describe('second factors in rows', () => {
  test('R-107 an authenticator that was never proven is none', () => {
    expect(factorRows([credential('totp', { provenAt: null }), credential('recovery')])).toEqual([])
    expect(factorRows([credential('totp')])).toMatchObject([{ name: 'Phone', url: '/account/authenticators/totp-1' }])
  })

  test('recovery codes are counted only where there is something that they can stand for', () => {
    const codes = [credential('recovery'), credential('recovery', { counter: 1n })]
    expect(codesLeftOf(codes, { authenticators: 0 })).toBeNull()
    expect(codesLeftOf([credential('totp'), ...codes], { authenticators: 1 })).toBe(1)
    expect(codesLeftOf([credential('totp')], { authenticators: 1 })).toBe(0)
  })

  test('R-092 a text as the only way in, and codes that run low, are said', () => {
    const email = [address('a@x.example')]
    expect(adviceOf([address('+4915123456789')], 0, NOW)).toBe('only_texts')
    expect(adviceOf([address('+4915123456789'), address('a@x.example', { usableFrom: LATER })], null, NOW)).toBe('only_texts')
    expect(adviceOf(email, 2, NOW)).toBe('codes_low')
    expect(adviceOf(email, 3, NOW)).toBeNull()
    expect(adviceOf(email, null, NOW)).toBeNull()
  })
})
