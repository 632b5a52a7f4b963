import type { Context, Middleware } from 'koa'
import { AuthorizationResponseError } from 'openid-client'
import type { Clock, Log } from '../../base/index.ts'
import { ACCOUNT_CLIENT_ID, type Clients } from '../../clients/index.ts'
import { appViewOf } from '../../oidc/index.ts'
import type { Text } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import { stateOf } from '../request.ts'
import type { AccountClient } from './client.ts'
import type { Flows, PendingFlow } from './flow.ts'
import { freshWish, isStrong } from './fresh.ts'
import { HOME } from './own-path.ts'
import type { AccountSession, AccountSessions, SignedIn } from './session.ts'
import type { AccountVisit, AccountVisits } from './visit.ts'

export interface SignInPageDeps {
  issuer: string
  client: Pick<AccountClient, 'redeem'>
  flows: Flows
  sessions: Pick<AccountSessions, 'begin' | 'find'>
  visits: Pick<AccountVisits, 'present' | 'load' | 'show' | 'seeOther' | 'localeOf'>
  cookies: Cookies
  clients: Pick<Clients, 'find'>
  text: Text
  clock: Clock
  log: Log
}

/** The way to a session on the account page, and to a proof that is fresh enough: a request, and its answer. */
export function createSignInPages(deps: SignInPageDeps) {
  const { flows, visits, cookies } = deps

  async function toSignIn(ctx: Context, to: string, again = false): Promise<void> {
    visits.seeOther(ctx, await flows.start(ctx, { to, again, locale: visits.localeOf(ctx) }))
  }

  async function toStepUp(ctx: Context, visit: AccountVisit, to: string): Promise<void> {
    const stepUp = { ...freshWish(visit), accountId: visit.account.id }
    visits.seeOther(ctx, await flows.start(ctx, { to, locale: visit.locale, stepUp }))
  }

  /** `?to=` names a page of the account page. */
  const signIn: Middleware = (ctx) => toSignIn(ctx, String(ctx.query.to))

  /** Behind the guard: makes the proof of a person who is signed in fresh, and strong enough for what matters. */
  const stepUp: Middleware = async (ctx) => toStepUp(ctx, await visits.load(ctx), String(ctx.query.to))

  const callback: Middleware = async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    const answer = new URL(ctx.url, deps.issuer)
    const flow = flows.take(ctx, answer)
    if (!flow) return onceMore(ctx, answer, HOME)
    const signedIn = await redeemed(ctx, answer, flow)
    if (signedIn === 'failed') return onceMore(ctx, answer, flow.to)
    if (signedIn === 'refused') return refused(ctx)
    if (signedIn === 'unmet') return tellUnmet(ctx)
    return goOn(ctx, flow, await begin(ctx, signedIn))
  }

  async function redeemed(ctx: Context, answer: URL, flow: PendingFlow): Promise<SignedIn | 'refused' | 'unmet' | 'failed'> {
    try {
      return await deps.client.redeem(answer, flow)
    } catch (error) {
      if (error instanceof AuthorizationResponseError) {
        return error.error === 'unmet_authentication_requirements' ? 'unmet' : 'refused'
      }
      deps.log.warn({ err: error, request: stateOf(ctx).reference }, 'an answer to the account page could not be used')
      return 'failed'
    }
  }

  // whatever token the browser came with, it goes on with a new one.
  async function begin(ctx: Context, signedIn: SignedIn): Promise<AccountSession | null> {
    const token = await deps.sessions.begin(signedIn, cookies.account(ctx))
    cookies.setAccount(ctx, token)
    return token === null ? null : deps.sessions.find(token)
  }

  async function goOn(ctx: Context, flow: PendingFlow, session: AccountSession | null): Promise<void> {
    // Ended between the code and here: the page asks who is there, and finds nobody.
    if (!session) return showSignedOut(ctx)
    if (flow.accountId === null) return visits.seeOther(ctx, flow.to)
    // Somebody else than the one who was asked: nothing of what that one wanted.
    if (flow.accountId !== session.accountId) return visits.seeOther(ctx, HOME)
    if (!isStrong(session)) return tellUnmet(ctx)
    return visits.seeOther(ctx, flow.to)
  }

  /**
   * An answer that this browser does not wait for: another tab has asked since, or no cookie came. Whoever is signed in is
   * on the right page; anybody else is asked once more, and then by a button only.
   */
  async function onceMore(ctx: Context, answer: URL, to: string): Promise<void> {
    if (await visits.present(ctx)) return visits.seeOther(ctx, HOME)
    if (flows.wasAgain(answer)) return showSignedOut(ctx)
    return toSignIn(ctx, to, true)
  }

  /** The person turned back. Who is signed in still is. */
  async function refused(ctx: Context): Promise<void> {
    if (await visits.present(ctx)) return visits.seeOther(ctx, HOME)
    showSignedOut(ctx)
  }

  /** The person's proof is not enough for what they wanted, and what is missing cannot be had: no second round. */
  async function tellUnmet(ctx: Context): Promise<void> {
    const client = await deps.clients.find(ACCOUNT_CLIENT_ID)
    const error = { error: 'unmet_authentication_requirements', description: 'this needs a second factor', clientId: null }
    const where = { reference: stateOf(ctx).reference, at: deps.clock.now(), back: client && appViewOf(client) }
    ctx.status = 403
    ctx.type = 'html'
    ctx.body = deps.text.page('protocol-error', { ...error, ...where }, visits.localeOf(ctx))
  }

  function showSignedOut(ctx: Context): void {
    visits.show(ctx, { locale: visits.localeOf(ctx) }, 'account-signed-out', { goOnUrl: HOME, closed: false })
  }

  return { toSignIn, toStepUp, signIn, stepUp, callback }
}

export type SignInPages = ReturnType<typeof createSignInPages>
