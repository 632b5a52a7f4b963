import type { Context, Middleware } from 'koa'
import Provider, { type Configuration, type Client as EngineClient, type KoaContextWithOIDC } from 'oidc-provider'
import type { Account, Identity } from '../accounts/index.ts'
import type { Audit, AuditRow, EventWho } from '../audit/index.ts'
import { hashOf, type Log, type Outbound, Refusal, type Secrets } from '../base/index.ts'
import { adminApiId, type ClientContacts, type Clients, isOn, OWN_PAGE_IDS } from '../clients/index.ts'
import type { Text } from '../text/index.ts'
import { acrToTell, askedAcr } from './acr.ts'
import { createAdapters } from './adapter.ts'
import { createFindAccount } from './claims.ts'
import { engineMetadata } from './client-metadata.ts'
import { configurationOf, type Lifetimes } from './configuration.ts'
import { type ConsentStore, createGrantLoader } from './consent.ts'
import { type CookieKeys, createCookieKeys } from './cookie-keys.ts'
import { createDocuments } from './documents.ts'
import { keepClients } from './engine-clients.ts'
import { createEngineFetch } from './engine-fetch.ts'
import { recordEngineEvents } from './events.ts'
import { type Recovery, takenAcr } from './hold.ts'
import { createInteractions, type Interactions } from './interaction.ts'
import type { LogoutNews } from './logout.ts'
import { logoutToken, tellByJob } from './logout-token.ts'
import { createMiddleware } from './middleware.ts'
import { createEnginePages } from './pages.ts'
import { createPublished, type Published, type Watched, watchEngine } from './published.ts'
import { type Asked, createReadAhead } from './read-ahead.ts'
import type { RecordStore } from './records.ts'
import { forgetStaleKeys } from './stale-keys.ts'
import type { LevelDeps } from './step-up.ts'
import { createStoredForm } from './stored-form.ts'
import { createUnitOfWork } from './unit-of-work.ts'

export interface OidcDeps extends LevelDeps {
  issuer: string
  lifetimes: Lifetimes
  store: RecordStore<AuditRow>
  consents: Pick<ConsentStore, 'find'>
  clients: Clients
  accounts: { find(id: string): Promise<Account | null>; claimsOf(account: Identity): Record<string, unknown> }
  recovery: Recovery
  audit: Audit
  outbound: Pick<Outbound, 'send'>
  contacts: Pick<ClientContacts, 'note'>
  text: Text
  secrets: Secrets
  log: Log
  whoOf(ctx: Context): EventWho
  /** The network a request comes from, for counting. */
  networkOf(ctx: Context): string
  /** Wrong client secrets: seconds until the next may be tried, and one more of them. */
  secretGuesses: { closedFor(subject: string): number | null; count(subject: string): void }
  watched: Watched
}

export interface Oidc {
  /** Serves every path of the engine; passes on what is none of its own. */
  middleware: Middleware
  /** What stands ready to be sent without asking the engine. */
  published: Published
  interactions: Interactions
  /** What signs the cookies, for the server around the engine. */
  cookieKeys: CookieKeys
  /** Takes new signing keys into service: a new engine is built and put in place of the old one. */
  useKeys(keys: readonly object[]): void
  /** What tells an application that a session has ended; null where the client is nobody any more. */
  logoutToken(news: LogoutNews): Promise<string | null>
}

