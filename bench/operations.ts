import type { Application, Person, Tokens } from './application.ts'
import { API, type BenchClients } from './clients.ts'
import { type Endpoints, expectStatus } from './http.ts'
import type { Crowd } from './people.ts'

export const CONTENDERS = ['bytes', 'engine', 'orm', 'service', 'floor', 'mailless', 'storeless', 'bare', 'other'] as const
/**
 * `bytes`: a bare `node:http` server; `floor`: what the service does outside of itself, without the service, and the three
 * behind it that with less; `other`: another provider, by a configuration file.
 */
export type ContenderName = (typeof CONTENDERS)[number]

/** One of the clients that work at the same time. */
export interface Worker {
  /** Counts from 0. */
  index: number
  application: Application
  clients: BenchClients
  issuer: string
  endpoints: Endpoints
  /** How many operations it has done, over all rounds. */
  turns: number
  /** Of a sign-in just before. */
  tokens: Tokens
  /** People of the service with an authenticator app, and its administrator; nobody elsewhere. */
  crowd: Crowd | null
  /** Where this worker's open sign-in stands. */
  page: string
  adminToken: string
}

export interface Operation {
  name: string
  /** What one operation is made of. */
  words: string
  /** What the engine does in its place, by name; left out: the same. */
  against?: string
  /** Who can do it. */
  at: readonly ContenderName[]
  /** Anew before each measurement. */
  prepare(worker: Worker): Promise<void>
  /** False: nothing is left to do it with, and this worker ends. */
  mayRun?(worker: Worker): boolean
  /** Throws where an answer is wrong. */
  run(worker: Worker): Promise<void>
}

/** People of one worker who come back again and again, each time in a new browser. */
export const PEOPLE = 10

const EVERYWHERE: readonly ContenderName[] = ['engine', 'orm', 'service', 'floor', 'other']
const PREPARED: readonly ContenderName[] = ['bytes', 'engine', 'service', 'other']
const SERVICE: readonly ContenderName[] = ['service']

export const operations: readonly Operation[] = [
  {
    name: 'discovery',
    words: '`GET /.well-known/openid-configuration`',
    at: PREPARED,
    prepare: reconnect,
    run: async ({ application, endpoints, issuer }) => {
      const { text } = expectStatus(await application.get(endpoints.discovery), 200, 'discovery')
      if (!text.includes(`"issuer":"${issuer}"`)) throw new Error('discovery names another issuer')
    },
  },
  {
    name: 'keys',
    words: '`GET /jwks`',
    at: PREPARED,
    prepare: reconnect,
    run: async ({ application, endpoints }) => {
      const { text } = expectStatus(await application.get(endpoints.jwks), 200, 'keys')
      if (!text.includes('"kty"')) throw new Error('there are no keys')
    },
  },
  {
    name: 'client credentials',
    words: '`POST /token`, opaque access token',
    at: EVERYWHERE,
    prepare: reconnect,
    run: async ({ application, clients }) => {
      await application.token(clients.machine, { grant_type: 'client_credentials' })
    },
  },
  {
    name: 'client credentials, JWT',
    words: '`POST /token` for an API whose access tokens are JWTs (ES256)',
    at: EVERYWHERE,
    prepare: reconnect,
    run: async ({ application, clients }) => {
      const form = { grant_type: 'client_credentials', resource: API.id, scope: API.scope }
      expectJwt((await application.token(clients.machine, form)).access_token)
    },
  },
  {
    name: 'refresh',
    words: '`POST /token`, rotation, with an opaque access token and a new ID token',
    at: EVERYWHERE,
    prepare,
    run: refresh,
  },
  {
    name: 'refresh, JWT',
    words: '`POST /token`, rotation, with a JWT access token (ES256) and a new ID token',
    at: EVERYWHERE,
    prepare: async (worker) => {
      await prepare(worker)
      worker.tokens = await worker.application.authorize({ client: worker.clients.web, resource: API })
    },
    run: async (worker) => {
      await refresh(worker)
      expectJwt(worker.tokens.access_token)
    },
  },
  {
    name: 'userinfo',
    words: '`GET /userinfo` with a bearer token',
    at: EVERYWHERE,
    prepare,
    run: async ({ application, tokens }) => {
      const { text } = expectStatus(await application.userinfo(tokens.access_token), 200, 'userinfo')
      if (!text.includes('"sub":')) throw new Error('userinfo names nobody')
    },
  },
  {
    name: 'introspection',
    words: '`POST /introspect` of an opaque access token',
    at: EVERYWHERE,
    prepare,
    run: async ({ application, clients, tokens, endpoints }) => {
      const reply = await application.post(endpoints.introspection, clients.web, { token: tokens.access_token })
      if (!expectStatus(reply, 200, 'introspect').text.includes('"active":true')) throw new Error('the token is not active')
    },
  },
  {
    name: 'authorize',
    words: '`GET /authorize` with a living session, then code → tokens (access, refresh, ID)',
    at: EVERYWHERE,
    prepare,
    run: async (worker) => {
      worker.tokens = await worker.application.authorize()
    },
  },
  {
    name: 'code-flow login',
    words: 'authorize → interaction → resume → token, four requests; whoever asks is signed in, without a screen',
    at: ['engine', 'orm', 'other'],
    prepare: reconnect,
    run: (worker) => inNewBrowser(worker, { email: nextAddress(worker, 'person'), authenticator: null }),
  },
  {
    name: 'sign-in',
    words:
      'a whole sign-in by emailed code up to the tokens, through the screens, with the mail; a known person in a new browser',
    against: 'code-flow login',
    at: [...SERVICE, 'floor', 'mailless', 'storeless', 'bare'],
    prepare: reconnect,
    run: (worker) => inNewBrowser(worker, { email: nextAddress(worker, 'person'), authenticator: null }),
  },
  {
    name: 'sign-in, TOTP',
    words: 'the same with the code of an authenticator app besides',
    against: 'code-flow login',
    at: SERVICE,
    prepare: reconnect,
    mayRun: ({ crowd }) => crowd?.hasNext() ?? false,
    run: async (worker) => {
      if (worker.crowd) await inNewBrowser(worker, worker.crowd.next())
    },
  },
  {
    name: 'sign-in page',
    words: '`GET /sign-in/…`: the page that asks for the address, alone',
    at: SERVICE,
    prepare: async (worker) => {
      await reconnect(worker)
      worker.application.newBrowser()
      worker.page = await worker.application.begin()
    },
    run: async ({ application, page }) => {
      if (!expectStatus(await application.visit(page), 200, 'page').text.includes('name="identifier"'))
        throw new Error('the page asks for no address')
    },
  },
  {
    name: 'admin list',
    words: '`GET /admin/api/v1/accounts` with the token of an administrator',
    at: SERVICE,
    prepare: administers,
    run: (worker) => ask(worker, '/accounts'),
  },
  {
    name: 'admin search',
    words: '`GET /admin/api/v1/accounts?q=…`, by a whole address',
    at: SERVICE,
    prepare: administers,
    run: (worker) => ask(worker, `/accounts?q=${encodeURIComponent(addressOf(worker, 'worker'))}`),
  },
]

