import { type Address, type Secrets, sameText } from '../base/index.ts'

const TAGS_MAX = 5
const TAG = /^[A-Za-z0-9_-]{22}$/

/**
 * Which addresses a browser has signed in with before. The cookie holds keyed hashes only; it gives no rights: it
 * merely counts this browser apart from strangers, so that they cannot lock anybody out.
 */
export function createKnownBrowsers(secrets: Secrets) {
  const tagOf = (address: Address, secretId: string) =>
    secrets.hmac('known-browser', address, secretId).subarray(0, 16).toString('base64url')
  const tagsIn = (cookie: string | undefined) =>
    (cookie ?? '')
      .split('.')
      .filter((tag) => TAG.test(tag))
      .slice(0, TAGS_MAX)

  return {
    /** Whether this browser has signed in with the address. */
    knows(cookie: string | undefined, address: Address): boolean {
      const tags = tagsIn(cookie)
      return secrets.ids.some((id) => tags.some((tag) => sameText(tag, tagOf(address, id))))
    },
    /** The cookie's new value after a sign-in with the address: newest first, five at most. */
    remember(cookie: string | undefined, address: Address): string {
      const tag = tagOf(address, secrets.currentId)
      return [tag, ...tagsIn(cookie).filter((other) => other !== tag)].slice(0, TAGS_MAX).join('.')
    },
  }
}

export type KnownBrowsers = ReturnType<typeof createKnownBrowsers>
