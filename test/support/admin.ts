import { ADMIN_SCOPES, type Role } from '../../src/admin/index.ts'
import { type App, authorize, authorizeUrl, newSecret, newVerifier, type Reply, redeem, reply } from '../protocol/protocol.ts'
import { addAuthenticator } from '../protocol/second-walk.ts'
import { createContract } from './api-contract.ts'
import { query } from './database.ts'
import { type Answer, send } from './http.ts'
import { createVisitor, formWith, type Page, type Visitor } from './person.ts'
import { GENEROUS_LIMITS, type Service } from './service.ts'
import { type Stage, type StageOptions, startPairStage, startStage } from './stage.ts'

export const ALL_SCOPES = Object.keys(ADMIN_SCOPES)

/** The machine of a stage for administrators. */
export const ROBOT = { id: 'robot', secret: newSecret() }
/** An application of such a stage that asks nobody for a second factor. */
const DASHBOARD: App = { id: 'dashboard', secret: null, redirectUri: 'http://127.0.0.1:49152/callback' }
export const COMMAND_LINE: App = { id: 'doorward-cli', secret: null, redirectUri: 'http://127.0.0.1:49152/callback' }

/** A stage with a machine for the admin API (`ROBOT`, with every scope) and an application whose people prove level 1. */
export async function startAdminStage(options: StageOptions = {}): Promise<Stage> {
  return startStage(forAdministrators(options))
}

/** The same with two instances on one database. */
export async function startAdminPairStage(options: StageOptions = {}): ReturnType<typeof startPairStage> {
  return startPairStage(forAdministrators(options))
}

function forAdministrators(options: StageOptions): StageOptions {
  const { clients: more = [] } = options
  return {
    ...options,
    env: { LIMITS: GENEROUS_LIMITS, ROBOT_SECRET: ROBOT.secret, ...options.env },
    clients: (issuer) => {
      const resources = [apiOf({ issuer })]
      return [
        {
          client_id: ROBOT.id,
          client_secret_env: 'ROBOT_SECRET',
          grant_types: ['client_credentials'],
          resources,
          admin_scopes: ALL_SCOPES,
        },
        {
          client_id: DASHBOARD.id,
          redirect_uris: ['http://127.0.0.1/callback'],
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          grant_types: ['authorization_code', 'refresh_token'],
          first_party: true,
          refresh_token: 'always',
          second_factor: 'off',
          resources,
        },
        ...(typeof more === 'function' ? more(issuer) : more),
      ]
    },
  }
}

/** Where the API stands; its resource indicator too. */
export function apiOf({ issuer }: Pick<Service, 'issuer'>): string {
  return `${issuer}/admin/api/v1`
}

export interface Call {
  /** Sent as JSON. */
  body?: unknown
  headers?: Record<string, string>
  /** Instead of the body as JSON. */
  raw?: string
  via?: Service
}

/** Asks the admin API with a token (null: without any). Every answer is held against the OpenAPI document that it serves. */
export async function callApi(
  service: Service,
  token: string | null,
  method: string,
  path: string,
  { body, raw, headers = {}, via = service }: Call = {},
): Promise<Reply> {
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const answer: Answer = await send(`${apiOf(service)}${path}`, {
    method,
    via,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text }),
  })
  const check = await contractOf(service)
  check(method, path, answer)
  return reply(answer)
}

const contracts = new Map<string, Promise<ReturnType<typeof createContract>>>()

function contractOf(service: Service): Promise<ReturnType<typeof createContract>> {
  const known = contracts.get(service.issuer) ?? loadContract(service)
  contracts.set(service.issuer, known)
  return known
}

async function loadContract(service: Service) {
  const { text } = await send(`${apiOf(service)}/openapi.json`, { via: service })
  return createContract(JSON.parse(text) as Record<string, unknown>)
}

