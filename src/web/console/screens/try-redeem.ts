import {
  AuthorizationResponseError,
  authorizationCodeGrant,
  ClientError,
  type Configuration,
  fetchUserInfo,
  ResponseBodyError,
} from 'openid-client'

/** A sign-in that is tried, from its request to its answer. */
export interface TryRun {
  /** The session at the console that began it. */
  sessionId: string
  original: { id: string; name: string }
  copy: { id: string; secret: string }
  idTokenAlg: string
  state: string
  nonce: string
  verifier: string
  /** The request, as it was sent. */
  parameters: Record<string, string>
}

/** What came of it, as far as it came. No token is in it. */
export interface TryResult {
  answer: Record<string, string>
  token: {
    type: string
    expiresIn: number | null
    scope: string
    accessTokenLength: number
    idTokenAlg: string
    kid: string
  } | null
  claims: Record<string, unknown> | null
  userinfo: Record<string, unknown> | null
  /** Where it stopped; null where all went well. */
  problem: string | null
}

/** Does what the application would with this answer: checks it, redeems the code, checks the ID token, asks who it is. */
export async function redeemTry(config: Configuration, answer: URL, run: TryRun): Promise<TryResult> {
  const result: TryResult = {
    answer: Object.fromEntries(answer.searchParams),
    token: null,
    claims: null,
    userinfo: null,
    problem: null,
  }
  try {
    const tokens = await authorizationCodeGrant(config, answer, {
      expectedState: run.state,
      expectedNonce: run.nonce,
      pkceCodeVerifier: run.verifier,
      idTokenExpected: true,
    })
    const claims = tokens.claims() ?? null
    const header = headerOf(tokens.id_token)
    result.claims = claims && { ...claims }
    result.token = {
      type: tokens.token_type,
      expiresIn: tokens.expires_in ?? null,
      scope: tokens.scope ?? run.parameters.scope ?? '',
      accessTokenLength: tokens.access_token.length,
      idTokenAlg: header.alg,
      kid: header.kid,
    }
    if (claims) result.userinfo = { ...(await fetchUserInfo(config, tokens.access_token, claims.sub)) }
  } catch (error) {
    result.problem = problemOf(error)
  }
  return result
}

/** The engine's own words, or the check that failed; nothing of the inside. */
function problemOf(error: unknown): string {
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    return error.error_description ? `${error.error}: ${error.error_description}` : error.error
  }
  if (error instanceof ClientError) return error.message
  throw error
}

// It was checked by then: this only reads which key did it.
function headerOf(idToken: string | undefined): { alg: string; kid: string } {
  const header = JSON.parse(Buffer.from(idToken?.split('.')[0] ?? 'e30', 'base64url').toString('utf8')) as Record<string, unknown>
  return { alg: String(header.alg ?? ''), kid: String(header.kid ?? '') }
}
