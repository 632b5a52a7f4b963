import { describe, expect, test } from '@jest/globals'
import {
  type AcrNames,
  acrKept,
  acrToTell,
  askedAcr,
  levelAsked,
  levelKept,
  levelOfAcr,
  PHISHING_RESISTANT,
} from '../../src/oidc/acr.ts'

const NAMES: AcrNames = ['bronze', 'urn:example:silver', 'gold']
const [ONE, TWO, THREE] = NAMES
const claim = (acr: unknown) => ({ claims: JSON.stringify({ id_token: { acr } }) })
const level = (params: Record<string, unknown>) => levelAsked(askedAcr(params), NAMES)

describe('acr', () => {
  test('R-069 has three levels, by the names that were given them, and nothing else is one', () => {
    expect(NAMES.map((name) => levelOfAcr(name, NAMES))).toEqual([1, 2, 3])
    for (const other of ['urn:doorward:acr:3', 'silver', '3', '', undefined, null, 3]) {
      expect([other, levelOfAcr(other, NAMES)]).toEqual([other, null])
    }
  })

  test('a session keeps its level under names that no setting changes', () => {
    expect(([1, 2, 3] as const).map(acrKept)).toEqual(['urn:doorward:acr:1', 'urn:doorward:acr:2', 'urn:doorward:acr:3'])
    expect(([1, 2, 3, 4] as const).map(acrKept).map(levelKept)).toEqual([1, 2, 3, 4])
    expect([levelKept('gold'), levelKept(undefined)]).toEqual([null, null])
  })

  test('R-032 by acr_values the preferred one is wished for; unknown ones are passed over', () => {
    expect(level({ acr_values: `${THREE} ${TWO}` })).toEqual({ level: 3, essential: false })
    expect(level({ acr_values: `urn:mace:incommon:iap:silver ${TWO} ${THREE}` })).toEqual({ level: 2, essential: false })
    for (const nothing of [{}, { acr_values: '' }, { acr_values: 'phr' }, { acr_values: ONE }, { acr_values: ['x'] }]) {
      expect([nothing, level(nothing)]).toEqual([nothing, null])
    }
  })

  test('R-032 of essential values any one will do, so that the lowest must be reached', () => {
    expect(level(claim({ essential: true, values: [THREE, TWO] }))).toEqual({ level: 2, essential: true })
    expect(level(claim({ essential: true, values: ['phr', THREE] }))).toEqual({ level: 3, essential: true })
    expect(level(claim({ essential: true, values: [ONE] }))).toBeNull()
    expect(level(claim({ essential: false, values: [THREE] }))).toEqual({ level: 3, essential: false })
    for (const nothing of [null, undefined, { essential: true }]) expect(level(claim(nothing))).toBeNull()
  })

  test('R-032 what is essential is not undercut by acr_values beside it', () => {
    const essential = claim({ essential: true, values: [THREE] })
    expect(level({ ...essential, acr_values: ONE })).toEqual({ level: 3, essential: true })
    expect(level({ ...claim({ values: [THREE] }), acr_values: TWO })).toEqual({ level: 2, essential: false })
  })

  test('R-032 whoever insists on some values is told one of them, and never more than was proven', () => {
    const told = (own: 1 | 2 | 3 | 4, values: string[], essential = true) => acrToTell(acrKept(own), { values, essential }, NAMES)
    expect(told(3, [TWO])).toBe(TWO)
    expect(told(3, [ONE, TWO])).toBe(TWO)
    expect(told(3, [TWO, THREE])).toBe(THREE)
    expect(told(2, ['phr', ONE])).toBe(ONE)
    expect(told(1, [TWO, THREE])).toBe(ONE)
    expect(told(3, [TWO], false)).toBe(THREE)
    expect(acrToTell(undefined, { values: [TWO], essential: true }, NAMES)).toBeUndefined()
    expect(acrToTell(acrKept(2), null, NAMES)).toBe(TWO)
    expect(told(4, [TWO])).toBe(TWO)
  })

  test('passkeys are called by their standard name where they are on offer, and else as the highest level there is', () => {
    const all: AcrNames = [...NAMES, PHISHING_RESISTANT]
    expect([acrToTell(acrKept(4), null, all), acrToTell(acrKept(4), null, NAMES)]).toEqual(['phr', THREE])
    expect(levelAsked(askedAcr({ acr_values: 'phrh phr' }), all)).toEqual({ level: 4, essential: false })
  })
})
