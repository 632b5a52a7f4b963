import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'
import { chromiumBinary } from './chromium.ts'

// The package's own list is not used: `--single-process` ends with a second context, and
// `--disable-web-security` would make tests of security worthless.
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A real Chromium. `browser.newContext()` is one person's browser, with its own cookies. */
export async function launchBrowser(): Promise<Browser> {
  const binary = chromiumBinary()
  if (!binary) return chromium.launch({ channel: 'chrome', args: ARGS })
  return chromium.launch({ executablePath: binary.path, args: ARGS, env: { ...environment(), ...binary.env } })
}

const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const COLOUR_RULES = ['color-contrast', 'link-in-text-block']
let axeSource: string | undefined

interface AxeViolation {
  id: string
  impact: string | null
  help: string
  nodes: { target: unknown[]; html: string; failureSummary?: string }[]
}

/**
 * What axe-core finds wrong on the page (WCAG 2.2 A and AA, best practice): one readable text per element,
 * none when all is well; `colours`: only what a theme may change. The script is evaluated, not added to the page, so
 * the page's CSP stays in force.
 */
export async function axe(page: Page, what: 'all' | 'colours' = 'all'): Promise<string[]> {
  axeSource ??= readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(axeSource)
  const runOnly = what === 'all' ? { type: 'tag', values: AXE_TAGS } : { type: 'rule', values: COLOUR_RULES }
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'] })
  const violations: AxeViolation[] = await page.evaluate(`axe.run(document, ${options}).then((found) => found.violations)`)
  return violations.flatMap(({ id, impact, help, nodes }) =>
    nodes.map(({ target, html, failureSummary }) =>
      `${id} (${impact}): ${help}\n  at ${target.join(' ')}: ${html}\n  ${(failureSummary ?? '').replaceAll('\n', '\n  ')}`.trimEnd(),
    ),
  )
}

function environment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** What reaches beyond the sides of the window, or is cut off in its own box. */
export function outside(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const wide = document.documentElement.clientWidth
    const seen = [...document.querySelectorAll('main *')].filter((el) => el.closest('.trap, .sr') === null)
    const found = seen.filter((el) => {
      const { left, right, width } = el.getBoundingClientRect()
      return width > 0 && (left < -0.5 || right > wide + 0.5)
    })
    const scrolls = document.documentElement.scrollWidth > wide ? ['the page scrolls sideways'] : []
    return [...scrolls, ...found.map((el) => el.outerHTML.slice(0, 120))]
  })()`)
}
