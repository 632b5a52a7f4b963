import { createHash, randomBytes } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type CookieJar, createCookieJar } from '../test/support/cookie-jar.ts'
import type { Authenticator } from './authenticator.ts'
import { type BenchClient, type BenchClients, type Resource, SCOPE } from './clients.ts'
import { type Connection, expectStatus, type Reply, type Target } from './http.ts'
import type { MailSink } from './mail-sink.ts'
import { fillIn } from './screens.ts'

export interface Tokens {
  access_token: string
  refresh_token: string
  id_token: string
}

/** Somebody who signs in. */
export interface Person {
  email: string
  /** Becomes theirs when the sign-in asks to set one up. */
  authenticator: Authenticator | null
}

/** What an application asks for: as itself, and perhaps for an API. */
export interface Asking {
  client: BenchClient & { redirectUri: string }
  resource: Resource | null
}

/** One person's browser and the application it signs in to, on one connection. */
export interface Application {
  jar: CookieJar
  newBrowser(): void
  reconnect(): void
  useBrowser(jar: CookieJar): void
  get(path: string, headers?: Record<string, string>): Promise<Reply>
  /** As the browser, with its cookies; with a form as the page's own button sends it. */
  visit(path: string, form?: Record<string, string>, headers?: Record<string, string>): Promise<Reply>
  userinfo(accessToken: string): Promise<Reply>
  /** From the application to the page of the sign-in: its path. */
  begin(): Promise<string>
  /** A whole sign-in up to the tokens, through the screens where there are some. */
  signIn(person: Person, asking?: Asking): Promise<Tokens>
  /** From the application to the provider and back with a session that lives, then code for tokens. */
  authorize(asking?: Asking): Promise<Tokens>
  /** The same without the last step. */
  code(): Promise<string>
  /** The form that changes a code for tokens. */
  codeForm(code: string, client?: BenchClient): Record<string, string>
  token(client: BenchClient, form: Record<string, string>): Promise<Record<string, unknown>>
  post(path: string, client: BenchClient | null, form: Record<string, string>): Promise<Reply>
  /** Checks signature, issuer, audience and nonce as a relying party does. */
  verify(tokens: Tokens): Promise<void>
}

export interface ApplicationDeps {
  target: Target
  connection: Connection
  clients: BenchClients
  /** `null` where the server signs in whoever asks. */
  mails: MailSink | null
  /** What every browser begins with: values of `Set-Cookie`. */
  cookies?: readonly string[]
}

const NAVIGATION = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', accept: 'text/html', 'accept-language': 'en' }
const STEPS_MAX = 20
const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')
const nonce = randomBytes(16).toString('base64url')

export function createApplication({ target, connection, clients, mails, cookies = [] }: ApplicationDeps): Application {
  const { issuer, endpoints } = target
  const { origin } = new URL(issuer)
  const byDefault: Asking = { client: clients.web, resource: null }
  let jar = newJar()

  function newJar(): CookieJar {
    const empty = createCookieJar()
    empty.keep(`${origin}/`, cookies)
    return empty
  }

  function authorizePath({ client, resource }: Asking): string {
    const parameters = new URLSearchParams({
      ...{ client_id: client.id, redirect_uri: client.redirectUri, response_type: 'code', state: 'bench', nonce },
      ...{ code_challenge: challenge, code_challenge_method: 'S256' },
      scope: resource ? `${SCOPE} ${resource.scope}` : SCOPE,
      ...(resource ? { resource: resource.id } : {}),
    })
    return `${endpoints.authorization}?${parameters}`
  }

  async function visit(path: string, form?: Record<string, string>, more: Record<string, string> = {}): Promise<Reply> {
    const url = `${origin}${path}`
    const cookie = jar.header(url)
    const own = form ? { origin, 'sec-fetch-site': 'same-origin' } : {}
    const headers = { ...NAVIGATION, ...own, ...(cookie ? { cookie } : {}), ...more }
    const reply = await connection.send(path, { headers, ...(form ? { form } : {}) })
    jar.keep(url, reply.headers['set-cookie'] ?? [])
    return reply
  }

  function codeOf(answer: URL): string {
    const code = answer.searchParams.get('code')
    if (!code || answer.searchParams.get('state') !== 'bench') throw new Error(`no code in ${answer}`)
    return code
  }

  const codeForm = (code: string, client: BenchClient = clients.web) => ({
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirectUri ?? '',
    code_verifier: verifier,
  })

  async function exchange(answer: URL, client: BenchClient): Promise<Tokens> {
    const tokens = await token(client, codeForm(codeOf(answer), client))
    if (!tokens.id_token || !tokens.refresh_token) throw new Error('the tokens are not complete')
    return tokens as unknown as Tokens
  }

  async function post(path: string, client: BenchClient | null, form: Record<string, string>): Promise<Reply> {
    const authorization = client && `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
    return connection.send(path, { headers: authorization ? { authorization } : {}, form })
  }

  async function token(client: BenchClient, form: Record<string, string>): Promise<Record<string, unknown>> {
    const reply = expectStatus(await post(endpoints.token, client, form), 200, 'token')
    const answer = JSON.parse(reply.text) as Record<string, unknown>
    if (typeof answer.access_token !== 'string') throw new Error('no access token')
    return answer
  }

  async function signIn(person: Person, asking: Asking = byDefault): Promise<Tokens> {
    let path = authorizePath(asking)
    let reply = await visit(path)
    for (let step = 0; step < STEPS_MAX; step++) {
      if (reply.status === 200) {
        if (!mails) throw new Error(`a page at ${path} asks for something: ${reply.text.slice(0, 300)}`)
        const { action, fields } = await fillIn(reply.text, `${origin}${path}`, person, mails)
        reply = await visit(new URL(action).pathname, fields)
        continue
      }
      if (reply.status !== 302) expectStatus(reply, 303, path)
      const next = new URL(reply.headers.location ?? '', `${origin}${path}`)
      if (next.origin !== origin) return exchange(next, asking.client)
      path = `${next.pathname}${next.search}`
      reply = await visit(path)
    }
    throw new Error(`the sign-in does not end; it stands at ${path}`)
  }

  async function answered(asking: Asking): Promise<URL> {
    const reply = await visit(authorizePath(asking))
    if (reply.status !== 302) expectStatus(reply, 303, 'authorize')
    return new URL(reply.headers.location ?? '', origin)
  }

  async function verify(tokens: Tokens): Promise<void> {
    const keys = createLocalJWKSet(JSON.parse((await connection.send(endpoints.jwks)).text))
    const { payload } = await jwtVerify(tokens.id_token, keys, { issuer, audience: clients.web.id })
    if (payload.nonce !== nonce) throw new Error('the ID token has another nonce')
  }

  return {
    get jar() {
      return jar
    },
    newBrowser: () => {
      jar = newJar()
    },
    reconnect: connection.renew,
    useBrowser: (other) => {
      jar = other
    },
    get: (path, headers) => connection.send(path, headers ? { headers } : {}),
    userinfo: (accessToken) => connection.send(endpoints.userinfo, { headers: { authorization: `Bearer ${accessToken}` } }),
    begin: async () => (await answered(byDefault)).pathname,
    authorize: async (asking = byDefault) => exchange(await answered(asking), asking.client),
    code: async () => codeOf(await answered(byDefault)),
    ...{ visit, signIn, codeForm, token, post, verify },
  }
}
