import { choice, duration, durationWords, listOf, quoted, seconds } from './kinds.ts'
import type { Fault, Parsed, Setting, SettingOptions, SettingsTable } from './setting.ts'

/** A level of assurance; `phr` is 4. */
type LevelNumber = 1 | 2 | 3 | 4

/** By level, how long after the start of a rescue nobody who came back by it is taken at that level, or above it. */
export type DelayByLevel = Readonly<Partial<Record<LevelNumber, number>>>

/** What the settings say of getting back in after a second factor was lost. */
export interface RescueConfig {
  readonly rescue: 'on' | 'off'
  readonly rescueDelaySeconds: number
  /** Where the browser is a remembered one of the account. */
  readonly rescueDelayKnownSeconds: number
  /** How long after the wait. */
  readonly rescueWindowSeconds: number
  readonly rescueLockSeconds: number
  readonly rescueEnds: 'sessions' | 'all'
  readonly rescueClaimSeconds: number
  readonly rescueDelayByLevel: DelayByLevel
  /** How soon one may open that an administrator begins or shortens. */
  readonly rescueAdminMinSeconds: number
}

const LEVELS: Readonly<Record<string, LevelNumber>> = { 1: 1, 2: 2, 3: 3, phr: 4 }
const BY_LEVEL_MAX_SECONDS = 90 * 86_400

/** Getting back in after a second factor was lost. */
export const rescueSettings = {
  rescue: choice({
    name: 'RESCUE',
    group: 'Sign-in',
    help: 'Whether a person who lost their second factor gets back in by their email address after a wait. `off`: only by recovery codes and by administrators; those that wait go on waiting and open nothing meanwhile.',
    default: 'on',
    of: ['on', 'off'],
  }),
  rescueDelaySeconds: duration({
    name: 'RESCUE_DELAY',
    group: 'Sign-in',
    help: 'That wait. Meanwhile the person is told on every channel and can stop it: it is the time in which the owner notices a thief.',
    default: '48h',
    min: '1h',
    max: '30d',
    applies: 'those begun from now on',
  }),
  rescueDelayKnownSeconds: duration({
    name: 'RESCUE_DELAY_KNOWN',
    group: 'Sign-in',
    help: 'The wait where it is begun in a browser that the account remembers as its own. Never longer than `RESCUE_DELAY`.',
    default: null,
    defaultWords: '`RESCUE_DELAY`',
    min: '1h',
    max: '30d',
    applies: 'those begun from now on',
  }),
  rescueWindowSeconds: duration({
    name: 'RESCUE_WINDOW',
    group: 'Sign-in',
    help: 'How long after the wait another factor can be set up.',
    default: '24h',
    min: '1h',
    max: '7d',
    applies: 'those begun from now on',
  }),
  rescueLockSeconds: duration({
    name: 'RESCUE_LOCK',
    group: 'Sign-in',
    help: 'How long no other can be begun after its owner said that it was not them.',
    default: '14d',
    min: '1d',
    max: '90d',
    applies: 'those stopped from now on',
  }),
  rescueEnds: choice({
    name: 'RESCUE_ENDS',
    group: 'Sign-in',
    help: 'What ends when somebody got back in so: their sessions, or also the access that applications keep without one.',
    default: 'all',
    of: ['sessions', 'all'],
  }),
  rescueClaimSeconds: duration({
    name: 'RESCUE_CLAIM',
    group: 'Sign-in',
    help: 'How long afterwards applications are told so, in the claim `recovered_at`; `0` for never.',
    default: '30d',
    min: '0s',
    max: '365d',
  }),
  rescueDelayByLevel: delayByLevel({
    name: 'RESCUE_DELAY_BY_LEVEL',
    group: 'Sign-in',
    help: 'Longer waits, from the start of the rescue, before somebody who got back in so is taken at a level of assurance, or above it: `3=96h phr=7d`. An application may have one of its own (`rescue_delay`).',
    default: null,
    defaultWords: 'none',
    applies: 'also those who got back in before',
    example: '3=96h phr=7d',
  }),
  rescueAdminMinSeconds: duration({
    name: 'RESCUE_ADMIN_MIN',
    group: 'Sign-in',
    help: 'The least wait where an administrator begins or shortens a rescue. The person is told at once on every channel, and can stop it in that time.',
    default: '1h',
    min: '15m',
    max: '30d',
    applies: 'those begun or shortened from now on',
  }),
} satisfies SettingsTable

/** What is worked out from other settings. */
export function settledRescue(draft: {
  rescueDelaySeconds: number | null
  rescueDelayKnownSeconds: number | null
  rescueDelayByLevel: DelayByLevel | null
}) {
  return {
    rescueDelayKnownSeconds: draft.rescueDelayKnownSeconds ?? draft.rescueDelaySeconds ?? 0,
    rescueDelayByLevel: draft.rescueDelayByLevel ?? {},
  }
}

/** Where these settings are wrong together. */
export function rescueContradictions(config: Pick<RescueConfig, 'rescueDelaySeconds' | 'rescueDelayKnownSeconds'>): Fault[] {
  const { rescueDelaySeconds, rescueDelayKnownSeconds } = config
  // A delay that is at fault is null, and has been told.
  if (rescueDelaySeconds === null || rescueDelayKnownSeconds <= rescueDelaySeconds) return []
  const words = `must not be longer than RESCUE_DELAY (${durationWords(rescueDelaySeconds)})`
  return [{ name: 'RESCUE_DELAY_KNOWN', words }]
}

/** `level=duration` parts; a level is 1, 2, 3 or `phr`. */
function delayByLevel<const D extends string | null>(options: SettingOptions<D>): Setting<DelayByLevel, D> {
  const parse = (text: string): Parsed<DelayByLevel> => {
    const value: Partial<Record<LevelNumber, number>> = {}
    const faults = listOf(text).flatMap((part) => {
      const [name = '', written = '', ...more] = part.split('=')
      const level = Object.hasOwn(LEVELS, name) ? LEVELS[name] : undefined
      const count = seconds(written)
      if (level === undefined || count === null || more.length > 0) return [`${quoted(part)} is no wait; write one as phr=7d`]
      if (count < 1 || count > BY_LEVEL_MAX_SECONDS)
        return [`the wait of ${name} must be 1s to ${durationWords(BY_LEVEL_MAX_SECONDS)}`]
      if (value[level] !== undefined) return [`names ${name} twice`]
      value[level] = count
      return []
    })
    return faults.length > 0 ? { faults } : { value }
  }
  return { ...options, kind: 'list', unit: 'level=duration …; levels 1, 2, 3, phr', secret: false, parse }
}
