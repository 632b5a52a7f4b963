import { randomBytes, randomInt } from 'node:crypto'

const BLOCK_BYTES = 4096
let block = Buffer.of()
let taken = 0

/** Bytes of the system's generator, drawn in blocks: each question to it costs ten times what it answers. None is given twice. */
function freshBytes(count: number): Buffer {
  if (taken + count > block.length) {
    block = randomBytes(BLOCK_BYTES)
    taken = 0
  }
  taken += count
  return block.subarray(taken - count, taken)
}

/** A random identifier: 128 bits from the system's generator, 22 characters of base64url. */
export function newId(): string {
  return freshBytes(16).toString('base64url')
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
  let letters = ''
  for (const byte of freshBytes(8)) letters += REFERENCE_ALPHABET[byte % REFERENCE_ALPHABET.length]
  return `DW-${letters.slice(0, 4)}-${letters.slice(4)}`
}

/** A whole number from `min` up to, but not, `limit`; each equally likely. */
export function randomFrom(min: number, limit: number): number {
  return randomInt(min, limit)
}
