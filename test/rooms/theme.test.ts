import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createText, type Mails, readTheme, type Views } from '../../src/text/index.ts'
import { createAssets } from '../../src/web/assets.ts'
import { launch } from '../faults/fault-tools.ts'
import { freshDatabase } from '../support/database.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { mails } from './text-message-samples.ts'
import { pages } from './text-samples.ts'

const VIEWS = join(import.meta.dirname, '../../views')
const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>'
const BLUE =
  '@layer theme { :root { --accent: light-dark(#1d4ed8, #93c5fd); --on-accent: light-dark(#ffffff, #0b1a3a); --r-arch: 1rem; } }'

async function themeOf(files: Record<string, string>): Promise<string> {
  const dir = await tempFolder('theme')
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true })
    await writeFile(join(dir, file), content)
  }
  return dir
}

const faultsOf = async (files: Record<string, string>): Promise<string[]> => {
  const dir = await themeOf(files)
  try {
    readTheme(dir, VIEWS)
    return []
  } catch (error) {
    return (error as Error).message.split('\n')
  }
}

async function drawnWith(files: Record<string, string>) {
  const theme = readTheme(await themeOf(files), VIEWS)
  const assets = createAssets(join(VIEWS, 'assets'), theme)
  const warnings: unknown[] = []
  const text = createText({ viewsDir: VIEWS, assets: assets.urls, theme, log: { warn: (told: unknown) => warnings.push(told) } })
  return { text, assets, warnings }
}

const linkEnded = (name = 'Northwind') => ({ ...pages['link-ended'].replaced, app: { name, letter: 'N' } }) as Views['link-ended']

describe('a theme', () => {
  test('puts a logo, colours and words in the place of ours, on pages and in mails', async () => {
    const { text, assets } = await drawnWith({
      'theme.css': BLUE,
      'logo.svg': LOGO,
      'locales/en.json': JSON.stringify({ brand: 'Acme ID', 'signed_out.heading': 'See you' }),
    })
    expect(assets.urls['logo.svg']).toMatch(/^\/assets\/logo-[0-9a-f]{12}\.svg$/)
    expect(text.say('brand', {}, 'en')).toBe('Acme ID')
    const mail = text.mail('notice', mails.notice.codes as Mails['notice'], 'en')
    expect(mail.html).toContain('#1d4ed8')
    expect(mail.html).not.toContain('#0b6656')
    const page = text.page('link-ended', linkEnded(), 'en')
    expect(page).toContain(`<img src="${assets.urls['logo.svg']}" alt="Acme ID"`)
  })

  test('adds no request: its style sheet comes with the one that every page has, under a new name', async () => {
    const plain = createAssets(join(VIEWS, 'assets'))
    const { assets } = await drawnWith({ 'theme.css': BLUE })
    expect(Object.keys(assets.urls)).toEqual(Object.keys(plain.urls))
    expect(assets.urls['tokens.css']).not.toBe(plain.urls['tokens.css'])
    expect(assets.urls['app.css']).toBe(plain.urls['app.css'])
  })

  test('what is served is what was judged, wherever a browser sees a comment or a string end', async () => {
    const hidden = '"/*\n"; } } body { color: red } @layer theme { :root { --y: */Acme Sans", sans-serif'
    const theme = readTheme(await themeOf({ 'theme.css': `@layer theme { :root { --r-s: 1px; --font: ${hidden}; } }` }), VIEWS)
    expect(theme.css).toBe('@layer theme {\n  :root {\n    --r-s: 1px;\n    --font: "Acme Sans", sans-serif;\n  }\n}\n')
  })

  test('brings a language of its own; English stands in for what it lacks', async () => {
    const { text, warnings } = await drawnWith({ 'locales/fr.json': JSON.stringify({ common: { continue: 'Continuer' } }) })
    expect(text.locales).toContain('fr')
    expect(text.chooseLocale(undefined, 'fr-CA,fr;q=0.9')).toBe('fr')
    expect(text.say('common.continue', {}, 'fr')).toBe('Continuer')
    expect(text.say('common.close_page', {}, 'fr')).toBe('You can close this page.')
    expect(warnings).toContainEqual(expect.objectContaining({ locale: 'fr' }))
  })

  test('a template of its own that cannot be drawn is told, and ours is shown', async () => {
    const { text, warnings } = await drawnWith({
      'templates/partials/brand.liquid': '<b>{{ nothing_of_this_name }}</b>',
    })
    expect(text.page('link-ended', linkEnded(), 'en')).toContain('<svg viewBox="0 0 32 32"')
    expect(warnings).toContainEqual(expect.objectContaining({ template: 'link-ended' }))
  })

  test('R-138 a template of its own escapes what people and applications write', async () => {
    const { text } = await drawnWith({ 'templates/link-ended.liquid': '<p>{{ app.name }}</p>' })
    const page = text.page('link-ended', linkEnded('<script>alert(1)</script>'), 'en')
    expect(page).not.toContain('<script>')
    expect(page).toContain('&lt;script&gt;')
  })
})

