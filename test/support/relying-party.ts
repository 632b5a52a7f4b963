import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import * as client from 'openid-client'
import { freePorts } from './ports.ts'
import { tempFolder } from './temp-folder.ts'

/** What one sign-in brought to the relying party. */
export interface Received {
  idToken: client.IDToken
  userinfo: client.UserInfoResponse
  tokens: client.TokenEndpointResponse
}

/** A relying party on `http://127.0.0.1:<port>`: another site than the issuer on `localhost`. */
export interface RelyingParty {
  url: string
  redirectUri: string
  clientId: string
  clientSecret: string | null
  /** Its entry for the clients file. */
  clientMetadata(more?: Record<string, unknown>): Promise<Record<string, unknown>>
  /** The newest sign-in. Throws where there was none. */
  last(): Received
  /** `openid-client`'s configuration: discovered at the first need, for further requests of a test. */
  configuration(): Promise<client.Configuration>
  /** Tells it how far the issuer's clock was moved, in all. */
  setClock(seconds: number): void
  stop(): Promise<void>
}

export interface RelyingPartyOptions {
  /** Asked for at the first request, so that a relying party can be there before its issuer. */
  issuer: string | (() => string)
  clientId: string
  /** `null` makes it a public client; without it one is made up. */
  clientSecret?: string | null
  scope?: string
  /** To send its own requests to one of two instances. */
  customFetch?: client.CustomFetch
}

interface Pending {
  verifier: string
  nonce: string
}

/** Starts a relying party written with `openid-client`: code flow with PKCE, state and nonce. */
export async function startRelyingParty(options: RelyingPartyOptions): Promise<RelyingParty> {
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const redirectUri = `${url}/callback`
  const clientSecret = options.clientSecret === undefined ? randomBytes(32).toString('base64url') : options.clientSecret
  const pending = new Map<string, Pending>() // by session cookie and state: a browser may have several tabs
  let clockSeconds = 0
  let discovered: Promise<client.Configuration> | null = null
  let received: Received | null = null

  function configuration(): Promise<client.Configuration> {
    discovered ??= discover(options, clientSecret, clockSeconds).catch((error: unknown) => {
      discovered = null
      throw error
    })
    return discovered
  }

  async function login(asked: URL, session: string): Promise<string> {
    const verifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const nonce = client.randomNonce()
    pending.set(`${session} ${state}`, { verifier, nonce })
    const parameters = {
      redirect_uri: redirectUri,
      scope: options.scope ?? 'openid email profile',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...Object.fromEntries(asked.searchParams),
    }
    return client.buildAuthorizationUrl(await configuration(), parameters).href
  }

  async function callback(answered: URL, session: string): Promise<Received> {
    const key = `${session} ${answered.searchParams.get('state')}`
    const expected = pending.get(key)
    if (!expected) throw new Error('this browser has not asked for this answer')
    pending.delete(key)
    const config = await configuration()
    const tokens = await client.authorizationCodeGrant(config, answered, {
      pkceCodeVerifier: expected.verifier,
      expectedNonce: expected.nonce,
      expectedState: answered.searchParams.get('state') ?? '',
      idTokenExpected: true,
    })
    const idToken = tokens.claims() as client.IDToken
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, idToken.sub)
    return { idToken, userinfo, tokens }
  }

  async function logout(): Promise<string> {
    const hint = received ? { id_token_hint: received.tokens.id_token ?? '' } : {}
    return client.buildEndSessionUrl(await configuration(), { post_logout_redirect_uri: `${url}/signed-out`, ...hint }).href
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = new URL(request.url ?? '/', url)
    const known = /(?:^|; )rp=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
    const session = known ?? randomBytes(16).toString('base64url')
    if (!known) response.setHeader('set-cookie', `rp=${session}; HttpOnly; SameSite=Lax; Path=/`)
    if (asked.pathname === '/login') return redirect(response, await login(asked, session))
    if (asked.pathname === '/logout') return redirect(response, await logout())
    if (asked.pathname === '/signed-out') return page(response, 'Signed out', '<p id="signed-out">Signed out.</p>')
    if (asked.pathname !== '/callback') return page(response, 'Relying party', '<a id="login" href="/login">Sign in</a>')
    received = await callback(asked, session)
    page(
      response,
      'Signed in',
      `<pre id="claims">${asHtml(JSON.stringify(received, null, 2))}</pre><a id="logout" href="/logout">Sign out</a>`,
    )
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.statusCode = 400
      page(
        response,
        'Error',
        `<pre id="error">${asHtml(JSON.stringify(describe(error), null, 2))}</pre><a id="login" href="/login">Sign in</a>`,
      )
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })

  return {
    url,
    redirectUri,
    clientId: options.clientId,
    clientSecret,
    clientMetadata: (more = {}) => metadata({ url, redirectUri, clientId: options.clientId, clientSecret }, more),
    last: () => {
      if (!received) throw new Error('nobody has signed in yet')
      return received
    },
    configuration,
    setClock: (seconds) => {
      clockSeconds = seconds
      discovered = null
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function discover(
  options: RelyingPartyOptions,
  clientSecret: string | null,
  clockSeconds: number,
): Promise<client.Configuration> {
  const issuer = typeof options.issuer === 'function' ? options.issuer() : options.issuer
  return client.discovery(
    new URL(issuer),
    options.clientId,
    { [client.clockSkew]: clockSeconds },
    clientSecret === null ? client.None() : client.ClientSecretBasic(clientSecret),
    { execute: [client.allowInsecureRequests], ...(options.customFetch ? { [client.customFetch]: options.customFetch } : {}) },
  )
}

async function metadata(
  party: { url: string; redirectUri: string; clientId: string; clientSecret: string | null },
  more: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const common = {
    client_id: party.clientId,
    client_name: `Test ${party.clientId}`,
    redirect_uris: [party.redirectUri],
    post_logout_redirect_uris: [`${party.url}/signed-out`],
  }
  if (party.clientSecret === null) return { ...common, token_endpoint_auth_method: 'none', ...more }
  const file = join(await tempFolder('client'), 'secret')
  await writeFile(file, party.clientSecret, { mode: 0o600 })
  return { ...common, client_secret_file: file, ...more }
}

function describe(error: unknown): Record<string, unknown> {
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
    return { error: error.error, error_description: error.error_description }
  }
  return { error: error instanceof Error ? error.name : 'unknown', error_description: String(error) }
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end()
}

function page(response: ServerResponse, title: string, body: string): void {
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(`<!doctype html><html lang="en"><title>${title}</title><main><h1>${title}</h1>${body}</main></html>`)
}

function asHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}
