import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
} from 'openid-client'
import { type AcrNames, levelOfAcr } from '../../oidc/index.ts'
import type { Level } from '../../signin/index.ts'
import { engineFor } from './engine.ts'
import { callbackPath, type Place, signedOutPath } from './place.ts'
import type { Listener } from './self-fetch.ts'
import type { SignedIn } from './session.ts'

/** What must be shown anew before something that matters is done. */
export interface StepUpWish {
  maxAgeSeconds: number
  /** The level that is insisted on; 3 is an authenticator, which is set up on the way by whoever has none. */
  least: Level
  loginHint: string | undefined
}

/** What is kept of a request until its answer comes. */
export interface AskedFor {
  state: string
  nonce: string
  verifier: string
  maxAgeSeconds: number | null
}

/**
 * One of our places as an OpenID Connect client of this very issuer: code flow with PKCE (S256), state, nonce and `iss`
 * (RFC 9207), ID tokens checked by signature. The addresses of the engine are known, so nothing is discovered; its own
 * requests go to this process, which redeems what any instance has issued.
 */
export function createOwnClient(deps: { place: Place; issuer: string; secret: string; listener: Listener; acrNames: AcrNames }) {
  const { place, issuer, acrNames } = deps
  const config = engineFor({ ...deps, id: place.clientId, idTokenAlg: 'ES256', requireAuthTime: true })

  /** A request for `state`: where the browser goes, and what must be known when it is back. */
  async function ask(
    state: string,
    {
      locale,
      stepUp = null,
      otherAccount = false,
    }: { locale: string; stepUp?: StepUpWish | null | undefined; otherAccount?: boolean },
  ): Promise<{ url: string; asked: AskedFor }> {
    const asked = {
      state,
      nonce: randomNonce(),
      verifier: randomPKCECodeVerifier(),
      maxAgeSeconds: stepUp?.maxAgeSeconds ?? place.signInMaxAgeSeconds,
    }
    const least = Math.max(stepUp?.least ?? 1, place.second === 'always' ? 2 : 1)
    const idToken = { sid: null, ...(least > 1 && { acr: { essential: true, values: acrNames.slice(least - 1) } }) }
    const url = buildAuthorizationUrl(config, {
      redirect_uri: `${issuer}${callbackPath(place)}`,
      scope: 'openid',
      state,
      nonce: asked.nonce,
      code_challenge: await calculatePKCECodeChallenge(asked.verifier),
      code_challenge_method: 'S256',
      ui_locales: locale,
      claims: JSON.stringify({ id_token: idToken }),
      ...(otherAccount && { prompt: 'login' }),
      ...(asked.maxAgeSeconds !== null && { max_age: String(asked.maxAgeSeconds) }),
      ...(stepUp?.loginHint && { login_hint: stepUp.loginHint }),
    })
    return { url: url.href, asked }
  }

  /**
   * Redeems the answer. Throws where anything about it is not as it was asked for: state, `iss`, code, nonce, signature,
   * age of the sign-in, or claims that this page cannot do without.
   */
  async function redeem(answer: URL, { state, nonce, verifier, maxAgeSeconds }: AskedFor): Promise<SignedIn> {
    const tokens = await authorizationCodeGrant(config, answer, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
      ...(maxAgeSeconds !== null && { maxAge: maxAgeSeconds }),
    })
    const claims = tokens.claims()
    const level = levelOfAcr(claims?.acr, acrNames)
    const sid = claims?.sid
    if (!tokens.id_token || !claims || !level || typeof sid !== 'string' || claims.auth_time === undefined) {
      throw new Error('the ID token lacks a claim that the page needs')
    }
    const authTime = new Date(claims.auth_time * 1000)
    return { accountId: claims.sub, sid, level, authTime, idToken: tokens.id_token }
  }

  /** RP-Initiated Logout 1.0 §2. */
  function endSessionUrl(idToken: string): string {
    return buildEndSessionUrl(config, {
      id_token_hint: idToken,
      post_logout_redirect_uri: `${issuer}${signedOutPath(place)}`,
    }).href
  }

  return { ask, redeem, endSessionUrl }
}

export type OwnClient = ReturnType<typeof createOwnClient>
