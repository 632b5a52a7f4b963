// OpenID Connect Back-Channel Logout 1.0 §2.6: what the provider sends when a session has ended, verified.
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const BODY_MAX = 20_000

/** Reads logout tokens for this application, with the keys that the provider publishes. */
export function createLogoutReader(options: { issuer: string; clientId: string; keys(): Promise<URL> }) {
  let known: ReturnType<typeof createRemoteJWKSet> | undefined

  /** The session that has ended, as the provider calls it; throws where the request is not what it claims to be. */
  return async (request: IncomingMessage): Promise<string> => {
    if (!(Number(request.headers['content-length']) <= BODY_MAX)) throw new Error('the request is too long')
    const token = new URLSearchParams(await text(request)).get('logout_token') ?? ''
    known ??= createRemoteJWKSet(await options.keys())
    const { payload } = await jwtVerify(token, known, {
      issuer: options.issuer,
      audience: options.clientId,
      typ: 'logout+jwt',
      requiredClaims: ['iat', 'exp', 'jti', 'sid'],
    })
    const events = payload.events as Record<string, unknown> | undefined
    if (typeof events?.[EVENT] !== 'object' || 'nonce' in payload) throw new Error('this is no logout token')
    return String(payload.sid)
  }
}
