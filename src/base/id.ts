import { randomBytes, randomInt } from 'node:crypto'

/** A random identifier: 128 bits from the system's generator, 22 characters of base64url. */
export function newId(): string {
  return randomBytes(16).toString('base64url')
}

/** A random secret: 256 bits, 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

const REFERENCE_ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * A reference that a person can read out to support, such as `DW-7K3M-9QXF`. It names one request in the log;
 * it opens nothing.
 */
export function newReference(): string {
  const letters = Array.from(randomBytes(8), (byte) => REFERENCE_ALPHABET[byte % REFERENCE_ALPHABET.length])
  return `DW-${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}

/** A whole number from `min` up to, but not, `limit`; each equally likely. */
export function randomFrom(min: number, limit: number): number {
  return randomInt(min, limit)
}
