import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { refusals } from '../../src/base/index.ts'
import { createText, type MailName, type ViewName } from '../../src/text/index.ts'
import { mails } from './text-message-samples.ts'
import { assets, pages } from './text-samples.ts'

const viewsDir = join(import.meta.dirname, '../../views')
const warnings: unknown[] = []
const text = createText({ viewsDir, assets, log: { warn: (details: unknown) => warnings.push(details) } })

type Sample = { name: string; shape: string; props: object }
const listed = (all: Record<string, Record<string, object>>): Sample[] =>
  Object.entries(all).flatMap(([name, shapes]) => Object.entries(shapes).map(([shape, props]) => ({ name, shape, props })))
const drawPage = (name: string, props: object, locale: string) => text.page(name as ViewName, props as never, locale)
const drawMail = (name: string, props: object, locale: string) => text.mail(name as MailName, props as never, locale)
const pageSamples = listed(pages)
const mailSamples = listed(mails)
const both = ['en', 'de']
const read = (path: string) => readFileSync(join(viewsDir, path), 'utf8')
const bytesOf = (name: string) => statSync(join(viewsDir, 'assets', name)).size
const compressed = new Map<string, number>()
function compressedBytesOf(name: string): number {
  const bytes = compressed.get(name) ?? brotliCompressSync(readFileSync(join(viewsDir, 'assets', name))).length
  compressed.set(name, bytes)
  return bytes
}

// Props that name a state, and those that do so where they hold a bare word.
const STATES = ['state', 'form', 'reason', 'code', 'error', 'channel', 'after', 'why', 'kind', 'question', 'said', 'type'].concat(
  'role',
  'roles',
  'entry',
  'standing',
  'what',
  'suppressed',
  'current',
  'source',
  'secondFactor',
  'outcome',
  'made',
)
const NAMES = ['key', 'name']

/** The same props with `change` applied to every string that is free text (names of states and codes stay). */
function changed(value: unknown, change: (text: string) => string, key = ''): unknown {
  if (typeof value === 'string')
    return STATES.includes(key) || (NAMES.includes(key) && /^[a-z_.]+$/.test(value)) ? value : change(value)
  if (Array.isArray(value)) return value.map((item) => changed(item, change, key))
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, changed(item, change, name)]))
}

/** The same props with every address that a link leads to changed. */
function led(value: unknown, address: string, key = ''): unknown {
  if (typeof value === 'string') return /url$/i.test(key) ? address : value
  if (Array.isArray(value)) return value.map((item) => led(item, address))
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  const inner = (name: string) => (key === 'urls' ? 'url' : name)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, led(item, address, inner(name))]))
}

