import { randomFrom } from '../../base/index.ts'
import { normalizeCode } from '../derive.ts'

/** Crockford's alphabet: no I, L, O, U, so that it can be read and typed. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUP = 4
const LENGTH = 20
const CODE = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`)
const CODES = 10

/**
 * Ten codes of 100 bits. No two have the same index: one hash finds the code. `draw` answers a random whole number
 * below its limit.
 */
export function newCodes(draw = (limit: number) => randomFrom(0, limit)): string[] {
  const byIndex = new Map<string, string>()
  while (byIndex.size < CODES) {
    const code = Array.from({ length: LENGTH }, () => ALPHABET[draw(ALPHABET.length)]).join('')
    byIndex.set(indexOf(code), code)
  }
  return [...byIndex.values()]
}

/** What was typed as a code of twenty characters; null when it is none. */
export function readCode(typed: string): string | null {
  const text = normalizeCode(typed).replace(/O/g, '0').replace(/[IL]/g, '1')
  return CODE.test(text) ? text : null
}

/** The first of the five groups. It is kept in clear; 80 bits are left. */
export function indexOf(code: string): string {
  return code.slice(0, GROUP)
}

/** As it is shown: `XXXX-XXXX-XXXX-XXXX-XXXX`. */
export function shown(code: string): string {
  return (code.match(/.{4}/g) ?? []).join('-')
}
