import type { Server } from 'node:http'
import type { Middleware } from 'koa'
import type { Accounts } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock, Log, Metrics, Secrets, Transact } from '../base/index.ts'
import type { Clients } from '../clients/index.ts'
import type { Delivery } from '../delivery/index.ts'
import type { LocalLimits } from '../limits/index.ts'
import type { ConsentStore, Oidc } from '../oidc/index.ts'
import type { Rescues } from '../rescue/index.ts'
import type {
  Devices,
  Flow,
  KnownBrowsers,
  Passkeys,
  ProofOfWork,
  Prover,
  SecondChannel,
  SecondFactor,
  SecondFactorFlow,
} from '../signin/index.ts'
import type { Text } from '../text/index.ts'
import { type AccountPageParts, createAccountPage } from './account/account-page.ts'
import { type ConsoleParts, createConsole } from './console/console-page.ts'
import { createCookies } from './cookies.ts'
import { createDevInbox, type DevInboxDeps } from './dev-inbox.ts'
import { createEngineGuards } from './engine-guards.ts'
import { createCsrf } from './middleware/csrf.ts'
import { createErrors } from './middleware/errors.ts'
import { createRequestLog } from './middleware/request-log.ts'
import { createSecurityHeaders } from './middleware/security-headers.ts'
import { createPublishedAnswers } from './published-answers.ts'
import type { createReceipts } from './receipts.ts'
import { createRelatedOrigins } from './related-origins.ts'
import { createRoutes } from './routes.ts'
import { createWebServer } from './server.ts'
import { createConsentSteps } from './sign-in/consent.ts'
import { createContinue } from './sign-in/continue.ts'
import { createDispatcher } from './sign-in/dispatcher.ts'
import { createFinish } from './sign-in/finish.ts'
import { createGoOn } from './sign-in/go-on.ts'
import { createHelp } from './sign-in/help.ts'
import { createLastQuestion } from './sign-in/last-question.ts'
import { createLinkPage } from './sign-in/link-page.ts'
import { createOtherChannel } from './sign-in/other-channel.ts'
import { createPasskeyScreens } from './sign-in/passkeys.ts'
import { createRescueScreens } from './sign-in/rescue.ts'
import { createRescueWait } from './sign-in/rescue-wait.ts'
import { createSecondFactorScreens } from './sign-in/second-factor.ts'
import { createSteps } from './sign-in/steps.ts'
import { createVisits } from './sign-in/visit.ts'
import { createWork } from './sign-in/work.ts'

export interface SiteDeps {
  issuer: string
  trustedProxies: number
  bodyMaxBytes: number
  triesMax: number
  signupOpen: boolean
  /** Origins besides the issuer whose pages may use its passkeys. */
  relatedOrigins: readonly string[]
  receipts: ReturnType<typeof createReceipts>
  /** Set in trial mode only. */
  trial: { inbox: DevInboxDeps['inbox'] | null; demoUrl: string | null } | null
  serveAsset: Middleware
  account: AccountPageParts
  /** The admin API, where it has no port of its own. */
  adminApi: Middleware | null
  console: ConsoleParts
  oidc: Oidc
  flow: Flow
  prover: Prover
  secondChannel: SecondChannel
  proofOfWork: ProofOfWork
  secondFactor: SecondFactorFlow
  secondFactorPolicy: SecondFactor
  /** Null where they are off. */
  passkeys: Passkeys | null
  devices: Devices
  rescues: Rescues
  /** Where people write who cannot get in: `mailto:` or https. */
  helpContact: string | null
  /** Whether text messages can be sent. */
  texts: boolean
  phoneCountry: string | null
  smsCountries: readonly string[] | null
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
  const visits = createVisits({ ...deps, interactions, csrf, cookies })
  const rescueWait = createRescueWait({ ...deps, visits, interactions })
  const lastQuestion = createLastQuestion({ ...deps, interactions, rescueWait, cookies })
  const finish = createFinish({ ...deps, visits, interactions, cookies })
  const goOn = createGoOn({ ...deps, visits, interactions, cookies, lastQuestion, finish })
  const shared = { ...deps, visits, cookies, csrf, interactions, rescueWait, lastQuestion, finish, goOn }
  const consent = createConsentSteps(shared)
  const work = createWork(shared)
  const rescue = createRescueScreens(shared)
  const passkeyScreens = deps.passkeys && createPasskeyScreens({ ...shared, passkeys: deps.passkeys, rescue })
  const screens = { ...shared, rescue, passkeyScreens }
  const secondFactorScreens = createSecondFactorScreens({ ...screens, issuerHost: new URL(deps.issuer).host })

  const routes = createRoutes({
    serveAsset: deps.serveAsset,
    relatedOrigins: deps.relatedOrigins.length === 0 ? null : createRelatedOrigins([deps.issuer, ...deps.relatedOrigins]),
    sameSite: csrf.sameSite,
    bodyMaxBytes: deps.bodyMaxBytes,
    unlessGoneOn: visits.unlessGoneOn,
    dispatcher: createDispatcher({ ...screens, consent, work, secondFactorScreens }),
    steps: createSteps(screens),
    otherChannel: createOtherChannel(shared),
    work,
    secondFactor: secondFactorScreens,
    passkeys: passkeyScreens,
    rescue,
    help: createHelp(shared),
    linkPage: createLinkPage(shared),
    onward: createContinue(screens),
    consent,
    account: createAccountPage(shared, deps.account),
    console: createConsole(shared, deps.console),
    receipts: deps.receipts,
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
    answerAtOnce: createPublishedAnswers({ ...deps, published: oidc.published, secure }),
    middleware: [
      createRequestLog(deps),
      createSecurityHeaders(secure),
      ...(deps.adminApi ? [deps.adminApi] : []), // it answers its own errors
      createErrors({ text, log: deps.log, clock }),
      routes,
      createEngineGuards({ localLimits: deps.localLimits, bodyMaxBytes: deps.bodyMaxBytes }),
      oidc.middleware,
    ],
  })
}

/** The server of the admin API alone, where it has a port of its own; not yet listening. */
export function createAdminSite(
  deps: Pick<SiteDeps, 'issuer' | 'trustedProxies' | 'text' | 'log' | 'clock' | 'metrics'> & { api: Middleware },
): Server {
  return createWebServer({
    issuer: deps.issuer,
    trustedProxies: deps.trustedProxies,
    cookieKeys: null,
    log: deps.log,
    answerAtOnce: null,
    middleware: [createRequestLog(deps), createSecurityHeaders(deps.issuer.startsWith('https:')), deps.api, createErrors(deps)],
  })
}
