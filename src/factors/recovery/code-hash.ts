import { scrypt } from 'node:crypto'
import { newId, sameText } from '../../base/index.ts'

/** RFC 7914. A code holds 80 bits beyond its index, so that a moderate cost is enough: 16 MB, some 50 ms. */
const COST_LOG2 = 14
const BLOCK_SIZE = 8
const HASH_BYTES = 32

/** A code's hash, taken apart: `scrypt$14$<index>$<salt>$<hash>`. */
interface CodeHash {
  index: string
  salt: string
  hash: string
}

/** Hashes a code with a salt of its own. `index` stands in clear, to find it by. */
export async function hashCode(code: string, index: string): Promise<string> {
  const salt = newId()
  return `scrypt$${COST_LOG2}$${index}$${salt}$${await slowHash(code, salt)}`
}

/** Reads what `hashCode` made; null for anything else. */
export function readCodeHash(data: string): CodeHash | null {
  const [scheme, cost, index, salt, hash, ...more] = data.split('$')
  if (scheme !== 'scrypt' || cost !== String(COST_LOG2) || !index || !salt || !hash || more.length > 0) return null
  return { index, salt, hash }
}

/** Whether it is the hash of this code. Takes as long for one that is not. */
export async function isHashOf(stored: CodeHash, code: string): Promise<boolean> {
  return sameText(await slowHash(code, stored.salt), stored.hash)
}

/** What comparing takes, with nothing to compare. */
export async function hashForNothing(code: string): Promise<void> {
  await slowHash(code, 'nobody')
}

function slowHash(code: string, salt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(code, salt, HASH_BYTES, { N: 2 ** COST_LOG2, r: BLOCK_SIZE, p: 1 }, (error, hash) =>
      error ? reject(error) : resolve(hash.toString('base64url')),
    )
  })
}
