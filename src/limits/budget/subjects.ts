import { type Clock, countryOf, type PhoneNumber, type Secrets } from '../../base/index.ts'
import type { Budget, CapName } from '../../config/index.ts'
import type { SpendCap } from './store.ts'

const PREFIX_OPEN_DIGITS = 4
const HOUR_MS = 3_600_000

/** What a text to one number is counted on, narrowest first: the order in which locks are taken. */
export interface Subjects {
  country: string
  caps: readonly (SpendCap & { name: CapName })[]
  /** Country and prefix. */
  tallyIds: readonly [country: string, prefix: string]
}

/** Names the counters. Numbers and prefixes stand in them as keyed hashes, under the newest secret. */
export function createSubjects(deps: { secrets: Pick<Secrets, 'hmac'>; budget: Budget }) {
  const { secrets, budget } = deps
  const hashed = (kind: string, value: string) =>
    `${kind}:${secrets.hmac('limit-subject', `spend-${kind}\n${value}`).toString('base64url')}`
  const cap = (name: CapName, id: string) => ({ name, id, capMicros: budget[name] })

  return {
    /** The caps that need no number. */
    anybody: (clientId: string) => [cap('client', `client:${clientId}`), cap('all', ALL)],
    /** A number is counted apart for browsers that signed in with it: strangers cannot use up its day (R-063). */
    of(number: PhoneNumber, clientId: string, knownBrowser: boolean): Subjects {
      const country = countryOf(number)
      const prefix = hashed('prefix', number.slice(0, -PREFIX_OPEN_DIGITS))
      return {
        country,
        caps: [
          cap('number', hashed(knownBrowser ? 'number-known' : 'number', number)),
          cap('prefix', prefix),
          cap('client', `client:${clientId}`),
          cap('country', countryId(country)),
          cap('all', ALL),
        ],
        tallyIds: [countryId(country), prefix],
      }
    },
  }
}

/** The counter of all texts. */
export const ALL = 'all'

/** The counter and the tally of a country. */
export function countryId(country: string): string {
  return `country:${country}`
}

/** The day (UTC) that money is counted on, the hour that texts are tallied in, and the minute of that hour. */
export function momentOf(clock: Clock): { day: string; hour: Date; minuteOfHour: number } {
  const now = clock.now()
  return {
    day: now.toISOString().slice(0, 10),
    hour: new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS),
    minuteOfHour: now.getUTCMinutes(),
  }
}
