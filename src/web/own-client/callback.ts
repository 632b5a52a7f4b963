import type { Context, Middleware } from 'koa'
import { AuthorizationResponseError } from 'openid-client'
import type { Clock, Log } from '../../base/index.ts'
import type { Clients } from '../../clients/index.ts'
import { appViewOf } from '../../oidc/index.ts'
import type { Text } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import { stateOf } from '../request.ts'
import type { OwnClient } from './client.ts'
import type { Flows, PendingFlow } from './flow.ts'
import { freshWish, isStrong } from './fresh.ts'
import type { Place } from './place.ts'
import type { OwnSession, OwnSessions, SignedIn } from './session.ts'
import type { OwnVisit, OwnVisits } from './visit.ts'

export interface SignInPageDeps {
  place: Place
  issuer: string
  client: Pick<OwnClient, 'redeem'>
  flows: Flows
  sessions: Pick<OwnSessions, 'begin' | 'find'>
  visits: Pick<OwnVisits, 'present' | 'load' | 'seeOther' | 'localeOf'>
  /** The page that says that nobody is signed in here. */
  showSignedOut(ctx: Context): void
  cookies: Cookies
  clients: Pick<Clients, 'find'>
  text: Text
  clock: Clock
  log: Log
}

/** The way to a session of a place, and to a proof that is fresh enough: a request, and its answer. */
export function createSignInPages(deps: SignInPageDeps) {
  const { place, flows, visits, cookies, showSignedOut } = deps

  async function toSignIn(ctx: Context, to: string, again = false): Promise<void> {
    visits.seeOther(ctx, await flows.start(ctx, { to, again, locale: visits.localeOf(ctx) }))
  }

  async function toStepUp(ctx: Context, visit: OwnVisit, to: string): Promise<void> {
    const stepUp = { ...freshWish(place, visit), accountId: visit.account.id }
    visits.seeOther(ctx, await flows.start(ctx, { to, locale: visit.locale, stepUp }))
  }

  /** `?to=` names a page of the place. */
  const signIn: Middleware = (ctx) => toSignIn(ctx, String(ctx.query.to))

  /** Behind the guard: makes the proof of a person who is signed in fresh, and strong enough for what matters. */
  const stepUp: Middleware = async (ctx) => toStepUp(ctx, await visits.load(ctx), String(ctx.query.to))

  /** A form, behind the guard: somebody else signs in, from the start. */
  const otherAccount: Middleware = async (ctx) => {
    visits.seeOther(ctx, await flows.start(ctx, { to: place.home, locale: visits.localeOf(ctx), otherAccount: true }))
  }

  const callback: Middleware = async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    const answer = new URL(ctx.url, deps.issuer)
    const flow = flows.take(ctx, answer)
    if (!flow) return onceMore(ctx, answer, place.home)
    const signedIn = await redeemed(ctx, answer, flow)
    if (signedIn === 'failed') return onceMore(ctx, answer, flow.to)
    if (signedIn === 'refused') return refused(ctx)
    if (signedIn === 'unmet') return tellUnmet(ctx)
    if (place.second === 'always' && signedIn.level < 2) return tellUnmet(ctx)
    return goOn(ctx, flow, await begin(ctx, signedIn))
  }

  async function redeemed(ctx: Context, answer: URL, flow: PendingFlow): Promise<SignedIn | 'refused' | 'unmet' | 'failed'> {
    try {
      return await deps.client.redeem(answer, flow)
    } catch (error) {
      if (error instanceof AuthorizationResponseError) {
        return error.error === 'unmet_authentication_requirements' ? 'unmet' : 'refused'
      }
      deps.log.warn(
        { err: error, place: place.clientId, request: stateOf(ctx).reference },
        'an answer to a page of ours could not be used',
      )
      return 'failed'
    }
  }

  // whatever token the browser came with, it goes on with a new one.
  async function begin(ctx: Context, signedIn: SignedIn): Promise<OwnSession | null> {
    const token = await deps.sessions.begin(signedIn, cookies.session(ctx, place.clientId))
    cookies.setSession(ctx, place.clientId, token)
    return token === null ? null : deps.sessions.find(token)
  }

  async function goOn(ctx: Context, flow: PendingFlow, session: OwnSession | null): Promise<void> {
    // Ended between the code and here: the page asks who is there, and finds nobody.
    if (!session) return showSignedOut(ctx)
    if (flow.accountId === null) return visits.seeOther(ctx, flow.to)
    // Somebody else than the one who was asked: nothing of what that one wanted.
    if (flow.accountId !== session.accountId) return visits.seeOther(ctx, place.home)
    if (!isStrong(place, session)) return tellUnmet(ctx)
    return visits.seeOther(ctx, flow.to)
  }

  /**
   * An answer that this browser does not wait for: another tab has asked since, or no cookie came. Whoever is signed in is
   * on the right page; anybody else is asked once more, and then by a button only.
   */
  async function onceMore(ctx: Context, answer: URL, to: string): Promise<void> {
    if (await visits.present(ctx)) return visits.seeOther(ctx, place.home)
    if (flows.wasAgain(answer)) return showSignedOut(ctx)
    return toSignIn(ctx, to, true)
  }

  /** The person turned back. Who is signed in still is. */
  async function refused(ctx: Context): Promise<void> {
    if (await visits.present(ctx)) return visits.seeOther(ctx, place.home)
    showSignedOut(ctx)
  }

  /** The person's proof is not enough for what they wanted, and what is missing cannot be had: no second round. */
  async function tellUnmet(ctx: Context): Promise<void> {
    const client = await deps.clients.find(place.clientId)
    const error = { error: 'unmet_authentication_requirements', description: 'this needs a second factor', clientId: null }
    const where = { reference: stateOf(ctx).reference, at: deps.clock.now(), back: client && appViewOf(client) }
    ctx.status = 403
    ctx.type = 'html'
    ctx.body = deps.text.page('protocol-error', { ...error, ...where }, visits.localeOf(ctx))
  }

  return { toSignIn, toStepUp, signIn, stepUp, otherAccount, callback }
}

export type SignInPages = ReturnType<typeof createSignInPages>
