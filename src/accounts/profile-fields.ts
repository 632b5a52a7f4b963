import { z } from 'zod'
import type { PROFILE_CLAIMS } from './claims.ts'

/** Standard claims that a person may write (OpenID Connect Core §5.1). */
export type ProfileClaim = (typeof PROFILE_CLAIMS)[number]

/** How a field is typed: whatever one likes, an address on the web, a day or a year, a time zone of the IANA database. */
export type ProfileFieldType = 'text' | 'url' | 'date' | 'timezone'

const CHARACTERS_MAX = 200
// Controls, line breaks, and what turns the direction of the words around it; lone surrogates cannot be stored.
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u

const line = z
  .string()
  .normalize('NFC')
  .trim()
  .refine((text) => !UNSEEN.test(text))
  .refine((text) => [...text].length <= CHARACTERS_MAX)

// As it was understood, so that nobody understands it otherwise.
const webAddress = line.refine(isWebAddress).transform((text) => new URL(text).href)

const zones = new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])
const timeZone = line.refine((text) => zones.has(text))

/** What each type takes, as it is kept. `today` is the present day in UTC, as in `2030-01-31`. */
export function shapeOf(type: ProfileFieldType, today: string): z.ZodType<string, string> {
  const shapes = { text: line, url: webAddress, timezone: timeZone, date: line.refine((text) => isBirthdate(text, today)) }
  return z.literal('').or(shapes[type])
}

export function typeOf(claim: ProfileClaim): ProfileFieldType {
  if (claim === 'profile' || claim === 'picture' || claim === 'website') return 'url'
  if (claim === 'birthdate') return 'date'
  return claim === 'zoneinfo' ? 'timezone' : 'text'
}

/** `http` or `https`, whole, and with nobody's password in it. */
function isWebAddress(text: string): boolean {
  const url = /^https?:\/\/[^\s\\]+$/i.test(text) ? URL.parse(text) : null
  return url !== null && url.hostname !== '' && url.username === '' && url.password === ''
}

/** OpenID Connect Core §5.1: a day, a year alone, or a day of the year 0000, which leaves the year out. */
function isBirthdate(text: string, today: string): boolean {
  if (/^\d{4}$/.test(text)) return text >= '1000' && text <= today.slice(0, 4)
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const day = new Date(`${text}T00:00:00Z`)
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
  return exists && (text.startsWith('0000-') || (text >= '1000' && text <= today))
}
