import type { Application, Tokens } from './application.ts'
import type { BenchClients } from './clients.ts'
import { expectStatus, ISSUER } from './http.ts'

/** One of the clients that work at the same time. */
export interface Worker {
  /** Counts from 0. */
  index: number
  application: Application
  clients: BenchClients
  /** How many operations it has done, over all rounds. */
  turns: number
  tokens: Tokens
}

export interface Operation {
  name: string
  /** What one operation is made of. */
  words: string
  /** Most statements that the service may take. `null`: none is set. */
  statementsMax: number | null
  run(worker: Worker): Promise<void>
}

/** People of one worker who come back again and again. */
const PEOPLE = 25

export const operations: readonly Operation[] = [
  {
    name: 'discovery',
    words: '`GET /.well-known/openid-configuration`',
    statementsMax: 0,
    run: async ({ application }) => {
      const { text } = expectStatus(await application.get('/.well-known/openid-configuration'), 200, 'discovery')
      if (!text.includes(`"issuer":"${ISSUER}"`)) throw new Error('discovery names another issuer')
    },
  },
  {
    name: 'client credentials',
    words: '`POST /token`, opaque access token',
    statementsMax: 1,
    run: async ({ application, clients }) => {
      await application.token(clients.machine, { grant_type: 'client_credentials' })
    },
  },
  {
    name: 'authorize',
    words: '`GET /authorize` with a living session, then code → tokens (access, refresh, ID)',
    statementsMax: 4,
    run: async (worker) => {
      worker.tokens = await worker.application.authorize()
    },
  },
  {
    name: 'refresh',
    words: '`POST /token`, rotation, with a new ID token',
    statementsMax: 3,
    run: async (worker) => {
      const before = worker.tokens.refresh_token
      const form = { grant_type: 'refresh_token', refresh_token: before }
      worker.tokens = (await worker.application.token(worker.clients.web, form)) as unknown as Tokens
      if (!worker.tokens.id_token || worker.tokens.refresh_token === before) throw new Error('the refresh token was not replaced')
    },
  },
  {
    name: 'userinfo',
    words: '`GET /userinfo` with a bearer token',
    statementsMax: 1,
    run: async ({ application, tokens }) => {
      const { text } = expectStatus(await application.userinfo(tokens.access_token), 200, 'userinfo')
      if (!text.includes('"email":')) throw new Error('userinfo has no email')
    },
  },
  {
    name: 'introspection',
    words: '`POST /introspect` of an access token',
    statementsMax: 1,
    run: async ({ application, clients, tokens }) => {
      const reply = await application.post('/introspect', clients.web, { token: tokens.access_token })
      if (!expectStatus(reply, 200, 'introspect').text.includes('"active":true')) throw new Error('the token is not active')
    },
  },
  {
    name: 'sign-in',
    words: 'a whole sign-in up to the tokens: at the service by emailed code through its screens, else finished at once',
    statementsMax: null,
    run: async (worker) => {
      const { application, index } = worker
      const session = application.jar
      application.newBrowser()
      await application.signIn(`person-${index}-${worker.turns++ % PEOPLE}@bench.example`)
      application.useBrowser(session)
    },
  },
]

/**
 * Signs a worker in, and checks the fresh tokens in every part. Anew before each measurement: the engine's own memory
 * holds a thousand records and forgets a session that is not used meanwhile.
 */
export async function prepare(worker: Worker): Promise<void> {
  const { application, index } = worker
  application.reconnect()
  application.newBrowser()
  worker.tokens = await application.signIn(`worker-${index}@bench.example`)
  await application.verify(worker.tokens)
}
