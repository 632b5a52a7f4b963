/** A colour by day and by night, as `#rrggbb`. */
export interface Shades {
  light: string
  dark: string
}

const COLOURS = ['accent', 'on-accent', 'focus', 'canvas', 'surface'] as const
const LENGTHS = ['r-s', 'r-m', 'r-arch'] as const

export type ThemeColour = (typeof COLOURS)[number]

/** The product's own colours, as in views/assets/tokens.css; a theme's are judged beside those that it leaves alone. */
export const OWN_COLOURS = {
  accent: { light: '#0b6656', dark: '#7ad6be' },
  'on-accent': { light: '#ffffff', dark: '#04211a' },
  focus: { light: '#0b6656', dark: '#7ad6be' },
  canvas: { light: '#edf1ef', dark: '#0b1110' },
  surface: { light: '#ffffff', dark: '#151c1a' },
} as const satisfies Record<ThemeColour, Shades>

/** What no theme changes and what is read on its colours. */
const INKS = {
  ink: { light: '#12201b', dark: '#e9efec' },
  'ink-2': { light: '#4d5c56', dark: '#a4b2ac' },
  ok: { light: '#1b6b3a', dark: '#86d8a0' },
  warn: { light: '#7d5200', dark: '#edc06c' },
  danger: { light: '#b02318', dark: '#ff9e92' },
} as const

const SHEET = /^\s*@layer\s+theme\s*\{\s*:root\s*\{([^{}]*)\}\s*\}\s*$/
const DECLARATION = /^--([a-z0-9-]+)\s*:\s*(.+)$/s
const SHADES = /^light-dark\(\s*(#[0-9a-f]{6})\s*,\s*(#[0-9a-f]{6})\s*\)$/i
const LENGTH = /^(?:0|\d{1,3}(?:\.\d{1,3})?(?:px|rem))$/
const FONT = /^(?:"[\w -]+"|'[\w -]+'|[\w -]+)(?:\s*,\s*(?:"[\w -]+"|'[\w -]+'|[\w -]+))*$/

const TEXT_CONTRAST_MIN = 4.5 // WCAG 2.2, 1.4.3
const FOCUS_CONTRAST_MIN = 3 // WCAG 2.2, 1.4.11

/**
 * Reads a theme's style sheet: one `@layer theme { :root { … } }` of custom properties that a theme may set, colours as
 * `light-dark(#rrggbb, #rrggbb)`. Answers a sheet made of what was found in order, the colours that hold with it, and every
 * fault in words: what is not allowed, and what could not be read on it by everybody (WCAG 2.2 AA).
 */
export function readThemeCss(text: string): { css: string; colours: Record<ThemeColour, Shades>; faults: string[] } {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, '')
  const body = SHEET.exec(bare)?.[1]
  if (body === undefined)
    return { css: '', colours: OWN_COLOURS, faults: ['holds one `@layer theme { :root { … } }` and nothing else'] }
  const kept: string[] = []
  const faults: string[] = []
  const colours: Record<ThemeColour, Shades> = { ...OWN_COLOURS }
  for (const line of body.split(';').map((part) => part.trim())) {
    if (line === '') continue
    const [, name = '', value = ''] = DECLARATION.exec(line) ?? []
    const fault = name === '' ? `“${line.slice(0, 40)}” is no custom property` : faultOf(name, value.trim())
    if (fault) faults.push(fault)
    else kept.push(`    --${name}: ${value.trim()};\n`)
    if (!fault && isColour(name)) colours[name] = shadesOf(value.trim()) ?? colours[name]
  }
  if (!/--focus\s*:/.test(body)) colours.focus = colours.accent
  // Never the text itself: where a browser sees a comment begin and end is not what a pattern finds.
  const css = `@layer theme {\n  :root {\n${kept.join('')}  }\n}\n`
  return { css, colours, faults: [...faults, ...hardToRead(colours)] }
}

function isColour(name: string): name is ThemeColour {
  return (COLOURS as readonly string[]).includes(name)
}

function faultOf(name: string, value: string): string | null {
  if (isColour(name)) return shadesOf(value) ? null : `--${name} is written light-dark(#rrggbb, #rrggbb)`
  if ((LENGTHS as readonly string[]).includes(name)) return LENGTH.test(value) ? null : `--${name} is a length in px or rem`
  if (name === 'font') return FONT.test(value) ? null : '--font is a list of font names'
  return `--${name} is not for themes; these are: ${[...COLOURS, 'font', ...LENGTHS].map((one) => `--${one}`).join(', ')}`
}

function shadesOf(value: string): Shades | null {
  const [, light, dark] = SHADES.exec(value) ?? []
  return light && dark ? { light: light.toLowerCase(), dark: dark.toLowerCase() } : null
}

function hardToRead(colours: Record<ThemeColour, Shades>): string[] {
  const faults: string[] = []
  for (const shade of ['light', 'dark'] as const) {
    const judge = (front: string, frontColour: Shades, back: ThemeColour, least: number) => {
      const ratio = contrastOf(frontColour[shade], colours[back][shade])
      if (ratio < least)
        faults.push(`${front} on --${back} (${shade}) has a contrast of ${ratio.toFixed(1)}; at least ${least} is needed`)
    }
    for (const back of ['canvas', 'surface'] as const) {
      for (const [name, ink] of Object.entries(INKS)) judge(name, ink, back, TEXT_CONTRAST_MIN)
      judge('--accent', colours.accent, back, TEXT_CONTRAST_MIN)
      judge('--focus', colours.focus, back, FOCUS_CONTRAST_MIN)
    }
    judge('--on-accent', colours['on-accent'], 'accent', TEXT_CONTRAST_MIN)
  }
  return faults
}

/** Contrast of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio). */
function contrastOf(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
