import { createHmac } from 'node:crypto'
import { sameText } from '../base/index.ts'

/** What signs cookies, in the form that `cookies` asks of its `keys`. */
export interface CookieKeys {
  sign(data: string): string
  verify(data: string, signature: string): boolean
  /** Which of the keys made this signature; -1 for none. What an older one made is signed anew. */
  index(data: string, signature: string): number
}

/**
 * Signs as `keygrip` does, which Koa takes by itself: HMAC-SHA-1, base64url. That one compares by two further HMACs under
 * a new random key, which costs ten times as much; here the comparison takes constant time by itself.
 *
 * @param keys newest first, at least one
 */
export function createCookieKeys(keys: readonly string[]): CookieKeys {
  const signed = (data: string, key: string) => createHmac('sha1', key).update(data).digest('base64url')
  const index = (data: string, signature: string) => keys.findIndex((key) => sameText(signed(data, key), signature))
  const [newest] = keys
  if (newest === undefined) throw new Error('no key signs cookies')
  return { sign: (data) => signed(data, newest), verify: (data, signature) => index(data, signature) >= 0, index }
}
