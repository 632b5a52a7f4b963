import { describe, expect, test } from '@jest/globals'
import { ACR_VALUES, acrOf, acrToTell, askedAcr, levelAsked, levelOfAcr } from '../../src/oidc/acr.ts'

const [ONE = '', TWO = '', THREE = ''] = ACR_VALUES
const claim = (acr: unknown) => ({ claims: JSON.stringify({ id_token: { acr } }) })
const level = (params: Record<string, unknown>) => levelAsked(askedAcr(params))

describe('acr', () => {
  test('R-069 has three levels, and nothing else is one', () => {
    expect(ACR_VALUES).toEqual(['urn:doorward:acr:1', 'urn:doorward:acr:2', 'urn:doorward:acr:3'])
    expect(([1, 2, 3] as const).map(acrOf).map(levelOfAcr)).toEqual([1, 2, 3])
    for (const other of ['urn:doorward:acr:4', 'urn:doorward:acr:', '3', '', undefined, null, 3]) {
      expect([other, levelOfAcr(other)]).toEqual([other, null])
    }
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
    const told = (own: string | undefined, values: string[], essential = true) => acrToTell(own, { values, essential })
    expect(told(THREE, [TWO])).toBe(TWO)
    expect(told(THREE, [ONE, TWO])).toBe(TWO)
    expect(told(THREE, [TWO, THREE])).toBe(THREE)
    expect(told(TWO, ['phr', ONE])).toBe(ONE)
    expect(told(ONE, [TWO, THREE])).toBe(ONE)
    expect(told(undefined, [TWO])).toBeUndefined()
    expect(told(THREE, [TWO], false)).toBe(THREE)
    expect(acrToTell(TWO, null)).toBe(TWO)
  })
})
