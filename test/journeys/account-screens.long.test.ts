import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { faultsOf } from '../support/looks.ts'
import { tourOf, tours } from '../support/screens.ts'
import { openTheatre, type Theatre } from '../support/theatre.ts'

const TOUR_MS = 240_000

let theatre: Theatre

beforeAll(async () => {
  theatre = await openTheatre()
})
afterAll(() => theatre.stop())

describe('every screen of second proofs and of the account page can be read and used by everybody', () => {
  test.each(Object.keys(tours))(
    '%s: both themes, no sideways scrolling from 320 px on, one filled button, and light to load',
    async (tour) => {
      const told: Record<string, string[]> = {}
      let seen = 0
      for await (const { name, page } of tourOf(theatre, tour)) {
        const faults = await faultsOf(page)
        if (faults.length > 0) told[name] = faults
        seen += 1
      }
      expect(told).toEqual({})
      expect(seen).toBeGreaterThan(3)
    },
    TOUR_MS,
  )
})
