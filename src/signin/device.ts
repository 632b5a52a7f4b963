import Bowser from 'bowser'

const UNKNOWN = 'Unknown browser'

/** Browser and system in a few words, such as `Firefox on Windows`; never anything a client could write freely. */
export function deviceName(userAgent: string | undefined): string {
  if (!userAgent || userAgent.length > 1024) return UNKNOWN
  const { browser, os } = Bowser.parse(userAgent)
  if (!browser.name || !/^[A-Za-z][A-Za-z0-9 .+-]{0,30}$/.test(browser.name)) return UNKNOWN
  return os.name && /^[A-Za-z][A-Za-z0-9 .+-]{0,30}$/.test(os.name) ? `${browser.name} on ${os.name}` : browser.name
}
