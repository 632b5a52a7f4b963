import { type Secrets, sameText } from '../base/index.ts'

const ID_LENGTH = 22
const TOKEN = /^[A-Za-z0-9_-]{54}$/

/**
 * What stands in the mail's link: the notice's id and 192 bits that are derived from it, so that nothing stored opens
 * anything. It is good under every secret that is configured.
 */
export function tokenOf(secrets: Secrets, noticeId: string, secretId = secrets.currentId): string {
  return `${noticeId}${secrets.hmac('notice', noticeId, secretId).subarray(0, 24).toString('base64url')}`
}

/** The notice that a token was made for; null for anything else. Compares in constant time. */
export function readToken(secrets: Secrets, token: string): string | null {
  if (!TOKEN.test(token)) return null
  const noticeId = token.slice(0, ID_LENGTH)
  const right = secrets.ids.filter((secretId) => sameText(tokenOf(secrets, noticeId, secretId), token))
  return right.length > 0 ? noticeId : null
}
