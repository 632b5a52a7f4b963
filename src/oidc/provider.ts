import type { Context, Middleware, Next } from 'koa'
import Provider, { type Configuration, type Client as EngineClient, type KoaContextWithOIDC } from 'oidc-provider'
import type { Account } from '../accounts/index.ts'
import type { Audit, AuditRow, EventWho } from '../audit/index.ts'
import { type Clock, hashOf, type Log, Refusal, type Secrets } from '../base/index.ts'
import type { Clients } from '../clients/index.ts'
import type { Text } from '../text/index.ts'
import { createAdapters } from './adapter.ts'
import { createFindAccount } from './claims.ts'
import { engineMetadata } from './client-metadata.ts'
import { configurationOf, type Lifetimes } from './configuration.ts'
import { type ConsentStore, createGrantLoader } from './consent.ts'
import { recordEngineEvents } from './events.ts'
import { createInteractions, type Interactions } from './interaction.ts'
import { createEnginePages, type RequestState } from './pages.ts'
import type { RecordStore } from './records.ts'
import { createStoredForm } from './stored-form.ts'
import { createUnitOfWork, type UnitOfWork } from './unit-of-work.ts'

export interface OidcDeps {
  issuer: string
  lifetimes: Lifetimes
  store: RecordStore<AuditRow>
  consents: Pick<ConsentStore, 'find'>
  clients: Clients
  accounts: { find(id: string): Promise<Account | null>; claimsOf(account: Account): Record<string, unknown> }
  audit: Audit
  text: Text
  secrets: Secrets
  clock: Clock
  log: Log
  whoOf(ctx: Context): EventWho
}

export interface Oidc {
  /** Serves every path of the engine; passes on what is none of its own. */
  middleware: Middleware
  interactions: Interactions
  /** Keys that sign the cookies, newest first, for the server around the engine. */
  cookieKeys: string[]
  /** Takes new signing keys into service: a new engine is built and put in place of the old one. */
  useKeys(keys: readonly object[]): void
}

/** Builds the OpenID Provider: the engine, its storage, its pages, and the unit of work around each request. */
export function createOidc(deps: OidcDeps): Oidc {
  const { secrets, clock, log } = deps
  const work = createUnitOfWork<AuditRow>({ store: deps.store, clock, announce: deps.audit.announce })
  const adapterOf = createAdapters({
    store: deps.store,
    form: createStoredForm(secrets),
    work,
    clock,
    findClient: async (id) => {
      const client = await deps.clients.find(id)
      return client ? engineMetadata(client) : undefined
    },
  })
  const configuration = configurationOf({
    secure: deps.issuer.startsWith('https:'),
    secrets,
    clock,
    lifetimes: deps.lifetimes,
    locales: deps.text.locales,
    clients: deps.clients,
    adapterOf,
    findAccount: createFindAccount(deps.accounts),
    accountIsActive: async (id) => (await deps.accounts.find(id))?.state === 'active',
    loadExistingGrant: createGrantLoader({ consents: deps.consents, clients: deps.clients }),
    ...createEnginePages({ text: deps.text, clients: deps.clients, clock }),
  })

  let engine: Provider | undefined
  function provider(): Provider {
    if (!engine) throw new Error('the engine has no signing keys yet')
    return engine
  }

  function useKeys(keys: readonly object[]): void {
    const next = new Provider(deps.issuer, { ...configuration, jwks: { keys: [...keys] } } as Configuration)
    next.proxy = true
    replaceWeakParts(next, deps)
    recordEngineEvents(next, { audit: deps.audit, work, log, whoOf: (ctx) => deps.whoOf(ctx as unknown as Context) })
    engine = next
  }

  return {
    middleware: createMiddleware(provider, work),
    interactions: createInteractions({ provider, work, clock }),
    cookieKeys: (configuration.cookies?.keys ?? []) as string[],
    useKeys,
  }
}