async function reconnect({ application }: Worker): Promise<void> {
  application.reconnect()
}

/**
 * Signs a worker in, and checks the fresh tokens in every part. Anew before each measurement: the engine's own memory
 * holds a thousand records and forgets a session that is not used meanwhile.
 */
export async function prepare(worker: Worker): Promise<void> {
  const { application } = worker
  application.reconnect()
  application.newBrowser()
  worker.tokens = await application.signIn({ email: addressOf(worker, 'worker'), authenticator: null })
  await application.verify(worker.tokens)
}

async function administers(worker: Worker): Promise<void> {
  worker.application.reconnect()
  worker.adminToken = (await worker.crowd?.adminToken()) ?? ''
}

async function ask({ application, adminToken }: Worker, path: string): Promise<void> {
  const reply = await application.get(`/admin/api/v1${path}`, { authorization: `Bearer ${adminToken}` })
  const { items } = JSON.parse(expectStatus(reply, 200, path).text) as { items?: unknown[] }
  if (!items?.length) throw new Error(`${path} found nobody`)
}

async function refresh(worker: Worker): Promise<void> {
  const before = worker.tokens.refresh_token
  const form = { grant_type: 'refresh_token', refresh_token: before }
  worker.tokens = (await worker.application.token(worker.clients.web, form)) as unknown as Tokens
  if (!worker.tokens.id_token || worker.tokens.refresh_token === before) throw new Error('the refresh token was not replaced')
}

async function inNewBrowser({ application }: Worker, person: Person): Promise<void> {
  const session = application.jar
  application.newBrowser()
  await application.signIn(person)
  application.useBrowser(session)
}

const addressOf = ({ index }: Worker, who: string) => `${who}-${index}@bench.example`

function nextAddress(worker: Worker, who: string): string {
  return addressOf(worker, `${who}-${worker.turns++ % PEOPLE}`)
}

function expectJwt(token: unknown): void {
  if (typeof token !== 'string' || token.split('.').length !== 3) throw new Error('the access token is no JWT')
}
