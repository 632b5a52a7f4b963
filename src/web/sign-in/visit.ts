import type { Context, Middleware } from 'koa'
import { type Clock, Refusal } from '../../base/index.ts'
import { type Clients, isOn, type SignInMethod } from '../../clients/index.ts'
import { appViewOf, type Interactions, type InteractionView } from '../../oidc/index.ts'
import type { Asker, Attempt, Flow, Requirement, SecondFactor } from '../../signin/index.ts'
import type { AppView, FormView, Text, ViewName, Views } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import { deviceInWords } from '../device-words.ts'
import type { Csrf } from '../middleware/csrf.ts'
import { networkOf, onRequest, stateOf, whoOf } from '../request.ts'
import { countriesFor } from './countries.ts'

/** One request to a screen of a sign-in, with what is stored about it. */
export interface Visit {
  uid: string
  /** The request comes from the browser that the interaction was begun in. */
  sameBrowser: boolean
  /** Null when it has ended, and always in another browser. */
  interaction: InteractionView | null
  /** Newest first. */
  attempts: readonly Attempt[]
  app: AppView
  locale: string
  asker(): Asker
  /** What a sign-in that begins now must reach. */
  requirement: Requirement
  /** What may begin it, by the application's own rule. */
  methods: readonly SignInMethod[]
  /** How long the application waits from the begin of a rescue on, by its own rule; in seconds. */
  rescueWaitSeconds: number
}

export interface VisitDeps {
  interactions: Interactions
  flow: Pick<Flow, 'history'>
  clients: Pick<Clients, 'find'>
  text: Text
  csrf: Csrf
  cookies: Cookies
  /** Where the client has no rule of its own. */
  secondFactorPolicy: SecondFactor
  clock: Clock
  phoneCountry: string | null
  smsCountries: readonly string[] | null
}

/** A visit to an open interaction, from the browser it belongs to. */
export type OpenVisit = Visit & { interaction: InteractionView }

const METHODS: readonly SignInMethod[] = ['email', 'sms']

const UID = /^[A-Za-z0-9_-]{21,64}$/

/** Loads visits and draws their pages. */
export function createVisits(deps: VisitDeps) {
  const { interactions, clients, text, csrf } = deps

  const visits = onRequest<Promise<Visit>>('visit')

  /** What is known of `/sign-in/:uid`, from any browser. Throws `Refusal('sign_in_not_open')` when nothing is. */
  function load(ctx: Context): Promise<Visit> {
    const loading = visits.get(ctx) ?? read(ctx)
    visits.set(ctx, loading)
    return loading
  }

  async function read(ctx: Context): Promise<Visit> {
    const uid = String(ctx.params.uid)
    if (!UID.test(uid)) throw new Refusal('sign_in_not_open')
    const sameBrowser = interactions.isSameBrowser(ctx, uid)
    const [interaction, attempts] = await Promise.all([sameBrowser ? interactions.find(uid) : null, deps.flow.history(uid)])
    const clientId = interaction?.clientId ?? attempts[0]?.clientId
    const client = clientId === undefined ? null : await clients.find(clientId)
    if (!client) throw new Refusal('sign_in_not_open')
    const app = appViewOf(client)
    stateOf(ctx).app = app
    if (!isOn(client, deps.clock.now())) throw new Refusal('application_off')
    if (interaction) stateOf(ctx).formTargets = [interaction.redirectUri]
    const locale = text.chooseLocale(interaction?.uiLocales, ctx.get('accept-language'))
    const secondFactor = client.policy.secondFactor ?? deps.secondFactorPolicy
    const requirement = { secondFactor, acr: interaction?.acr ?? null }
    const methods = client.policy.methods ?? METHODS
    const rescueWaitSeconds = client.policy.rescueDelaySeconds ?? 0
    const stored = { uid, sameBrowser, interaction, attempts, app, locale, requirement, methods, rescueWaitSeconds }
    let asker: Asker | undefined
    return {
      ...stored,
      // Most pages need not know who asks.
      asker() {
        asker ??= askerOf(ctx, locale)
        return asker
      },
    }
  }

  /** In front of every form: a tab whose sign-in another tab has finished is told so, whatever it posts. */
  const unlessGoneOn: Middleware = async (ctx, next) => {
    const visit = await load(ctx)
    const goneOn = visit.sameBrowser && !visit.interaction && visit.attempts[0]?.state === 'proven'
    if (goneOn) return seeOther(ctx, `/sign-in/${visit.uid}`)
    return next()
  }

  /** The same, for what only the person's own browser may do. */
  async function loadOpen(ctx: Context): Promise<OpenVisit> {
    const visit = await load(ctx)
    if (!visit.interaction) throw new Refusal('sign_in_not_open')
    return visit as OpenVisit
  }

  /** An open visit to an interaction of this kind, whose form carries its token: for every POST. */
  async function loadPosted(ctx: Context, kind: InteractionView['kind']): Promise<OpenVisit> {
    const visit = await loadOpen(ctx)
    csrf.check(ctx, visit.uid)
    if (visit.interaction.kind !== kind) throw new Refusal('bad_request')
    return visit
  }

  function askerOf(ctx: Context, locale: string): Asker {
    const device = deviceInWords(ctx, text, locale)
    const countries = countriesFor(ctx.get('accept-language'), deps)
    const cookies = { knownCookie: deps.cookies.known(ctx), deviceToken: deps.cookies.device(ctx) }
    return { ipSubject: networkOf(ctx), ...cookies, device, locale, countries, who: whoOf(ctx) }
  }

  function form(visit: Visit, step: string): FormView {
    return { action: `/sign-in/${visit.uid}/${step}`, csrf: csrf.tokenFor(visit.uid) }
  }

  function show<N extends ViewName>(ctx: Context, visit: Visit, name: N, props: Omit<Views[N], 'app'>, status = 200): void {
    ctx.status = status
    ctx.type = 'html'
    ctx.set('Cache-Control', 'no-store')
    const foot = visit.interaction?.kind === 'login' && name !== 'help' ? { helpUrl: `/sign-in/${visit.uid}/help` } : {}
    ctx.body = text.page(name, { ...foot, ...props, app: visit.app } as unknown as Views[N], visit.locale)
  }

  /** Every POST ends here: a reload, the back button and a second tap all meet a page that is asked for by GET. */
  function seeOther(ctx: Context, path: string): void {
    ctx.status = 303
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Location', path)
    ctx.body = null
    ctx.status = 303
  }

  return { load, unlessGoneOn, loadOpen, loadPosted, form, show, seeOther }
}

export type Visits = ReturnType<typeof createVisits>
