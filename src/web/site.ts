import type { Server } from 'node:http'
import type { Middleware } from 'koa'
import type { Accounts } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock, Log, Metrics, Secrets, Transact } from '../base/index.ts'
import type { Clients } from '../clients/index.ts'
import type { Delivery } from '../delivery/index.ts'
import type { LocalLimits } from '../limits/index.ts'
import type { ConsentStore, Oidc } from '../oidc/index.ts'
import type { Flow, KnownBrowsers, Prover } from '../signin/index.ts'
import type { Text } from '../text/index.ts'
import { createCookies } from './cookies.ts'
import { createDevInbox, type DevInboxDeps } from './dev-inbox.ts'
import { createEngineGuards } from './engine-guards.ts'
import { createCsrf } from './middleware/csrf.ts'
import { createErrors } from './middleware/errors.ts'
import { createRequestLog } from './middleware/request-log.ts'
import { createSecurityHeaders } from './middleware/security-headers.ts'
import { createRoutes } from './routes.ts'
import { createWebServer } from './server.ts'
import { createConsentSteps } from './sign-in/consent.ts'
import { createContinue } from './sign-in/continue.ts'
import { createDispatcher } from './sign-in/dispatcher.ts'
import { createLinkPage } from './sign-in/link-page.ts'
import { createSteps } from './sign-in/steps.ts'
import { createVisits } from './sign-in/visit.ts'

export interface SiteDeps {
  issuer: string
  trustedProxies: number
  bodyMaxBytes: number
  triesMax: number
  signupOpen: boolean
  /** Set in trial mode only. */
  trial: { inbox: DevInboxDeps['inbox'] | null; demoUrl: string | null } | null
  serveAsset: Middleware
  oidc: Oidc
  flow: Flow
  prover: Prover
  knownBrowsers: KnownBrowsers
  delivery: Delivery
  consents: ConsentStore
  accounts: Accounts
  clients: Clients
  localLimits: LocalLimits
  transact: Transact
  audit: Audit
  text: Text
  secrets: Secrets
  clock: Clock
  log: Log
  metrics: Metrics
}

/** Puts the screens together and answers the server for people and applications, not yet listening. */
export function createSite(deps: SiteDeps): Server {
  const { oidc, text, clock } = deps
  const { interactions } = oidc
  const secure = deps.issuer.startsWith('https:')
  const csrf = createCsrf(deps.secrets, deps.issuer)
  const cookies = createCookies(secure)
  const visits = createVisits({ interactions, flow: deps.flow, clients: deps.clients, text, csrf, cookies })
  const shared = { ...deps, visits, cookies, csrf, interactions }
  const consent = createConsentSteps(shared)

  const routes = createRoutes({
    serveAsset: deps.serveAsset,
    sameSite: csrf.sameSite,
    bodyMaxBytes: deps.bodyMaxBytes,
    unlessGoneOn: visits.unlessGoneOn,
    dispatcher: createDispatcher({ ...shared, consent }),
    steps: createSteps(shared),
    linkPage: createLinkPage(shared),
    onward: createContinue(shared),
    consent,
    trial: deps.trial && {
      inbox: deps.trial.inbox && createDevInbox({ inbox: deps.trial.inbox, text, csrf, issuer: deps.issuer }),
      demoUrl: deps.trial.demoUrl,
    },
    text,
  })

  return createWebServer({
    issuer: deps.issuer,
    trustedProxies: deps.trustedProxies,
    cookieKeys: oidc.cookieKeys,
    log: deps.log,
    middleware: [
      createRequestLog({ log: deps.log, clock, metrics: deps.metrics }),
      createSecurityHeaders(secure),
      createErrors({ text, log: deps.log, clock }),
      routes,
      createEngineGuards({ localLimits: deps.localLimits, bodyMaxBytes: deps.bodyMaxBytes }),
      oidc.middleware,
    ],
  })
}
