import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { IntlMessageFormat } from 'intl-messageformat'
import { flatten, readTable } from './message-tables.ts'
import { OWN_COLOURS, readThemeCss, type Shades, type ThemeColour } from './theme-css.ts'

/** What an operator put in front of our own look and words. */
export interface Theme {
  /** Added to the style sheets; null where the theme has none. */
  css: string | null
  /** An SVG picture in the place of our mark and name. */
  logo: string | null
  colours: Record<ThemeColour, Shades>
  /** Sentences by language, in the place of ours. */
  words: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Templates by name (`partials/brand`), in the place of ours. */
  templates: Readonly<Record<string, string>>
}

/** Nothing is changed. */
export const NO_THEME: Theme = { css: null, logo: null, colours: OWN_COLOURS, words: new Map(), templates: {} }

/** The folder cannot be used. Its message holds every fault, a line each, for the operator. */
export class ThemeFault extends Error {
  override name = 'ThemeFault'
}

const LOGO_BYTES_MAX = 32 * 1024
const LOCALE = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/
const EXTENSION = '.liquid'

/**
 * Reads a theme: `theme.css`, `logo.svg`, `locales/<language>.json` (only what is to differ), and templates below
 * `templates/`, each by the name of one of ours. `viewsDir` is what it stands in front of. Throws `ThemeFault` that names
 * all faults at once.
 */
export function readTheme(dir: string, viewsDir: string): Theme {
  const faults: string[] = []
  const told = (file: string) => (fault: string) => void faults.push(`THEME_DIR: ${file}: ${fault}`)
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new ThemeFault(`THEME_DIR is no folder: ${dir}`)
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !/(^|\/)[.]/.test(file) && !isFolder(join(dir, file))) // mounted folders hold hidden ones
    .sort()
  const theme = { ...NO_THEME, words: new Map<string, Map<string, string>>(), templates: {} as Record<string, string> }
  for (const file of files) {
    const fault = told(file)
    const content = contentOf(join(dir, file), fault)
    const [folder, name = ''] = parted(file)
    if (content === null) continue
    if (file === 'theme.css') Object.assign(theme, readCss(content, fault))
    else if (file === 'logo.svg') theme.logo = readLogo(content, fault)
    else if (folder === 'locales' && name.endsWith('.json')) readWords(name.slice(0, -5), content, theme.words, viewsDir, fault)
    else if (folder === 'templates' && name.endsWith(EXTENSION)) {
      if (existsSync(join(viewsDir, name))) theme.templates[name.slice(0, -EXTENSION.length)] = content
      else fault('no template has this name')
    } else fault('is nothing that a theme holds: theme.css, logo.svg, locales/<language>.json, templates/<name>.liquid')
  }
  if (faults.length > 0) throw new ThemeFault(faults.join('\n'))
  return theme
}

function parted(file: string): [string, string] {
  const slash = file.indexOf('/')
  return slash < 0 ? ['', file] : [file.slice(0, slash), file.slice(slash + 1)]
}

type Tell = (fault: string) => void

// A link that leads nowhere or in a circle is none; it is told when it is read.
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

function contentOf(path: string, tell: Tell): string | null {
  try {
    if (statSync(path).isFile()) return readFileSync(path, 'utf8')
    tell('is no file')
  } catch (error) {
    tell(`cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
  return null
}

function readCss(text: string, tell: Tell): Pick<Theme, 'css' | 'colours'> {
  const { css, colours, faults } = readThemeCss(text)
  for (const fault of faults) tell(fault)
  return { css, colours }
}

const SCRIPTS =
  /<(?:[\w.-]+:)?(?:script|foreignObject|iframe|object|embed|handler|listener)\b|\son\w+\s*=|attributeName\s*=\s*["']\s*on|javascript:/i
// What is named by a part of the picture itself, or is a picture within it, needs nothing else.
const ELSEWHERE =
  /(?:href|src)\s*=\s*["'](?!\s*(?:#|data:image\/(?:png|jpeg|gif|webp)[;,]))|url\((?!\s*["']?\s*#)|@import|image-set|attributeName\s*=\s*["']\s*(?:[\w.-]+:)?href/i
// Of entities and escapes a pattern cannot tell what they say.
const VEILED = /&(?!(?:amp|lt|gt|quot|apos);)|\\|<!(?!--|\[CDATA\[)|<\?(?!xml[\s?])/i

// Shown as a picture, where a browser runs nothing of it and fetches nothing for it; refused all the same.
function readLogo(svg: string, tell: Tell): string {
  if (!/^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<svg[\s>]/.test(svg)) tell('is no SVG picture')
  if (Buffer.byteLength(svg) > LOGO_BYTES_MAX) tell(`is larger than ${LOGO_BYTES_MAX / 1024} kB`)
  if (SCRIPTS.test(svg)) tell('holds a script')
  if (ELSEWHERE.test(svg)) tell('fetches something from elsewhere')
  if (VEILED.test(svg)) tell('holds an entity, an escape or an instruction: write letters as they are')
  return svg
}

function readWords(locale: string, json: string, words: Map<string, Map<string, string>>, viewsDir: string, tell: Tell): void {
  const table = tableIn(json, tell)
  if (!LOCALE.test(locale)) tell('its name is no language tag, such as fr or pt-BR')
  const own = readTable(join(viewsDir, 'locales'), 'en')
  for (const [key, sentence] of table) {
    const ours = own.get(key)
    if (ours === undefined) tell(`there is no sentence ${key}`)
    else for (const fault of sentenceFaults(sentence, ours, locale)) tell(`${key} ${fault}`)
  }
  words.set(locale, table)
}

function tableIn(json: string, tell: Tell): Map<string, string> {
  try {
    return flatten(JSON.parse(json))
  } catch (error) {
    tell(`is not readable: ${(error as Error).message}`)
    return new Map()
  }
}

function sentenceFaults(sentence: string, ours: string, locale: string): string[] {
  try {
    const known = gapsOf(ours, 'en')
    return [...gapsOf(sentence, locale)]
      .filter((gap) => !known.has(gap))
      .map(
        (gap) =>
          `speaks of {${gap}}, which it is not told; it may use ${[...known].map((one) => `{${one}}`).join(', ') || 'nothing'}`,
      )
  } catch (error) {
    return [`is no message: ${(error as Error).message.split('\n')[0]}`]
  }
}

// Names of gaps and elements, those within choices too.
function gapsOf(sentence: string, locale: string): Set<string> {
  const found = new Set<string>()
  const look = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return
    const { type, value } = node as { type?: unknown; value?: unknown }
    // The kinds of parts: 0 is plain text and 7 the sign # within a plural.
    if (typeof value === 'string' && typeof type === 'number' && type !== 0 && type !== 7) found.add(value)
    for (const inner of Object.values(node)) look(inner)
  }
  look(new IntlMessageFormat(sentence, locale).getAst())
  return found
}
