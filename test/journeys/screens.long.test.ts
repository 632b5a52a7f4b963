import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { faultsOf } from '../support/looks.ts'
import { screens, walkTo } from '../support/screens.ts'
import { openTheatre, type Theatre } from '../support/theatre.ts'

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
    expect(await faultsOf(page)).toEqual([])
    await page.context().close()
  })
})
