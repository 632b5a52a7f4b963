// A small web application that lets people sign in through an OpenID Provider: `openid-client` speaks the protocol,
// plain `node:http` serves the pages. Sessions live in memory; the rest is how a real application does it.
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pathToFileURL } from 'node:url'
import * as oidc from 'openid-client'
import { errorPage, homePage, type Person, personPage, signedOutPage } from './pages.ts'
import { createSessions, type Session } from './sessions.ts'
import { createLogoutReader } from './told-logout.ts'

export interface DemoOptions {
  issuer: string
  clientId: string
  clientSecret: string
  port: number
  /** Address to listen on. */
  host: string
  /** Where browsers reach it; `http://127.0.0.1:PORT` by default. */
  origin?: string
}

interface Visit {
  response: ServerResponse
  url: URL
  session: Session
}

const SCOPE = 'openid email phone profile offline_access'
const STYLE = readFileSync(new URL('style.css', import.meta.url), 'utf8')

/** Starts the demo. `stop` ends open connections too. */
export async function startDemo(options: DemoOptions): Promise<{ url: string; stop(): Promise<void> }> {
  const origin = options.origin ?? `http://127.0.0.1:${options.port}`
  const issuer = new URL(options.issuer)
  const sessions = createSessions(origin.startsWith('https:'))
  let discovered: Promise<oidc.Configuration> | undefined

  /** The provider's metadata, fetched once; after a failure the next visit tries again. */
  function provider(): Promise<oidc.Configuration> {
    // Plain http is for trying it out on one machine.
    const execute = issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : []
    const method = oidc.ClientSecretBasic(options.clientSecret)
    discovered ??= oidc.discovery(issuer, options.clientId, undefined, method, { execute }).catch((error) => {
      discovered = undefined
      throw error
    })
    return discovered
  }

  const readLogout = createLogoutReader({
    ...options,
    keys: async () => new URL((await provider()).serverMetadata().jwks_uri ?? '/jwks', issuer),
  })

  /** The provider tells that a session has ended: no browser is there, and no cookie. */
  async function toldLogout(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      sessions.endBySid(await readLogout(request))
      response.writeHead(204).end()
    } catch {
      response.writeHead(400).end()
    }
  }

  async function signIn({ response, url, session }: Visit): Promise<void> {
    const config = await provider()
    const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()]
    const maxAge = /^\d{1,6}$/.test(url.searchParams.get('max_age') ?? '') ? Number(url.searchParams.get('max_age')) : undefined
    session.flows.set(state, { nonce, verifier, maxAge })
    sessions.keep(session, response)
    const target = oidc.buildAuthorizationUrl(config, {
      redirect_uri: `${origin}/callback`,
      scope: SCOPE,
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(url.searchParams.get('prompt') === 'login' ? { prompt: 'login' } : {}),
      ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    })
    redirect(response, target.href)
  }

  async function callback({ response, url, session }: Visit): Promise<void> {
    const state = url.searchParams.get('state') ?? ''
    const flow = session.flows.get(state)
    if (!flow) return sendPage(response, 400, errorPage('This sign-in did not begin in this browser, or it is over already.'))
    session.flows.delete(state)
    const config = await provider()
    const tokens = await oidc.authorizationCodeGrant(config, new URL(url.pathname + url.search, origin), {
      expectedState: state,
      expectedNonce: flow.nonce,
      pkceCodeVerifier: flow.verifier,
      idTokenExpected: true,
      ...(flow.maxAge === undefined ? {} : { maxAge: flow.maxAge }),
    })
    sessions.begin(session, await personOf(config, tokens), response)
    redirect(response, '/')
  }

  async function refresh({ response, session }: Visit): Promise<void> {
    const { person } = session
    if (person?.refreshToken) {
      const config = await provider()
      const tokens = await oidc.refreshTokenGrant(config, person.refreshToken)
      // Kept before anything else can fail: the provider takes the old one only once.
      session.person = { ...person, refreshToken: tokens.refresh_token ?? person.refreshToken }
      session.person = await personOf(config, tokens, session.person)
    }
    redirect(response, '/')
  }

  async function signOut({ response, session }: Visit): Promise<void> {
    sessions.end(session, response)
    const config = await provider()
    const hint = session.person ? { id_token_hint: session.person.idToken } : {}
    redirect(response, oidc.buildEndSessionUrl(config, { ...hint, post_logout_redirect_uri: `${origin}/signed-out` }).href)
  }

  const routes: Record<string, (visit: Visit) => Promise<void> | void> = {
    'GET /': ({ response, session }) => sendPage(response, 200, session.person ? personPage(session.person) : homePage(issuer)),
    'GET /sign-in': signIn,
    'GET /callback': callback,
    'POST /refresh': refresh,
    'POST /sign-out': signOut,
    'GET /signed-out': ({ response }) => sendPage(response, 200, signedOutPage()),
    'GET /style.css': ({ response }) => void response.setHeader('Content-Type', 'text/css; charset=utf-8').end(STYLE),
  }

  const server = createServer(async (request, response) => {
    // The answer to the sign-out form leads to the provider, and browsers hold form-action against that too.
    const csp = `default-src 'none'; style-src 'self'; img-src data:; form-action 'self' ${issuer.origin}; frame-ancestors 'none'; base-uri 'none'`
    response.setHeader('Content-Security-Policy', csp).setHeader('X-Content-Type-Options', 'nosniff')
    response.setHeader('Referrer-Policy', 'same-origin').setHeader('Cache-Control', 'no-store')
    try {
      const url = URL.parse(request.url ?? '/', origin)
      const key = `${request.method} ${url?.pathname}`
      if (key === 'POST /backchannel-logout') return await toldLogout(request, response)
      const route = url && Object.hasOwn(routes, key) ? routes[key] : undefined
      if (!url || !route) return sendPage(response, 404, errorPage('There is no such page here.'))
      if (request.method === 'POST' && request.headers.origin !== origin) {
        return sendPage(response, 403, errorPage('This form came from another site.'))
      }
      await route({ response, url, session: sessions.of(request) })
    } catch (error) {
      sendPage(response, 502, errorPage(...wordsFor(error)))
    }
  })

  await new Promise<void>((listening, failed) => server.once('error', failed).listen(options.port, options.host, listening))
  return {
    url: origin,
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped())
        server.closeAllConnections()
      }),
  }
}

