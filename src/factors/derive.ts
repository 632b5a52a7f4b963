import { asciiDigit, type Secrets } from '../base/index.ts'

const SHORT_DIGITS = 6
const SHORT_SPACE = 10 ** SHORT_DIGITS
/** The largest multiple of the space below 2^32: draws above it are thrown away, so that no code is likelier. */
const UNBIASED_BELOW = Math.floor(2 ** 32 / SHORT_SPACE) * SHORT_SPACE

/** Crockford's alphabet: no I, L, O, U, so that it can be read and typed. 12 characters hold 60 bits. */
const LONG_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LONG_LENGTH = 12

/**
 * What a challenge is answered with, derived by HMAC-SHA-256 from its id: every message of one challenge carries the
 * same, and nothing of it is stored or queued. The key comes from one secret by HKDF, apart for each of the three.
 */
export function deriveAnswers(secrets: Secrets, challengeId: string, secretId: string) {
  return {
    /** 192 bits of base64url. */
    link: secrets.hmac('link', challengeId, secretId).subarray(0, 24).toString('base64url'),
    /** Six decimal digits, leading zeros kept. */
    shortCode: shortCodeFrom((message) => secrets.hmac('code', message, secretId), challengeId),
    longCode: longCodeFrom(secrets.hmac('long-code', challengeId, secretId)),
  }
}

/** Six digits without modulo bias: draws 32 bits of `hmac` until they fall below a multiple of a million. */
export function shortCodeFrom(hmac: (message: string) => Buffer, challengeId: string): string {
  for (let round = 0; ; round++) {
    const block = hmac(`${challengeId}/${round}`)
    for (let at = 0; at + 4 <= block.length; at += 4) {
      const draw = block.readUInt32BE(at)
      if (draw < UNBIASED_BELOW) return String(draw % SHORT_SPACE).padStart(SHORT_DIGITS, '0')
    }
  }
}

function longCodeFrom(bytes: Buffer): string {
  return Array.from(bytes.subarray(0, LONG_LENGTH), (byte) => LONG_ALPHABET[byte & 31]).join('')
}

/** Whether a normalized text has the form of one of the two codes. */
export function codeStrength(text: string): 'short' | 'long' | null {
  if (/^\d{6}$/.test(text)) return 'short'
  return text.length === LONG_LENGTH && [...text].every((char) => LONG_ALPHABET.includes(char)) ? 'long' : null
}

/**
 * What people type becomes what was sent: full-width and other digits become ASCII (NFKC), spaces and dashes go,
 * letters are raised, and letters that look like digits are read as such in the long code.
 */
export function normalizeCode(typed: string): string {
  const plain = typed
    .slice(0, 64)
    .normalize('NFKC')
    .replace(/\p{Nd}/gu, asciiDigit)
    .replace(/[\s\p{Pd}\p{Cf}]/gu, '')
    .toUpperCase()
  return plain.length === LONG_LENGTH ? plain.replace(/O/g, '0').replace(/[IL]/g, '1') : plain
}
