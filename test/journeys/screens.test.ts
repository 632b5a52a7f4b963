import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { axe, outside } from '../support/browser.ts'
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
})

/** Bytes of the page and of everything that it loads, before any compression. */
function bytesOf(page: Page): Promise<number> {
  return page.evaluate(`performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
    .filter(({ initiatorType }) => initiatorType !== 'fetch').reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)`)
}
