import { createHash, randomBytes } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type CookieJar, createCookieJar } from '../test/support/cookie-jar.ts'
import { formsOf } from '../test/support/html.ts'
import { type BenchClient, type BenchClients, SCOPE } from './clients.ts'
import { type Connection, expectStatus, ISSUER, type Reply } from './http.ts'
import type { MailSink } from './mail-sink.ts'

export interface Tokens {
  access_token: string
  refresh_token: string
  id_token: string
}

/** One person's browser and the application it signs in to, on one connection. */
export interface Application {
  jar: CookieJar
  newBrowser(): void
  reconnect(): void
  useBrowser(jar: CookieJar): void
  get(path: string): Promise<Reply>
  userinfo(accessToken: string): Promise<Reply>
  /** A whole sign-in up to the tokens, as `email` where mails are sent. */
  signIn(email: string): Promise<Tokens>
  /** From the application to the provider and back with a session that lives, then code for tokens. */
  authorize(): Promise<Tokens>
  token(client: BenchClient, form: Record<string, string>): Promise<Record<string, unknown>>
  post(path: string, client: BenchClient, form: Record<string, string>): Promise<Reply>
  /** Checks signature, issuer, audience and nonce as a relying party does. */
  verify(tokens: Tokens): Promise<void>
}

const NAVIGATION = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', accept: 'text/html', 'accept-language': 'en' }
const STEPS_MAX = 12
const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')
const nonce = randomBytes(16).toString('base64url')

/** @param mails `null` where the server signs in whoever asks */
export function createApplication(connection: Connection, clients: BenchClients, mails: MailSink | null): Application {
  const { web } = clients
  let jar = createCookieJar()
  const parameters = {
    ...{ client_id: web.id, redirect_uri: web.redirectUri, response_type: 'code', scope: SCOPE, state: 'bench', nonce },
    ...{ code_challenge: challenge, code_challenge_method: 'S256' },
  }
  const authorizePath = `/authorize?${new URLSearchParams(parameters)}`

  async function visit(path: string, form?: Record<string, string>): Promise<Reply> {
    const url = `${ISSUER}${path}`
    const cookie = jar.header(url)
    const own = form ? { origin: ISSUER, 'sec-fetch-site': 'same-origin' } : {}
    const headers = { ...NAVIGATION, ...own, ...(cookie ? { cookie } : {}) }
    const reply = await connection.send(path, { headers, ...(form ? { form } : {}) })
    jar.keep(url, reply.headers['set-cookie'] ?? [])
    return reply
  }

  async function exchange(answer: URL): Promise<Tokens> {
    const code = answer.searchParams.get('code')
    if (!code || answer.searchParams.get('state') !== 'bench') throw new Error(`no code in ${answer}`)
    const form = { grant_type: 'authorization_code', code, redirect_uri: web.redirectUri, code_verifier: verifier }
    const tokens = await token(web, form)
    if (!tokens.id_token || !tokens.refresh_token) throw new Error('the tokens are not complete')
    return tokens as unknown as Tokens
  }

  async function post(path: string, client: BenchClient, form: Record<string, string>): Promise<Reply> {
    const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
    return connection.send(path, { headers: { authorization }, form })
  }

  async function token(client: BenchClient, form: Record<string, string>): Promise<Record<string, unknown>> {
    const answer = JSON.parse(expectStatus(await post('/token', client, form), 200, 'token').text) as Record<string, unknown>
    if (typeof answer.access_token !== 'string') throw new Error('no access token')
    return answer
  }

  /** Fills in the form of a page as the person would. */
  async function fillIn(page: Reply, path: string, email: string): Promise<Reply> {
    const forms = formsOf(page.text, `${ISSUER}${path}`)
    const form = forms.find(({ fields }) => fields.includes('identifier') || fields.includes('code'))
    if (!form || !mails) throw new Error(`no way on from ${path}: ${page.text.slice(0, 300)}`)
    const typed = form.fields.includes('code') ? { code: await mails.nextCode(email) } : { identifier: email }
    return visit(new URL(form.action).pathname, { ...form.values, ...typed })
  }

  async function signIn(email: string): Promise<Tokens> {
    let path = authorizePath
    let reply = await visit(path)
    for (let step = 0; step < STEPS_MAX; step++) {
      if (reply.status === 200) {
        reply = await fillIn(reply, path, email)
        continue
      }
      if (reply.status !== 302) expectStatus(reply, 303, path)
      const next = new URL(reply.headers.location ?? '', `${ISSUER}${path}`)
      if (next.origin !== ISSUER) return exchange(next)
      path = `${next.pathname}${next.search}`
      reply = await visit(path)
    }
    throw new Error(`the sign-in does not end; it stands at ${path}`)
  }

  async function authorize(): Promise<Tokens> {
    const reply = expectStatus(await visit(authorizePath), 303, 'authorize')
    return exchange(new URL(reply.headers.location ?? '', ISSUER))
  }

  async function verify(tokens: Tokens): Promise<void> {
    const keys = createLocalJWKSet(JSON.parse((await connection.send('/jwks')).text))
    const { payload } = await jwtVerify(tokens.id_token, keys, { issuer: ISSUER, audience: web.id })
    if (payload.nonce !== nonce) throw new Error('the ID token has another nonce')
  }

  return {
    get jar() {
      return jar
    },
    newBrowser: () => {
      jar = createCookieJar()
    },
    reconnect: connection.renew,
    useBrowser: (other) => {
      jar = other
    },
    get: (path) => connection.send(path),
    userinfo: (accessToken) => connection.send('/userinfo', { headers: { authorization: `Bearer ${accessToken}` } }),
    ...{ signIn, authorize, token, post, verify },
  }
}