/** An access token of a machine that proves itself by its secret. */
export async function machineToken(
  service: Service,
  scope: string = ALL_SCOPES.join(' '),
  { id, secret }: { id: string; secret: string } = ROBOT,
): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const fields = { grant_type: 'client_credentials', resource: apiOf(service), scope }
  return tokenOf(reply(await send(`${service.issuer}/token`, { body: fields, headers: { authorization } })))
}

/** Somebody who administers, with a browser that they are signed in by. */
export interface Administrator {
  address: string
  accountId: string
  visitor: Visitor
  authenticator(): string
}

/** Signs somebody in, gives them an authenticator and the role, as if it had been granted before. */
export async function createAdministrator(stage: Stage, address: string, role: Role | null = 'admin'): Promise<Administrator> {
  const { service } = stage
  const visitor = await stage.signIn(address)
  const authenticator = await addAuthenticator(service, address)
  return { address, accountId: await setRole(service, address, role), visitor, authenticator }
}

/** Gives the person with this address a role, as if it had been granted before; answers the account's id. */
export async function setRole(service: Service, address: string, role: Role | null): Promise<string> {
  const [row] = await query<{ id: string }>(
    service.databaseUrl,
    'update account set role = $2 where id = (select account_id from address where canonical = $1) returning id',
    [address, role],
  )
  if (!row) throw new Error(`${address} has no account`)
  return row.id
}

/** An access token of an administrator by the command line's client: with a second factor that was given just now. */
export async function personToken(
  stage: Stage,
  { visitor, authenticator }: Pick<Administrator, 'visitor' | 'authenticator'>,
  scope: string = ALL_SCOPES.join(' '),
): Promise<string> {
  const { service } = stage
  const verifier = newVerifier()
  const parameters = { resource: apiOf(service), scope: `openid ${scope}`, nonce: null }
  const answer = await proveAll({ visitor, authenticator }, authorizeUrl(service, COMMAND_LINE, verifier, parameters))
  const code = answer.searchParams.get('code') ?? ''
  return tokenOf(await redeem(service, COMMAND_LINE, { code, verifier }, { resource: apiOf(service) }))
}

/** Somebody who is signed in gives the second proof and the consent that they are asked for; where they are led in the end. */
export async function proveAll(
  { visitor, authenticator }: Pick<Administrator, 'visitor' | 'authenticator'>,
  url: string,
): Promise<URL> {
  let page = await visitor.open(url)
  for (let step = 0; page.location === null; step++) {
    page = await visitor.follow(await nextStep(visitor, page, authenticator, step))
  }
  return new URL(page.location)
}

const STEPS_MAX = 6

/** The authenticator where it is asked for, and consent where that is. */
async function nextStep(visitor: Visitor, page: Page, authenticator: () => string, step: number): Promise<Page> {
  const way = formWithButton(page, 'totp')
  const consent = formWithButton(page, 'allow')
  const code = formWith(page, 'code')
  if (step < STEPS_MAX) {
    if (way) return visitor.submit(way, {}, 'totp')
    if (consent) return visitor.submit(consent, {}, 'allow')
    if (code) return visitor.submit(code, { code: authenticator() })
  }
  throw new Error(`no way on from ${page.url} (${page.status}): ${page.words}`)
}

function formWithButton(page: Page, value: string) {
  return page.forms.find(({ buttons }) => buttons.some((button) => button.value === value))
}

/** The tokens of somebody without an authenticator, who signs in to an application by mail alone: level 1. */
export async function weakTokens(
  stage: Stage,
  email: string,
  scope: string = ALL_SCOPES.join(' '),
  clientId: string = DASHBOARD.id,
): Promise<Reply> {
  const { service } = stage
  const resource = apiOf(service)
  const app = { ...DASHBOARD, id: clientId }
  const parameters = { resource, scope: `openid ${scope}` }
  const issued = await authorize(stage, app, { email, visitor: createVisitor(service), parameters })
  return redeem(service, app, issued, { resource })
}

export function tokenOf({ body, text }: Reply): string {
  if (typeof body.access_token !== 'string') throw new Error(`no access token: ${text}`)
  return body.access_token
}
