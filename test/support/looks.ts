import type { Page } from 'playwright-core'
import { axe, outside } from './browser.ts'

const WIDTHS = [320, 360, 768, 1280]
/** A theme changes colours and nothing else. */
const THEMES = [
  ['light', 'all'],
  ['dark', 'colours'],
] as const
const BYTES_MAX = 30_000

/** What keeps anybody from reading or using this page, in both themes and at any width; none when all is well. */
export async function faultsOf(page: Page): Promise<string[]> {
  const told: string[] = []
  for (const [colorScheme, what] of THEMES) {
    await page.emulateMedia({ colorScheme })
    told.push(...(await axe(page, what)).map((words) => `${colorScheme}: ${words}`))
  }
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 700 })
    told.push(...(await outside(page)).map((words) => `${width} px: ${words}`))
  }
  const filled = await page.locator('main .btn:not(.quiet, .plain):visible').count()
  if (filled > 1) told.push(`${filled} filled buttons`)
  const bytes = await bytesOf(page)
  return bytes < BYTES_MAX ? told : [...told, `${bytes} bytes`]
}

/** Bytes of the page and of everything that it loads, before any compression. */
function bytesOf(page: Page): Promise<number> {
  return page.evaluate(`performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
    .filter(({ initiatorType }) => initiatorType !== 'fetch').reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)`)
}
