import { createHash, randomBytes } from 'node:crypto'
import { createSecrets } from '../../src/base/index.ts'
import { createFactors } from '../../src/factors/index.ts'
import { query } from '../support/database.ts'
import { type Answer, send } from '../support/http.ts'
import { createVisitor, signIn, type Visitor } from '../support/person.ts'
import type { Service } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'

/** An application as the protocol sees it. */
export interface App {
  id: string
  secret: string | null
  redirectUri: string
}

/** What an authorization request brought back to the application. */
export interface Issued {
  code: string
  verifier: string
  answer: URLSearchParams
  visitor: Visitor
}

/** An answer of an endpoint that speaks JSON. */
export interface Reply {
  status: number
  headers: Answer['headers']
  text: string
  body: Record<string, unknown>
}

/** A parameter that is `null` is left out, although it is usually there. */
export type Parameters = Record<string, string | null>

/** The stage's own relying party. */
export function appOf({ relyingParty }: Stage): App {
  return { id: relyingParty.clientId, secret: relyingParty.clientSecret, redirectUri: relyingParty.redirectUri }
}

/** A fresh secret, long enough to be registered. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

export function newVerifier(): string {
  return randomBytes(32).toString('base64url')
}

/** RFC 7636 §4.2 */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

/** An authorization request of the code flow with PKCE, as a URL. */
export function authorizeUrl(service: Service, app: App, verifier: string, parameters: Parameters = {}): string {
  const usual: Parameters = {
    client_id: app.id,
    redirect_uri: app.redirectUri,
    response_type: 'code',
    scope: 'openid email profile',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    state: 'the-state',
    nonce: 'the-nonce',
  }
  return `${service.issuer}/authorize?${encoded({ ...usual, ...parameters })}`
}

/** Who signs in, in which browser (a new one otherwise), and what is asked for beside the usual. */
export interface Asking {
  email: string
  visitor?: Visitor
  parameters?: Parameters
  consent?: 'allow' | 'cancel'
}

/** A person signs in for the application (or is signed in already); answers what the application was sent. */
export async function authorize(stage: Stage, app: App, options: Asking): Promise<Issued> {
  const { email, visitor = createVisitor(stage.service), parameters = {}, consent = 'allow' } = options
  const verifier = newVerifier()
  const url = authorizeUrl(stage.service, app, verifier, parameters)
  const back = await signIn(stage.service, stage.mailbox, { authorizeUrl: url, email, visitor, consent })
  const answer = new URL(back).searchParams
  return { code: answer.get('code') ?? '', verifier, answer, visitor }
}

/** Where the browser is sent right away, without any page: the application's answer, or `null` for a page. */
export async function silently(stage: Stage, app: App, visitor: Visitor, parameters: Parameters = {}): Promise<URL | null> {
  const { location } = await visitor.open(authorizeUrl(stage.service, app, newVerifier(), parameters))
  return location === null ? null : new URL(location)
}

/** A request to an endpoint by an application that proves itself in the way it registered. */
export async function ask(service: Service, path: string, app: App | null, fields: Parameters, via = service): Promise<Reply> {
  const body = encoded(fields)
  const headers: Record<string, string> = {}
  if (app?.secret) headers.authorization = basic(app.id, app.secret)
  else if (app) body.set('client_id', app.id)
  return reply(await send(`${service.issuer}${path}`, { method: 'POST', headers, body, via }))
}

/** Redeems a code. */
export async function redeem(
  service: Service,
  app: App,
  issued: Pick<Issued, 'code' | 'verifier'>,
  more: Parameters = {},
  via = service,
): Promise<Reply> {
  const { code, verifier } = issued
  const fields = { grant_type: 'authorization_code', code, redirect_uri: app.redirectUri, code_verifier: verifier }
  return ask(service, '/token', app, { ...fields, ...more }, via)
}

export async function refresh(service: Service, app: App, token: unknown, more: Parameters = {}, via = service): Promise<Reply> {
  return ask(service, '/token', app, { grant_type: 'refresh_token', refresh_token: String(token), ...more }, via)
}

/** Asks for the claims with a token as bearer. */
export async function userinfo(service: Service, token: unknown): Promise<Reply> {
  return reply(await send(`${service.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } }))
}

/** The whole flow: the token answer of somebody who signs in. */
export async function tokensOf(stage: Stage, app: App, options: Asking): Promise<Reply & { visitor: Visitor }> {
  const issued = await authorize(stage, app, options)
  const answer = await redeem(stage.service, app, issued)
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.text} (${issued.answer})`)
  return { ...answer, visitor: issued.visitor }
}

/** The short code of the newest challenge of an address, as the service derives it: for where no mail carries it. */
export async function shortCodeOf(service: Service, address: string): Promise<string> {
  const [challenge] = await query<{ id: string; secretId: string }>(
    service.databaseUrl,
    'select id, secret_id as "secretId" from challenge where target = $1 order by first_sent_at desc limit 1',
    [address],
  )
  const factor = createFactors({ secrets: createSecrets([service.env.SECRETS ?? '']), texts: true }).get('email')
  if (!challenge || !factor) throw new Error(`${address} has no challenge`)
  return factor.answers(challenge).shortCode
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
}

export function reply({ status, headers, text }: Answer): Reply {
  const json = text !== '' && /[/+]json/.test(headers['content-type'] ?? '')
  return { status, headers, text, body: json ? (JSON.parse(text) as Record<string, unknown>) : {} }
}

function encoded(parameters: Parameters): URLSearchParams {
  return new URLSearchParams(Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== null))
}
