import { type Address, type EmailAddress, type PhoneNumber, parseEmailAddress, parsePhoneNumber } from '../../base/index.ts'

/** A provider's name for a message, if it can be one: visible ASCII, 200 characters at most. */
export function receiptIdOf(text: unknown): string | null {
  return typeof text === 'string' && /^[\x21-\x7e]{1,200}$/.test(text) ? text : null
}

/** A mail address as a provider writes it: alone, or `Name <address>`. */
export function emailOf(text: unknown): EmailAddress | null {
  if (typeof text !== 'string' || text.length > 1000) return null
  return parseEmailAddress(/<([^<>]*)>\s*$/.exec(text)?.[1] ?? text)
}

/** A number in international form. */
export function numberOf(text: unknown): PhoneNumber | null {
  const read = typeof text === 'string' ? parsePhoneNumber(text, null) : null
  return read?.outcome === 'fit' ? read.number : null
}

/** A mail address or a number. */
export function addressOf(text: unknown): Address | null {
  return typeof text === 'string' && text.includes('@') ? emailOf(text) : numberOf(text)
}