function createMiddleware(provider: () => Provider, work: UnitOfWork<AuditRow>): Middleware {
  return async (ctx, next) => {
    const [serve] = provider().middleware as unknown as [(ctx: Context, next: Next) => Promise<void>]
    let passedOn = false
    const outcome = await work.run(async () => {
      await serve(ctx, async () => {
        passedOn = true
      })
      // What the engine wrote before it failed or refused is not to be: a refused client keeps the token it came with.
      if (ctx.status >= 500) work.current()?.discard()
      else if (ctx.status >= 400) work.current()?.keepEnds()
    })
    if (passedOn) return next()
    if (outcome === 'lost') answerLost(ctx)
    else tidy(ctx)
    return undefined
  }
}

function answerLost(ctx: Context): void {
  const { oidc } = ctx as unknown as KoaContextWithOIDC
  for (const name of ['Set-Cookie', 'Location', 'Content-Type']) ctx.remove(name)
  ctx.set('Cache-Control', 'no-store')
  if (oidc?.route === 'authorization' && ctx.method === 'GET') {
    // The session changed while it was read: the browser asks once more with the cookie it has by now.
    ctx.status = 303
    ctx.body = null
    ctx.status = 303
    ctx.set('Location', ctx.url)
    return
  }
  if (oidc?.route !== 'token') throw new Refusal('sign_in_not_open')
  // RFC 6749 §5.2: of several parallel uses of one code or refresh token, all but one are invalid.
  ctx.status = 400
  ctx.body = { error: 'invalid_grant', error_description: 'grant request is invalid' }
}

function tidy(ctx: Context): void {
  const { oidc } = ctx as unknown as KoaContextWithOIDC
  // RFC 7009 §2.2: an empty 200. Koa would call it text, which common clients take for a fault.
  if (oidc?.route === 'revocation' && ctx.status === 200) ctx.remove('Content-Type')
  // RFC 9110 §11.6.1: a 401 names a way in. The engine does so only where a header was sent.
  if (ctx.status === 401 && !ctx.response.get('WWW-Authenticate')) ctx.set('WWW-Authenticate', `Basic realm="${oidc.issuer}"`)
  // Addresses that the engine has not yet compared with the registered ones are nobody's.
  if (ctx.type !== 'text/html' || ctx.status >= 400) return
  const targets = [
    oidc?.params?.redirect_uri,
    oidc?.params?.post_logout_redirect_uri,
    oidc?.entities?.Interaction?.params?.redirect_uri,
  ]
  const state = ctx.state as RequestState
  const before = oidc?.session?.state?.postLogoutRedirectUri
  const known = [...targets, before].filter((uri): uri is string => typeof uri === 'string')
  state.formTargets = [...(state.formTargets ?? []), ...known]
}

/** Where the engine leaves a gap, its own methods are replaced. Each has a test that fails without it. */
function replaceWeakParts(engine: Provider, { clients, store, clock }: OidcDeps): void {
  // Secrets are stored hashed; the engine compares stored text.
  Object.assign(engine.Client.prototype, {
    async compareClientSecret(this: EngineClient, presented: string) {
      const client = await clients.find(this.clientId)
      return client !== null && asRegistered(this) && clients.secretMatches(client, presented)
    },
  })
  // RFC 7523 §3: a jti counts once. The engine looks and then saves, with room for another between the two.
  Object.assign(engine.ReplayDetection, {
    async unique(issuer: string, jti: string, expiresAt: number) {
      return store.unique(hashOf(`${issuer}\n${jti}`), new Date(expiresAt * 1000), clock.now())
    },
  })
}

// RFC 6749 §2.3, R-018: the method that was registered and no other; the engine takes header and body alike.
function asRegistered(client: EngineClient): boolean {
  const inHeader = Provider.ctx?.get('authorization').toLowerCase().startsWith('basic ') ?? false
  return inHeader === (client.clientAuthMethod === 'client_secret_basic')
}
