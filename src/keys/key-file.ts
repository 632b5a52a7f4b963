import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { ALGS, type SigningAlg } from './signing-key.ts'

/** The keys of a file, private parts included, or all that is wrong with it. */
export type KeyFileResult = { ok: true; keys: JWK[] } | { ok: false; faults: string[] }

const RSA_BITS_MIN = 2048
// Each sign-in waits for signatures, and the time of one grows with the cube of the bits.
const RSA_BITS_MAX = 8192
// FIPS 186-5 §A.1.1. With 1 a signature is what was signed: whoever can read could sign.
const RSA_EXPONENT_MIN = 65_537n
const MEMBERS: Readonly<Record<'EC' | 'RSA', readonly string[]>> = {
  EC: ['crv', 'x', 'y', 'd'],
  RSA: ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'],
}

/**
 * Reads a private JWK Set (RFC 7517 §5): keys for ES256 and RS256, each with its private part. The first of each algorithm
 * signs, the others are published. A `kid` that is missing is the thumbprint (RFC 7638). No fault repeats a key.
 */
export async function readKeyFile(text: string): Promise<KeyFileResult> {
  const set = parsed(text)
  const list = isObject(set) && Array.isArray(set.keys) ? (set.keys as unknown[]) : null
  if (!list) return { ok: false, faults: ['is no JWK Set: a JSON object with a list `keys` (RFC 7517)'] }
  const faults: string[] = []
  const keys: JWK[] = []
  for (const [at, entry] of list.entries()) {
    const read = await readKey(entry)
    if ('key' in read) keys.push(read.key)
    else faults.push(...read.faults.map((words) => `key ${at + 1}: ${words}`))
  }
  const kids = keys.map(({ kid }) => kid)
  const twice = new Set(kids.filter((kid, at) => kids.indexOf(kid) !== at))
  for (const kid of twice) faults.push(`the kid ${JSON.stringify(kid)} stands there twice`)
  if (faults.length === 0) {
    for (const alg of ALGS) if (!keys.some((key) => key.alg === alg)) faults.push(`holds no key for ${alg}`)
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, keys }
}

/**
 * What is wrong with keys that borrow a name: a `kid` stands for one key for ever, since whoever checks tokens keeps keys by it.
 * `known` holds the thumbprint (RFC 7638) of the key that each `kid` has stood for.
 */
export async function borrowedKids(keys: readonly JWK[], known: ReadonlyMap<string, string>): Promise<string[]> {
  const named = await Promise.all(keys.map(async (key) => ({ kid: String(key.kid), is: await calculateJwkThumbprint(key) })))
  return named
    .filter(({ kid, is }) => (known.get(kid) ?? is) !== is)
    .map(({ kid }) => `the kid ${JSON.stringify(kid)} stands for another key: give the new one another kid`)
}

async function readKey(entry: unknown): Promise<{ key: JWK } | { faults: string[] }> {
  if (!isObject(entry)) return { faults: ['is no object'] }
  const { kty, use, alg, kid } = entry
  if (kty === 'oct') return { faults: ['is symmetric: whoever could check a token could make one'] }
  if (kty !== 'EC' && kty !== 'RSA') return { faults: ['kty must be EC or RSA'] }
  const faults: string[] = []
  const fits: SigningAlg = kty === 'EC' ? 'ES256' : 'RS256'
  if (kty === 'EC' && entry.crv !== 'P-256') faults.push('crv must be P-256')
  if (alg !== undefined && alg !== fits) faults.push(`alg must be ${fits}`)
  if (use !== undefined && use !== 'sig') faults.push('use must be sig')
  if (kid !== undefined && !(typeof kid === 'string' && /^[\x21-\x7e]{1,200}$/.test(kid)))
    faults.push('kid must be visible ASCII')
  const missing = MEMBERS[kty].filter((member) => typeof entry[member] !== 'string' || entry[member] === '')
  if (missing.length > 0) faults.push(`lacks ${missing.join(', ')}${missing.includes('d') ? ': the private part is needed' : ''}`)
  if (faults.length > 0) return { faults }
  const bare = Object.fromEntries(['kty', ...MEMBERS[kty]].map((member) => [member, entry[member]])) as unknown as JWK
  const broken = faultOf(bare)
  if (broken) return { faults: [broken] }
  return { key: { ...bare, kid: typeof kid === 'string' ? kid : await calculateJwkThumbprint(bare), use: 'sig', alg: fits } }
}

/** What is wrong with the key itself. Its halves are tried against one another. */
function faultOf(jwk: JWK): string | null {
  try {
    const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...half } = jwk
    const privateKey = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    const publicKey = createPublicKey({ key: half, format: 'jwk' })
    const { modulusLength: bits = RSA_BITS_MIN, publicExponent = RSA_EXPONENT_MIN } = publicKey.asymmetricKeyDetails ?? {}
    if (bits < RSA_BITS_MIN) return `has ${bits} bits: at least ${RSA_BITS_MIN} are needed`
    if (bits > RSA_BITS_MAX) return `has ${bits} bits: at most ${RSA_BITS_MAX} can be used`
    if (publicExponent < RSA_EXPONENT_MIN)
      return `has the public exponent ${publicExponent}: at least ${RSA_EXPONENT_MIN} is needed`
    const probe = Buffer.from('doorward')
    return verify('sha256', probe, publicKey, sign('sha256', probe, privateKey)) ? null : 'its two halves do not fit together'
  } catch {
    return 'is damaged'
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
