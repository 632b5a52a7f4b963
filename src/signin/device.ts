import Bowser from 'bowser'

/** A browser and its system by their product names; `system` is null when it is not known. */
export interface Device {
  readonly browser: string
  readonly system: string | null
}

const USER_AGENT_MAX = 1024
/** What was read is kept, half a megabyte of it at most: whoever asks, asks again, and each reading tries dozens of patterns. */
const KEPT_MAX = 500
const kept = new Map<string, Device | null>()

const PRODUCT = /^[A-Za-z][A-Za-z0-9 .+-]{0,30}$/

/** What a User-Agent says, as far as it names known products; null for all else, so that nobody can write freely. */
export function deviceOf(userAgent: string | undefined): Device | null {
  if (!userAgent || userAgent.length > USER_AGENT_MAX) return null
  const known = kept.get(userAgent)
  if (known !== undefined) return known
  // Whoever makes up one after the other costs others a reading, and no memory.
  if (kept.size >= KEPT_MAX) kept.clear()
  const device = readFrom(userAgent)
  kept.set(userAgent, device)
  return device
}

function readFrom(userAgent: string): Device | null {
  const { browser, os } = Bowser.parse(userAgent)
  if (!browser.name || !PRODUCT.test(browser.name)) return null
  return { browser: browser.name, system: os.name && PRODUCT.test(os.name) ? os.name : null }
}

/** The same in English, for the audit trail: `Firefox on Windows`. */
export function deviceName(userAgent: string | undefined): string {
  const device = deviceOf(userAgent)
  if (!device) return 'Unknown browser'
  return device.system ? `${device.browser} on ${device.system}` : device.browser
}