describe('a theme that cannot be used', () => {
  test.each([
    ['--ink: light-dark(#000000, #ffffff);', /--ink is not for themes/],
    ['--accent: #ff0000;', /--accent is written light-dark/],
    ['--font: url(https://fonts.example/f.woff2);', /--font is a list of font names/],
    ['--font: "Acme;', /--font is a list of font names/],
    ['--r-s: calc(1px + 1px);', /--r-s is a length/],
    ['--accent: light-dark(#ffd400, #7ad6be);', /--accent on --surface \(light\) has a contrast of 1\.\d; at least 4\.5/],
    ['--focus: light-dark(#eeeeee, #7ad6be);', /--focus on --canvas \(light\) .*at least 3 /],
    ['--surface: light-dark(#888888, #151c1a);', /ink-2 on --surface \(light\)/],
    ['color: red;', /is no custom property/],
  ])('%s is refused', async (line, fault) => {
    const faults = await faultsOf({ 'theme.css': `@layer theme { :root { ${line} } }` })
    expect(faults).toContainEqual(expect.stringMatching(fault))
  })

  test.each([
    ['rules of its own', '@layer theme { :root { --r-s: 1px; } } .door { display: none }'],
    ['an import', '@import url(https://evil.example/x.css); @layer theme { :root { } }'],
    ['another layer', '@layer parts { :root { --r-s: 1px; } }'],
  ])('a style sheet with %s is refused', async (_name, css) => {
    expect(await faultsOf({ 'theme.css': css })).toEqual([expect.stringMatching(/theme.css: holds one @layer|holds one `@layer/)])
  })

  test('a logo may speak of its own parts, hold pictures, and look otherwise by night', async () => {
    const logo = `<?xml version="1.0"?>\n<!-- Acme --><svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">
      <style><![CDATA[@media (prefers-color-scheme: dark) { path { fill: url(#dark) } }]]></style><title>Acme &amp; Co</title>
      <path id="a" d="M0 0h8"/><use x:href="#a"/><image href="data:image/png;base64,AAAA"/></svg>`
    expect(await faultsOf({ 'logo.svg': logo })).toEqual([])
  })

  test('a folder that Kubernetes mounts is one: links into a hidden folder, and names by their places', async () => {
    const dir = await themeOf({ '..2026_11_22/theme.css': BLUE, '..2026_11_22/locales/fr.json': '{ "brand": "Acme" }' })
    for (const [link, to] of [['..data', '..2026_11_22'], ...['theme.css', 'locales'].map((one) => [one, `..data/${one}`])])
      await symlink(to as string, join(dir, link as string))
    const theme = readTheme(dir, VIEWS)
    expect([theme.css, theme.words.get('fr')?.get('brand')]).toEqual([expect.stringContaining('#1d4ed8'), 'Acme'])
  })

  test('a link that leads nowhere, or in a circle, is a fault like any other', async () => {
    const dir = await themeOf({ 'style.css': '' })
    await symlink('nowhere.svg', join(dir, 'logo.svg'))
    await symlink('theme.css', join(dir, 'theme.css'))
    expect(() => readTheme(dir, VIEWS)).toThrow(
      /^THEME_DIR: logo.svg: cannot be read: ENOENT\nTHEME_DIR: style.css: is nothing .*\nTHEME_DIR: theme.css: cannot be read: ELOOP$/,
    )
  })

  test.each([
    ['a script', LOGO.replace('<rect', '<script>alert(1)</script><rect'), /holds a script/],
    [
      'a script under another name',
      LOGO.replace('<rect', '<s:script xmlns:s="http://www.w3.org/2000/svg"/><rect'),
      /holds a script/,
    ],
    ['a script that comes later', LOGO.replace('<rect', '<set attributeName="onclick" to="alert(1)"/><rect'), /holds a script/],
    ['a picture beside it', LOGO.replace('<rect', '<image href="/account"/><rect'), /from elsewhere/],
    ['a picture by an entity', LOGO.replace('<rect', '<image href="&#104;ttps://evil.example/x.png"/><rect'), /an entity/],
    [
      'a style that fetches',
      LOGO.replace('<rect', '<style>rect { fill: url(https://evil.example/x) }</style><rect'),
      /elsewhere/,
    ],
    ['a style that fetches by an escape', LOGO.replace('<rect', '<style>@\\69mport "//evil.example"</style><rect'), /an escape/],
    ['a reference that comes later', LOGO.replace('<rect', '<set attributeName="href" to="//evil.example"/><rect'), /elsewhere/],
    ['a picture from elsewhere', LOGO.replace('<rect', '<image href="https://evil.example/x.png"/><rect'), /from elsewhere/],
    ['no picture', 'hello', /is no SVG/],
    ['too much', LOGO.replace('</svg>', `${' '.repeat(40_000)}</svg>`), /larger than 32 kB/],
  ])('a logo with %s is refused', async (_name, logo, fault) => {
    expect(await faultsOf({ 'logo.svg': logo })).toContainEqual(expect.stringMatching(fault))
  })

  test('tells every fault of every file at once', async () => {
    const faults = await faultsOf({
      'style.css': '',
      'locales/en.json': JSON.stringify({ nonsense: 'x', 'identify.heading': 'Sign in to {place}', brand: '{' }),
      'locales/no_tag.json': '{}',
      'templates/nowhere.liquid': '',
    })
    expect(faults).toEqual([
      expect.stringMatching(/locales\/en.json: there is no sentence nonsense/),
      expect.stringMatching(/identify.heading speaks of \{place\}, which it is not told; it may use \{app\}/),
      expect.stringMatching(/brand is no message/),
      expect.stringMatching(/no_tag.json: its name is no language tag/),
      expect.stringMatching(/style.css: is nothing that a theme holds/),
      expect.stringMatching(/nowhere.liquid: no template has this name/),
    ])
  })

  test('ends a start with those lines, and the database is as it was', async () => {
    const dir = await themeOf({ 'theme.css': 'body { color: red }', 'more.txt': '' })
    const [port] = await freePorts(3)
    const started = launch({
      ...{ PORT: String(port), OPS_PORT: String(Number(port) + 2), DATA_DIR: await tempFolder('themed') },
      ...{ DATABASE_URL: await freshDatabase(), ISSUER: `http://localhost:${port}`, THEME_DIR: dir },
    })
    expect(await started.ended).toBe(1)
    expect(started.output().split('\n')).toEqual(
      expect.arrayContaining([expect.stringMatching(/THEME_DIR: more.txt/), expect.stringMatching(/THEME_DIR: theme.css/)]),
    )
  })
})
