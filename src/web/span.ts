import type { SpanView } from '../text/index.ts'

const DAY_SECONDS = 86_400
/** Up to here people count in hours. */
const HOURS_MAX_SECONDS = 3 * DAY_SECONDS - 1

/** A length of time as pages speak of it: never shorter than it is. */
export function spanOf(seconds: number): SpanView {
  const days = seconds > HOURS_MAX_SECONDS && seconds % DAY_SECONDS === 0
  return days ? { unit: 'days', count: seconds / DAY_SECONDS } : { unit: 'hours', count: Math.ceil(seconds / 3600) }
}
