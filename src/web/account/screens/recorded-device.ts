import type { Text } from '../../../text/index.ts'

const UNKNOWN = 'Unknown browser'
const KNOWN = /^(.+) on (.+)$/

/** A device as it was recorded, in the person's language. The trail speaks English: `Firefox on Windows`. */
export function recordedDevice(text: Pick<Text, 'say'>, recorded: string | null, locale: string): string {
  if (!recorded || recorded === UNKNOWN) return text.say('device.unknown', {}, locale)
  const [, browser, system] = KNOWN.exec(recorded) ?? []
  return browser && system ? text.say('device.known', { browser, system }, locale) : recorded
}
