import type { Context, Middleware } from 'koa'
import type { Account, Accounts } from '../../accounts/index.ts'
import type { Rescues, RescueView } from '../../rescue/index.ts'
import type { FormView, Text, ViewName, Views } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import type { Csrf } from '../middleware/csrf.ts'
import { onRequest } from '../request.ts'
import type { Place } from './place.ts'
import type { OwnSession, OwnSessions } from './session.ts'

/** One request of a person who is signed in at a place. */
export interface OwnVisit {
  session: OwnSession
  account: Account
  /** A rescue of the account that waits: every page tells of it. */
  rescue: RescueView | null
  locale: string
}

export interface GuardOptions {
  /** Of a form: the page it stands on, to which a person comes back from a sign-in; without it the form's own path. */
  page?: string | ((ctx: Context) => string)
}

export interface OwnVisitDeps<V extends OwnVisit> {
  place: Place
  sessions: Pick<OwnSessions, 'find'>
  accounts: Pick<Accounts, 'find'>
  rescues: Pick<Rescues, 'open'>
  text: Text
  csrf: Csrf
  cookies: Cookies
  /** Leads to a sign-in, and from there to the page that was asked for. */
  signIn(ctx: Context, to: string): Promise<void>
  /** What the place knows of a visit besides. */
  visitOf(ctx: Context, visit: OwnVisit): V
  /** Whether a handler failed because the session had been ended while it ran. */
  endedMeanwhile(error: unknown): boolean
}

/** Loads visits to a place, guards its handlers and draws its pages. */
export function createOwnVisits<V extends OwnVisit>(deps: OwnVisitDeps<V>) {
  const { place, text, csrf, cookies, sessions } = deps
  const visits = onRequest<Promise<V | null>>(`visit of ${place.clientId}`)
  // The session's own id, which no other session has and no page shows.
  const subjectOf = ({ session }: OwnVisit) => `${place.clientId}/${session.id}`

  /**
   * Who is signed in here; null where the session has ended, be it by time, by sign-out, from another browser, or with the
   * account.
   */
  function present(ctx: Context): Promise<V | null> {
    const loading = visits.get(ctx) ?? read(ctx)
    visits.set(ctx, loading)
    return loading
  }

  /** The same, asked anew: for an answer that takes longer than a request mostly does. */
  function again(ctx: Context): Promise<V | null> {
    visits.set(ctx, undefined)
    return present(ctx)
  }

  /** The same behind a guard, which has seen to it that there is somebody. */
  async function load(ctx: Context): Promise<V> {
    const visit = await present(ctx)
    if (!visit) throw new Error('a handler for people who are signed in stands behind no guard')
    return visit
  }

  async function read(ctx: Context): Promise<V | null> {
    const token = cookies.session(ctx, place.clientId)
    const session = token === undefined ? null : await sessions.find(token)
    const account = session && (await deps.accounts.find(session.accountId))
    if (!session || account?.state !== 'active') return null
    const rescue = await deps.rescues.open(account.id)
    return deps.visitOf(ctx, { session, account, rescue, locale: localeOf(ctx) })
  }

  /**
   * In front of every handler that is for people who are signed in. Without a session a page leads to the sign-in and
   * back, and a form to its page. Every form carries the token of its session.
   */
  function guarded(handler: Middleware, { page }: GuardOptions = {}): Middleware {
    return async (ctx, next) => {
      ctx.set('Cache-Control', 'no-store')
      const visit = await present(ctx)
      const posted = ctx.method === 'POST'
      if (!visit) return posted ? seeOther(ctx, pageOf(ctx, page)) : deps.signIn(ctx, ctx.url)
      if (posted) csrf.check(ctx, subjectOf(visit))
      try {
        return await handler(ctx, next)
      } catch (error) {
        // Nothing was done, and the person signs in again.
        if (deps.endedMeanwhile(error)) return seeOther(ctx, pageOf(ctx, page))
        throw error
      }
    }
  }

  /** The target of a form of the place, with its token. */
  function form(visit: OwnVisit, action: string): FormView {
    return { action, csrf: csrf.tokenFor(subjectOf(visit)) }
  }

  function show<N extends ViewName>(
    ctx: Context,
    { locale }: Pick<OwnVisit, 'locale'>,
    name: N,
    props: Views[N],
    status = 200,
  ): void {
    ctx.status = status
    ctx.type = 'html'
    ctx.set('Cache-Control', 'no-store')
    ctx.body = text.page(name, props, locale)
  }

  /** Every form that changes something ends here. */
  function seeOther(ctx: Context, path: string): void {
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Location', path)
    ctx.body = null
    ctx.status = 303
  }

  const localeOf = (ctx: Context) => text.chooseLocale(undefined, ctx.get('accept-language'))

  return { present, again, load, guarded, form, show, seeOther, localeOf }
}

export type OwnVisits<V extends OwnVisit = OwnVisit> = ReturnType<typeof createOwnVisits<V>>

/** The page that a guarded form belongs to. */
export function pageOf(ctx: Context, page: GuardOptions['page']): string {
  if (page === undefined) return ctx.path
  return typeof page === 'string' ? page : page(ctx)
}