describe('pages', () => {
  test.each(both)('each is drawn whole in %s, without gaps, inline style or script', (locale) => {
    for (const { name, shape, props } of pageSamples) {
      const html = drawPage(name, props, locale)
      const where = `${name}/${shape}`
      expect([where, html.match(/undefined|\[object|NaN|Invalid Date|(?<!\\p)\{\w+\}|\{\{|\{%|=>/)]).toEqual([where, null])
      expect([where, html.match(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:/i)]).toEqual([where, null])
      expect(html).toMatch(new RegExp(`^<!doctype html>\n<html lang="${locale}" dir="ltr">`))
      expect([where, html.match(/<h1[ >]/g)?.length]).toEqual([where, 1])
      expect([where, html.match(/href=""|href="#"|action=""/)]).toEqual([where, null])
    }
  })

  // What a library brings comes when a button is pressed, and not with the page.
  // The console's have a style sheet more, and tables: they are as light once the sheets are sent as browsers ask for them.
  test('each with its style sheets stays under 30 kB', () => {
    for (const { name, shape, props } of pageSamples) {
      const html = drawPage(name, props, 'de')
      const sheets = Object.entries(assets).filter(([file, url]) => file !== 'webauthn.js' && html.includes(url))
      const sent = name.startsWith('console-') ? compressedBytesOf : bytesOf
      const bytes = Buffer.byteLength(html) + sheets.reduce((sum, [file]) => sum + sent(file), 0)
      expect([name, shape, bytes < 30_000]).toEqual([name, shape, true])
    }
  })

  test('scripts stay small', () => {
    expect(bytesOf('wait.js')).toBeLessThan(2_304)
    expect(bytesOf('work.js')).toBeLessThan(3_072)
    expect(bytesOf('passkey.js')).toBeLessThan(3_840)
    expect(bytesOf('passkey-field.js')).toBeLessThan(2_304)
  })

  test('the title repeats the heading and names the app; after a mistake it begins with "Error:"', () => {
    const title = (html: string) => /<title>(.*?)<\/title>/.exec(html)?.[1]
    expect(title(text.page('wait', pages.wait.handed as never, 'en'))).toBe('Check your email – Northwind Trading')
    expect(title(text.page('wait', pages.wait.wrong as never, 'en'))).toBe('Error: That code is not right – Northwind Trading')
    expect(title(text.page('identify', pages.identify.wrong as never, 'de'))).toBe('Fehler: Anmelden – Northwind Trading')
    expect(title(text.page('refusal', pages.refusal.notOpen as never, 'en'))).toBe(
      'Error: This sign-in is no longer open here – Doorward',
    )
  })

  test('the waiting page has one filled button, and none for a code that is closed', () => {
    for (const [shape, props] of Object.entries(pages.wait)) {
      const html = text.page('wait', props, 'en')
      expect([shape, (html.match(/class="btn ?"/g) ?? []).length]).toEqual([shape, shape.startsWith('late') ? 0 : 1])
    }
    expect(text.page('wait', pages.wait.closed as never, 'en')).not.toContain('name="code"')
    expect(text.page('wait', pages.wait.long as never, 'en')).toMatch(/name="code"(?![^>]*numeric)[^>]*maxlength="20"/)
  })
})

describe('what people and apps typed', () => {
  const attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>\''
  // Neither an element, nor, in a value without quotes, an attribute.
  function isText(html: string): void {
    expect(html).not.toMatch(/<script>|<img/)
    expect(html.replace(/"[^"]*"/g, '""')).not.toMatch(/<[^<>]*\sonerror=/)
  }

  test.each(both)('R-138 is shown as text wherever it stands, in pages and mails, in %s', (locale) => {
    const add = (value: string) => `${value}${attack}`
    for (const { name, props } of pageSamples) isText(drawPage(name, changed(props, add) as object, locale))
    for (const { name, props } of mailSamples) isText(drawMail(name, changed(props, add) as object, locale).html)
  })

  test('R-003 never becomes a link to a script or to a site without a scheme', () => {
    for (const address of ['javascript:alert(1)', '//evil.example', '/\\evil.example', 'data:text/html,x', ' javascript:x']) {
      for (const { name, props } of pageSamples) {
        const html = drawPage(name, { ...(led(props, address) as object), app: { name: 'A', letter: 'A', url: address } }, 'en')
        expect(html).not.toContain(`href="${address.trim()}`)
      }
    }
  })

  test('R-178 cannot break a subject in two or turn its direction', () => {
    const hostile = { name: 'North\r\nBcc: eve@evil.example\u202e\u2066wind\u0000', letter: 'N' }
    for (const { name, props } of mailSamples) {
      for (const locale of both) {
        const { subject, text: plain, html } = drawMail(name, { ...props, app: hostile }, locale)
        expect(subject).not.toMatch(/[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
        if ('app' in props) expect(subject).toContain('North Bcc: eve@evil.example')
        expect(plain + html).not.toMatch(/[\u202e\u2066\u0000]/)
      }
    }
  })

  test('names that the language of templates or messages knows are only names', () => {
    for (const name of ['{{ app }}', '{% raw %}', '{app}', '<link>x</link>', "it's {", '__proto__', 'constructor']) {
      for (const { name: view, props } of pageSamples) {
        expect(drawPage(view, changed(props, () => name) as object, 'en')).toContain('<h1>')
      }
      const shown = name.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&#39;')
      expect(text.page('gone-on', { app: { name, letter: 'x' }, goOn: null }, 'en')).toContain(
        `<title>You went on in another tab – ${shown}</title>`,
      )
    }
  })
})

describe('mails', () => {
  test.each(both)('each is whole in %s and under 20 kB, and asks for nothing from elsewhere', (locale) => {
    for (const { name, shape, props } of mailSamples) {
      const mail = drawMail(name, props, locale)
      for (const part of [mail.subject, mail.text, mail.html]) {
        expect([name, shape, part.match(/undefined|\[object|NaN|Invalid Date|\{\{|\{%|=>/)]).toEqual([name, shape, null])
      }
      expect(Buffer.byteLength(mail.html)).toBeLessThan(20_000)
      expect(mail.html).not.toMatch(/<script|<img|<link|src=|url\(|@import/i)
      expect(mail.text).not.toMatch(/&#|&amp;|<[a-z]/)
    }
  })

  test('R-068 say app, device, time and how long; the code stands in the body only', () => {
    const { subject, text: plain, html } = text.mail('sign-in', mails['sign-in'].both as never, 'en')
    expect(subject).toBe('Sign in to Northwind Trading')
    for (const part of [plain, html]) {
      for (const fact of ['482 913', 'Firefox on Windows', '21 November 2026, 14:02 UTC', '10 minutes, once', 'Not you?'])
        expect(part).toContain(fact)
    }
    expect(html.slice(0, html.indexOf('<table')).replace(/\D/g, '')).not.toContain('482913')
    expect(plain).toContain('\nhttps://id.northwind.example/sign-in/V1StGXR8Z5jdHi6BmyTzAA/link/u9Jx2vQm7TtYc0Rk5LwZpA\n')
  })

  test('without a code they carry the link alone', () => {
    const { text: plain, html } = text.mail('sign-in', mails['sign-in'].linkOnly as never, 'en')
    for (const part of [plain, html]) expect(part).not.toMatch(/type this code|482/)
    expect(html).toContain('/link/u9Jx2vQm7TtYc0Rk5LwZpA"')
  })
})

describe('languages', () => {
  test('all say the same sentences with the same gaps', () => {
    expect(warnings).toEqual([])
    const leaves = (node: object, path = ''): [string, string][] =>
      Object.entries(node).flatMap(([key, value]) =>
        typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : leaves(value, `${path}${key}.`),
      )
    const gaps = (message: string) => [...new Set(message.match(/(?<=\{)\w+(?=[,}])|<\/\w+>/g) ?? [])].sort()
    const shape = (locale: string) =>
      leaves(JSON.parse(read(`locales/${locale}.json`))).map(([key, message]) => [key, gaps(message)])
    for (const locale of text.locales) expect(shape(locale)).toEqual(shape('en'))
  })

  test('every refusal has its words', () => {
    for (const code of Object.keys(refusals)) {
      for (const locale of text.locales) {
        const html = text.page('refusal', { code, reference: 'DW-7K3M-9QXF', at: new Date(0), retryAt: null, back: null }, locale)
        expect(html).toContain('DW-7K3M-9QXF')
        expect(text.say(`refusal.${code}.heading`, {}, locale)).not.toBe('')
      }
    }
  })

  test('every sentence a template asks for exists; an unknown one is a fault', () => {
    const files = readdirSync(viewsDir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.liquid'))
    for (const file of files) {
      for (const [, key = ''] of read(file).matchAll(/'([\w.-]+\.[\w.-]+|brand)' \| (?:t|rich)\b/g)) {
        expect(() => text.say(key, { tries: 1, minutes: 1, back: 'no', retry: 'no' }, 'de')).not.toThrow(/no message/)
      }
    }
    expect(() => text.say('no.such', {}, 'en')).toThrow('no message no.such')
  })

  test('templates never switch off escaping', () => {
    const files = readdirSync(viewsDir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.liquid'))
    for (const file of files) expect([file, /\|\s*raw\b|\{%-?\s*raw/.test(read(file))]).toEqual([file, false])
  })

  test.each([
    ['de', undefined, 'de'],
    ['fr de-AT-1996 en', undefined, 'de'],
    ['DE_de', 'de;q=0.5, en;q=0.9', 'en'],
    [undefined, 'fr-CH, fr;q=0.9, de;q=0.7, *;q=0.5', 'de'],
    [undefined, 'de;q=0, *', 'en'],
    ['de-x-private', undefined, 'de'],
    ['', '', 'en'],
  ])('ui_locales %p with Accept-Language %p is answered in %s', (uiLocales, acceptLanguage, expected) => {
    expect(text.chooseLocale(uiLocales, acceptLanguage)).toBe(expected)
  })

  test('R-139 a language that is no name of the list is answered in the default one', () => {
    for (const asked of ['../../etc', '__proto__', 'constructor', 'en/../de', `${'a-'.repeat(10_000)}de`, '\u0000de']) {
      expect(text.chooseLocale(asked, asked)).toBe('en')
      expect(text.page('start', { demoUrl: null, inboxUrl: null }, asked)).toContain('<html lang="en"')
    }
  })
})
