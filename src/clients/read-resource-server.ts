import { seconds } from '../config/index.ts'
import type { ResourceServer } from './client.ts'
import type { ResourceServerEntry } from './file-shape.ts'
import { resourceFault } from './uris.ts'

const TTL_DEFAULT_SECONDS = 300
const TTL_MIN_SECONDS = 30
// A JWT cannot be called back: it lives at most five minutes. An opaque token ends at once when it is revoked.
const TTL_MAX_SECONDS = { jwt: 300, opaque: 86_400 } as const
const STANDARD_SCOPES = ['openid', 'profile', 'email', 'phone', 'address', 'offline_access']

/** Makes a resource server of an entry whose form is right; notes what may not be. */
export function readResourceServer(entry: ResourceServerEntry, note: (key: string, words: string) => void): ResourceServer {
  const fault = resourceFault(entry.id)
  if (fault) note('id', fault)
  for (const scope of Object.keys(entry.scopes)) {
    // RFC 6749 §3.3
    if (!/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(scope))
      note(`scopes.${scope}`, 'is not a scope: use letters, digits and : . _ / -')
    else if (STANDARD_SCOPES.includes(scope)) note(`scopes.${scope}`, 'is a scope of OpenID Connect and cannot be one of an API')
  }
  const ttlSeconds = entry.access_token_ttl === undefined ? TTL_DEFAULT_SECONDS : (seconds(entry.access_token_ttl) ?? 0)
  const ttlMaxSeconds = TTL_MAX_SECONDS[entry.token_format]
  if (ttlSeconds < TTL_MIN_SECONDS || ttlSeconds > ttlMaxSeconds) {
    note('access_token_ttl', `must be ${TTL_MIN_SECONDS}s to ${ttlMaxSeconds}s for ${entry.token_format} tokens`)
  }
  return {
    id: entry.id,
    name: entry.name ?? entry.id,
    scopes: entry.scopes,
    tokenFormat: entry.token_format,
    signingAlg: entry.signing_alg,
    accessTokenTtlSeconds: ttlSeconds,
  }
}
