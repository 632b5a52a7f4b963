import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { axe } from '../support/browser.ts'
import { screens, walkTo } from '../support/screens.ts'
import { openTheatre, type Theatre } from '../support/theatre.ts'

const WIDTHS = [320, 360, 768, 1280]
const BYTES_MAX = 30_000

let theatre: Theatre

beforeAll(async () => {
  theatre = await openTheatre()
})
afterAll(async () => {
  await theatre.stop()
})

describe('every screen can be read and used by everybody', () => {
  test.each(Object.keys(screens))('%s: both themes, no sideways scrolling from 320 px on, and light to load', async (name) => {
    const page = await walkTo(theatre, name)
    const told: string[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      told.push(...(await axe(page)).map((words) => `${colorScheme}: ${words}`))
    }
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 700 })
      told.push(...(await outside(page)).map((words) => `${width} px: ${words}`))
    }
    expect(told).toEqual([])
    expect(await bytesOf(page)).toBeLessThan(BYTES_MAX)
    await page.context().close()
  })

  test.each([
    'identify',
    'wait-wrong-code',
    'wait-late',
    'link-other',
    'account-switch',
    'consent',
    'refusal-too-many',
    'sign-out',
    'text-late',
    'text-opted-out',
    'untold',
    'second',
    'proof-of-work',
  ])('%s: German words fit at 320 px too', async (name) => {
    const page = await walkTo(theatre, name, { locale: 'de-DE', viewport: { width: 320, height: 700 } })
    expect(await page.locator('html').getAttribute('lang')).toBe('de')
    expect(await outside(page)).toEqual([])
    await page.context().close()
  })
})

/** What reaches beyond the sides of the window, or is cut off in its own box. */
function outside(page: Page): Promise<string[]> {
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

/** Bytes of the page and of everything that it loads, before any compression. */
function bytesOf(page: Page): Promise<number> {
  return page.evaluate(`performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
    .filter(({ initiatorType }) => initiatorType !== 'fetch').reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)`)
}
