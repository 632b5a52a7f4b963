import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { outside } from '../support/browser.ts'
import { tourOf, tours, walkTo } from '../support/screens.ts'
import { openTheatre, type Theatre } from '../support/theatre.ts'

let theatre: Theatre

beforeAll(async () => {
  theatre = await openTheatre()
})
afterAll(async () => {
  await theatre.stop()
})

describe('words of another language find room', () => {
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

  test.each(Object.keys(tours))(
    '%s: German words fit at 320 px too',
    async (tour) => {
      const told: Record<string, string[]> = {}
      for await (const { name, page } of tourOf(theatre, tour, { locale: 'de-DE', viewport: { width: 320, height: 700 } })) {
        expect(await page.locator('html').getAttribute('lang')).toBe('de')
        const found = await outside(page)
        if (found.length > 0) told[name] = found
      }
      expect(told).toEqual({})
    },
    240_000,
  )
})