type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>

/** Everything that is known of the person after a token answer; `before` keeps what a refresh leaves out. */
async function personOf(config: oidc.Configuration, tokens: Tokens, before?: Person): Promise<Person> {
  const claims = tokens.claims() ?? before?.claims
  const idToken = tokens.id_token ?? before?.idToken
  if (!claims || !idToken) throw new Error('The provider sent no ID token.')
  return {
    claims,
    idToken,
    userinfo: await oidc.fetchUserInfo(config, tokens.access_token, String(claims.sub)),
    refreshToken: tokens.refresh_token ?? before?.refreshToken,
    expiresInSeconds: tokens.expires_in,
    scope: tokens.scope ?? before?.scope,
    refreshes: before ? before.refreshes + 1 : 0,
  }
}

const redirect = (response: ServerResponse, location: string): void => void response.writeHead(303, { Location: location }).end()

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(html)
}

/** What happened in words, and the provider's own words where it sent some. */
function wordsFor(error: unknown): [string, string | undefined] {
  if (error instanceof oidc.AuthorizationResponseError) {
    const denied = error.error === 'access_denied'
    return [
      denied ? 'You did not sign in.' : 'The provider did not sign you in.',
      `${error.error}: ${error.error_description ?? 'no reason given'}`,
    ]
  }
  if (error instanceof oidc.ResponseBodyError) {
    return ['The provider refused what was asked for.', `${error.error}: ${error.error_description ?? 'no reason given'}`]
  }
  return [
    'The provider could not be reached, or answered something unexpected.',
    error instanceof Error ? error.message : undefined,
  ]
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT = '3001', HOST = '127.0.0.1', ORIGIN } = process.env
  if (!ISSUER || !CLIENT_ID || !CLIENT_SECRET) {
    console.error('ISSUER, CLIENT_ID and CLIENT_SECRET must be set')
    process.exit(1)
  }
  const options = { issuer: ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, port: Number(PORT), host: HOST }
  const { url } = await startDemo(ORIGIN ? { ...options, origin: ORIGIN } : options)
  console.log(`The demo application listens on ${url}`)
}
