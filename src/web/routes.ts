import bodyParser from '@koa/bodyparser'
import type { Middleware } from 'koa'
import { Refusal } from '../base/index.ts'
import type { Text } from '../text/index.ts'
import { type AccountPage, addAccountRoutes } from './account/routes.ts'
import { addConsoleRoutes, type ConsolePage } from './console/routes.ts'
import type { createDevInbox } from './dev-inbox.ts'
import { type createReceipts, RECEIPT_MAX } from './receipts.ts'
import { createRouters } from './routers.ts'
import type { ConsentSteps } from './sign-in/consent.ts'
import type { createContinue } from './sign-in/continue.ts'
import type { createDispatcher } from './sign-in/dispatcher.ts'
import type { Help } from './sign-in/help.ts'
import type { createLinkPage } from './sign-in/link-page.ts'
import type { createOtherChannel } from './sign-in/other-channel.ts'
import type { PasskeyScreens } from './sign-in/passkeys.ts'
import type { RescueScreens } from './sign-in/rescue.ts'
import type { SecondFactorScreens } from './sign-in/second-factor.ts'
import type { createSteps } from './sign-in/steps.ts'
import type { Work } from './sign-in/work.ts'

export interface RouteDeps {
  serveAsset: Middleware
  /** Null where there are none: then its path does not exist. */
  relatedOrigins: Middleware | null
  /** Refuses forms from other sites. */
  sameSite: Middleware
  bodyMaxBytes: number
  /** Leads a tab whose sign-in is finished to the page that says so. */
  unlessGoneOn: Middleware
  dispatcher: ReturnType<typeof createDispatcher>
  steps: ReturnType<typeof createSteps>
  otherChannel: ReturnType<typeof createOtherChannel>
  work: Work
  secondFactor: SecondFactorScreens
  /** Null where there are none; then their paths do not exist. */
  passkeys: PasskeyScreens | null
  rescue: RescueScreens
  help: Help
  linkPage: ReturnType<typeof createLinkPage>
  onward: ReturnType<typeof createContinue>
  consent: ConsentSteps
  account: AccountPage
  console: ConsolePage
  receipts: ReturnType<typeof createReceipts>
  /** Trial mode only; null elsewhere, and then its paths do not exist. */
  trial: { inbox: ReturnType<typeof createDevInbox> | null; demoUrl: string | null } | null
  text: Text
}

/**
 * Every path that is ours, with its guards. What is not here is the engine's (see oidc) or does not exist.
 */
export function createRoutes(deps: RouteDeps): Middleware {
  const routers = createRouters()
  const { dispatcher, steps, otherChannel, work, secondFactor, passkeys, rescue, linkPage, onward, consent } = deps
  // A form has few fields of one line each.
  const form: Middleware = bodyParser({
    enableTypes: ['form'],
    formLimit: deps.bodyMaxBytes,
    parsedMethods: ['POST'],
    patchNode: false,
    encoding: 'utf-8',
    onError: unreadable,
  }) as unknown as Middleware
  const receipt = (desk: keyof typeof RECEIPT_MAX) => [
    bodyParser({
      enableTypes: ['text'],
      textLimit: RECEIPT_MAX[desk],
      extendTypes: { text: ['*/*'] },
      parsedMethods: ['POST'],
      patchNode: false,
      encoding: 'utf-8',
      onError: unreadable,
    }) as unknown as Middleware,
    deps.receipts[desk],
  ]
  const post = (path: string, ...handlers: Middleware[]) => routers.post(path, deps.sameSite, form, ...handlers)
  const { get } = routers
  const step = (path: string, handler: Middleware) => post(`/sign-in/:uid/${path}`, deps.unlessGoneOn, handler)

  get('/assets/:file', deps.serveAsset)
  if (deps.relatedOrigins) get('/.well-known/webauthn', deps.relatedOrigins)

  get('/stayed', (ctx) => {
    ctx.type = 'html'
    ctx.body = deps.text.page('stayed', {}, deps.text.chooseLocale(undefined, ctx.get('accept-language')))
  })

  get('/sign-in/:uid', dispatcher.show)
  get('/sign-in/:uid/state', dispatcher.state)
  step('identify', steps.identify)
  step('answer', steps.answer)
  step('resend', steps.resend)
  step('retry', steps.retry)
  step('restart', steps.restart)
  step('again', steps.again)
  step('text', otherChannel.text)
  step('digits', otherChannel.digits)
  step('email', otherChannel.email)
  step('second', otherChannel.second)
  step('work', work.answer)
  step('way', secondFactor.way)
  step('other-way', secondFactor.otherWay)
  step('without', secondFactor.without)
  step('factor', secondFactor.answer)
  step('enrol', secondFactor.enrol)
  step('enrol-code', secondFactor.enrolCode)
  step('keep-codes', secondFactor.keepCodes)
  if (passkeys) addPasskeySteps(step, passkeys)
  get('/sign-in/:uid/rescue', rescue.show)
  step('rescue/prove', rescue.prove)
  step('rescue/begin', rescue.begin)
  step('rescue/stop', rescue.stop)
  step('rescue/set-up', rescue.setUp)
  get('/sign-in/:uid/help', deps.help.show)
  get('/sign-in/:uid/link/:token', linkPage.show)
  step('link/:token', steps.link)
  get('/sign-in/:uid/continue', onward.go)
  step('continue', onward.press)
  step('switch', onward.switchAccount)
  step('keep', onward.keep)
  step('leave', onward.leave)
  step('consent', consent.answer)
  step('other', onward.other)

  addAccountRoutes({ get, post }, deps.account)
  addConsoleRoutes({ get, post }, deps.console)

  // From providers of mail and texts: signed, read as it came, no form of a person's.
  routers.post('/receipts/sns', ...receipt('sns'))
  routers.post('/receipts/twilio', ...receipt('twilio'))
  routers.post('/receipts/delivery', ...receipt('generic'))

  // The engine's form on our page: it has a token of its own, and goes on to the engine.
  routers.post('/logout/confirm', deps.sameSite)

  if (deps.trial) addTrialRoutes(get, post, deps.trial, deps.text)
  return routers.middleware()
}

// What was said to be compressed and is not has no status of its own, and is the sender's fault like all else here.
function unreadable(cause: Error): never {
  throw 'status' in cause ? cause : new Refusal('bad_request', { cause })
}

function addPasskeySteps(step: (path: string, handler: Middleware) => unknown, passkeys: PasskeyScreens): void {
  step('passkey/options', passkeys.signInOptions)
  step('passkey', passkeys.signIn)
  step('factor-passkey/options', passkeys.secondOptions)
  step('factor-passkey', passkeys.second)
  step('passkey-new/options', passkeys.newOptions)
  step('passkey-new', passkeys.make)
  step('passkey-offer', passkeys.decline)
}

type Add = (path: string, ...handlers: Middleware[]) => unknown

function addTrialRoutes(get: Add, post: Add, trial: NonNullable<RouteDeps['trial']>, text: Text): void {
  const { inbox, demoUrl } = trial
  get('/', (ctx) => {
    ctx.type = 'html'
    const locale = text.chooseLocale(undefined, ctx.get('accept-language'))
    ctx.body = text.page('start', { demoUrl, inboxUrl: inbox ? '/dev/inbox' : null }, locale)
  })
  if (!inbox) return
  get('/dev/inbox', inbox.ownHost, inbox.page)
  get('/dev/inbox.json', inbox.ownHost, inbox.json)
  get('/dev/inbox/:id/:part', inbox.ownHost, inbox.show)
  post('/dev/inbox/empty', inbox.empty)
}