/** Builds the OpenID Provider: the engine, its storage, its pages, and the unit of work around each request. */
export function createOidc(deps: OidcDeps): Oidc {
  const { secrets, clock, log } = deps
  const work = createUnitOfWork<AuditRow>({ store: deps.store, clock, announce: deps.audit.announce })
  const form = createStoredForm(secrets)
  const cookieKeys = createCookieKeys(secrets.keys('cookie').map((key) => key.toString('base64url')))
  const ahead = createReadAhead({ ...deps, form, known: () => work.current()?.known, asked: () => askedBy(Provider.ctx) })
  // One that is switched off is nobody to the engine: no code, no token, and what it holds is worth nothing.
  const findOn = async (id: string) => {
    const client = await deps.clients.find(id)
    return client && isOn(client, clock.now()) ? client : null
  }
  const adapterOf = createAdapters({
    store: deps.store,
    ahead,
    form,
    work,
    clock,
    deviceOf: () => (Provider.ctx ? (deps.whoOf(Provider.ctx as unknown as Context).device ?? null) : null),
    findClient: async (id) => {
      const client = await findOn(id)
      return client ? engineMetadata(client) : undefined
    },
  })
  const configuration = configurationOf({
    secure: deps.issuer.startsWith('https:'),
    cookieKeys,
    clock,
    acrNames: deps.acrNames,
    secondFactor: deps.secondFactor,
    texts: deps.texts,
    deviceIsRemembered: deps.deviceIsRemembered,
    lifetimes: deps.lifetimes,
    locales: deps.text.locales,
    clients: deps.clients,
    adminApiId: adminApiId(deps.issuer),
    adapterOf,
    recovery: deps.recovery,
    findAccount: createFindAccount({ ...deps, accounts: { find: ahead.identity, claimsOf: deps.accounts.claimsOf } }),
    fetch: createEngineFetch(deps),
    clientIsOn: async (id) => (await findOn(id)) !== null,
    accountIsActive: async (id) => (await ahead.identity(id))?.state === 'active',
    loadExistingGrant: createGrantLoader({
      consents: { find: ahead.consent },
      clients: deps.clients,
      relyOn: (agreed) => work.current()?.relyOn(agreed),
    }),
    ...createEnginePages({ text: deps.text, clients: deps.clients, clock }),
  })

  const documents = createDocuments(deps.issuer)
  const published = createPublished(deps.watched, documents)
  let engine: Provider | undefined
  function provider(): Provider {
    if (!engine) throw new Error('the engine has no signing keys yet')
    return engine
  }

  function useKeys(keys: readonly object[]): void {
    const next = new Provider(deps.issuer, { ...configuration, jwks: { keys: [...keys] } } as Configuration)
    next.proxy = true
    replaceWeakParts(next, deps)
    keepClients(next, findOn)
    tellByJob(next, work)
    forgetStaleKeys(next)
    recordEngineEvents(next, { audit: deps.audit, work, clock, log, whoOf: (ctx) => deps.whoOf(ctx as unknown as Context) })
    engine = next
    documents.takeFrom(next)
  }

  return {
    middleware: watchEngine({ ...deps, published }, createMiddleware({ provider, work, form })),
    published,
    interactions: createInteractions({ ...deps, accounts: { find: ahead.account }, provider, work }),
    cookieKeys,
    useKeys,
    logoutToken: (news) => logoutToken(provider(), news),
  }
}

/** Where the engine leaves a gap, its own methods are replaced. Each has a test that fails without it. */
function replaceWeakParts(engine: Provider, deps: OidcDeps): void {
  const { clients, store, clock, secretGuesses, networkOf, acrNames } = deps
  // Secrets are stored hashed; the engine compares stored text.
  Object.assign(engine.Client.prototype, {
    async compareClientSecret(this: EngineClient, presented: string) {
      const client = await clients.find(this.clientId)
      if (client === null) return false
      const matches = asRegistered(this) && clients.secretMatches(client, presented)
      // A built-in client's secret is of 256 bits, and everybody else on this machine comes from the same network: no
      // number of wrong ones keeps it out.
      if (matches && OWN_PAGE_IDS.includes(client.id)) return true
      // Guesses are counted by network and by the client they are about, whatever else the request says.
      const subject = `${networkOf(Provider.ctx as unknown as Context)} ${client.id}`
      const retryAfterSeconds = secretGuesses.closedFor(subject)
      if (retryAfterSeconds !== null) throw new Refusal('too_many_requests', { retryAfterSeconds })
      if (!matches) secretGuesses.count(subject)
      return matches
    },
  })
  // OpenID Connect Core §5.5.1.1: whoever insists on one of some values is told one of them.
  Object.defineProperty(engine.OIDCContext.prototype, 'acr', {
    get(this: KoaContextWithOIDC['oidc']) {
      return acrToTell(takenAcr(this.session?.acr, this.account, deps), askedAcr(this.params ?? {}), acrNames)
    },
  })
  // RFC 7523 §3: a jti counts once. The engine looks and then saves, with room for another between the two.
  Object.assign(engine.ReplayDetection, {
    async unique(issuer: string, jti: string, expiresAt: number) {
      return store.unique(hashOf(`${issuer}\n${jti}`), new Date(expiresAt * 1000), clock.now())
    },
  })
}

function askedBy(ctx: KoaContextWithOIDC | undefined): Asked {
  const route = ctx?.oidc.route
  const clientId = route === 'authorization' ? ctx?.query.client_id : undefined
  const resumed = route === 'resume' ? ctx?.cookies.get(ctx.oidc.provider.cookieName('resume'), { signed: false }) : undefined
  return {
    anyToken: route === 'introspection' || route === 'revocation',
    clientId: typeof clientId === 'string' ? clientId : null,
    interactionUid: resumed ?? null,
  }
}

// RFC 6749 §2.3, R-018: the method that was registered and no other; the engine takes header and body alike.
function asRegistered(client: EngineClient): boolean {
  const inHeader = Provider.ctx?.get('authorization').toLowerCase().startsWith('basic ') ?? false
  return inHeader === (client.clientAuthMethod === 'client_secret_basic')
}
