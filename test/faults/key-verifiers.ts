import { createLocalJWKSet, createRemoteJWKSet, customFetch, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import { fetchVia, send } from '../support/http.ts'
import type { Service } from '../support/service.ts'

/** Somebody who checks tokens, with a set of keys of their own. Answers why a token was not taken; null where it was. */
export interface Verifier {
  name: string
  check(token: string): Promise<string | null>
}

interface Deps {
  issuer: string
  /** The instance that serves the next fetch. */
  instance(): Service
  /** The moment at the verifier, in milliseconds. */
  now(): number
}

/** As `jose` does it for all who use it: fetched anew when it is ten minutes old, or knows a key not, twice a minute at most. */
export function libraryVerifier(deps: Deps): Verifier {
  const fetching: typeof fetch = (input, init) => fetchVia(deps.instance())(input, init)
  const set = createRemoteJWKSet(new URL(`${deps.issuer}/jwks`), { [customFetch]: fetching })
  return { name: 'library', check: (token) => faultOf(token, set) }
}

/** Keeps the set for as long as `Cache-Control` says, and asks for no other before, whatever key it meets. */
export function stubbornVerifier(deps: Deps & { name: string }): Verifier & { fetches(): number } {
  let kept: { until: number; set: ReturnType<typeof createLocalJWKSet> } | null = null
  let fetches = 0

  async function fetchSet() {
    const at = deps.now()
    const answer = await send(`${deps.issuer}/jwks`, { via: deps.instance() })
    if (answer.status !== 200) throw new Error(`/jwks answers ${answer.status}`)
    fetches += 1
    const maxAge = /max-age=(\d+)/.exec(String(answer.headers['cache-control']))?.[1]
    kept = { until: at + Number(maxAge ?? 0) * 1000, set: createLocalJWKSet(JSON.parse(answer.text) as JSONWebKeySet) }
    return kept.set
  }

  return {
    name: deps.name,
    fetches: () => fetches,
    check: async (token) => faultOf(token, kept && deps.now() < kept.until ? kept.set : await fetchSet()),
  }
}

// At the moment it was signed: what is asked is whether its key is known, not whether it has ended.
async function faultOf(token: string, set: Parameters<typeof jwtVerify>[1] & object): Promise<string | null> {
  const currentDate = new Date(Number(decodeJwt(token).iat) * 1000)
  return jwtVerify(token, set as ReturnType<typeof createLocalJWKSet>, { currentDate }).then(
    () => null,
    (error: Error) => `${error.name}: ${error.message}`,
  )
}
