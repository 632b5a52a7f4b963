/**
 * What is counted: `email`, `email-day` and `email-known` by address (the last for browsers that signed in as
 * it before), `ip`, `authorize-ip` and `token-ip` by network, `client` by client, `all` for the whole service.
 */
export const limitNames = ['email', 'email-day', 'email-known', 'ip', 'client', 'all', 'authorize-ip', 'token-ip'] as const

export type LimitName = (typeof limitNames)[number]

/** `count` times in a window of `windowSeconds` that begins with the first of them. */
export interface Limit {
  name: LimitName
  count: number
  windowSeconds: number
}

const COUNT_MAX = 1_000_000_000
const WINDOW_SECONDS_MAX = 366 * 86_400
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Reads `email:5/15m`: five in a quarter of an hour. Units are `s`, `m`, `h` and `d`. What is wrong with any
 * other text is said in words for the operator.
 */
export function parseLimit(text: string): { ok: true; limit: Limit } | { ok: false; fault: string } {
  const [, written, digits, amount, unit] = /^([^:/]{1,40}):(\d{1,12})\/(\d{1,9})([a-z])$/.exec(text.trim()) ?? []
  if (written === undefined || unit === undefined) return fault(text, 'is not of the form name:count/window, such as email:5/15m')
  const name = limitNames.find((known) => known === written)
  if (!name) return fault(text, `names no limit; the limits are ${limitNames.join(', ')}`)
  const count = Number(digits)
  if (count < 1 || count > COUNT_MAX) return fault(text, `counts ${count}; it must be from 1 to ${COUNT_MAX}`)
  const unitSeconds = Object.hasOwn(UNIT_SECONDS, unit) ? UNIT_SECONDS[unit] : undefined
  if (unitSeconds === undefined) return fault(text, `has the unit "${unit}"; the units are s, m, h and d`)
  const windowSeconds = Number(amount) * unitSeconds
  if (windowSeconds < 1 || windowSeconds > WINDOW_SECONDS_MAX) return fault(text, 'has a window that is not from 1s to 366d')
  return { ok: true, limit: { name, count, windowSeconds } }
}

function fault(text: string, words: string): { ok: false; fault: string } {
  return { ok: false, fault: `"${text.slice(0, 60)}" ${words}` }
}
