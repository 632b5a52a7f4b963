import * as oidc from 'openid-client'
import { ADMIN_SCOPES } from '../admin/index.ts'
import { type Clock, newSecret } from '../base/index.ts'
import { adminApiId, CLI_CLIENT_ID } from '../clients/index.ts'
import { LOOPBACK_HOSTS } from '../config/index.ts'
import { CommandFault } from './exits.ts'
import { openLoopback } from './loopback.ts'
import { reasonOf } from './remote.ts'
import type { Terminal } from './terminal.ts'

/** A token is asked for anew so long before it ends. */
const EARLY_SECONDS = 30
/** Changes ask for a proof of the last ten minutes: this one is young enough until the token ends. */
const PROOF_SECONDS = 300
const SCOPES = Object.keys(ADMIN_SCOPES).join(' ')

export interface Token {
  value: string
  expiresAt: Date
}

export interface TokenDeps {
  issuer: string
  terminal: Terminal
  clock: Clock
}

/** An origin that tokens and secrets may be sent to: https, or http on this machine. Throws `CommandFault`. */
export function trustedOrigin(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || url.username || url.password || !['http:', 'https:'].includes(url.protocol) || !/^\/?$/.test(url.pathname)) {
    throw new CommandFault('usage', `${name} must be an origin such as https://id.example.com`)
  }
  if (url.protocol === 'http:' && !LOOPBACK_HOSTS.includes(url.hostname)) {
    throw new CommandFault('usage', `${name} must be https: a token would go over the network in the clear`)
  }
  return url.origin
}

/**
 * A token for a machine, by client credentials (RFC 6749 §4.4); asked for anew when it ends. `prove` answers what it proves
 * itself by.
 */
export function machineToken(deps: TokenDeps, clientId: string, prove: () => Promise<oidc.ClientAuth>): () => Promise<string> {
  let kept: Token | null = null
  return async () => {
    if (kept && kept.expiresAt.getTime() > deps.clock.now().getTime() + EARLY_SECONDS * 1000) return kept.value
    const config = await discovered(deps.issuer, clientId, await prove())
    kept = await granted(deps, () => oidc.clientCredentialsGrant(config, { resource: adminApiId(deps.issuer), scope: SCOPES }))
    return kept.value
  }
}

/** A token for the person at this machine, who signs in in a browser (RFC 8252, with PKCE). It is kept nowhere. */
export async function personToken(deps: TokenDeps): Promise<Token> {
  const { issuer, terminal } = deps
  const config = await discovered(issuer, CLI_CLIENT_ID, oidc.None())
  const loopback = await openLoopback()
  try {
    const state = newSecret()
    const verifier = oidc.randomPKCECodeVerifier()
    const url = oidc.buildAuthorizationUrl(config, {
      ...levels(config),
      redirect_uri: loopback.redirectUri,
      scope: `openid ${SCOPES}`,
      resource: adminApiId(issuer),
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      max_age: String(PROOF_SECONDS),
    })
    terminal.err('Sign in in your browser:')
    terminal.err(`  ${url.href}`)
    terminal.browse(url.href)
    const answer = await loopback.answer(state)
    return await granted(deps, () =>
      oidc.authorizationCodeGrant(
        config,
        answer,
        { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true },
        { resource: adminApiId(issuer) },
      ),
    )
  } finally {
    loopback.close()
  }
}

/**
 * The API refuses a proof of one factor, which is all that a remembered browser gives of itself: this is essential (OpenID
 * Connect Core §5.5.1.1). What the levels are called is the issuer's; the lowest one stands first.
 */
function levels(config: oidc.Configuration): Record<string, string> {
  const [, ...enough] = config.serverMetadata().acr_values_supported ?? []
  if (enough.length === 0) return {}
  return { claims: JSON.stringify({ id_token: { acr: { essential: true, values: enough } } }) }
}

async function granted(
  { issuer, clock }: TokenDeps,
  ask: () => Promise<{ access_token: string; expires_in?: number }>,
): Promise<Token> {
  try {
    const { access_token: value, expires_in: seconds = 0 } = await ask()
    return { value, expiresAt: new Date(clock.now().getTime() + seconds * 1000) }
  } catch (cause) {
    throw refused(issuer, cause)
  }
}

/** What the issuer says about itself. */
export async function discovered(issuer: string, clientId: string, auth: oidc.ClientAuth): Promise<oidc.Configuration> {
  const http = new URL(issuer).protocol === 'http:' // on this machine, see `trustedOrigin`
  try {
    return await oidc.discovery(new URL(issuer), clientId, undefined, auth, {
      timeout: 30,
      ...(http ? { execute: [oidc.allowInsecureRequests] } : {}),
    })
  } catch (cause) {
    throw new CommandFault('unreachable', `${issuer} was not reached: ${reasonOf(cause)}`, { cause })
  }
}

/** Words for a refusal of the issuer; what it answered holds no token. */
export function refused(issuer: string, error: unknown): CommandFault {
  if (error instanceof CommandFault) return error
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) {
    const words = error.error_description ? `${error.error}: ${error.error_description}` : error.error
    return new CommandFault('notAllowed', `${issuer} gives no token: ${words}`, { cause: error })
  }
  if (error instanceof oidc.WWWAuthenticateChallengeError) {
    return new CommandFault('notAllowed', `${issuer} gives no token: the client, or its secret, is not known there`, {
      cause: error,
    })
  }
  return new CommandFault('unreachable', `${issuer} gives no token: ${reasonOf(error)}`, { cause: error })
}
