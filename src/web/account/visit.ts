import type { Context, Middleware } from 'koa'
import type { Account, Accounts } from '../../accounts/index.ts'
import { type Actor, type KeepCodes, SessionEnded } from '../../selfservice/index.ts'
import type { AccountViews, FormView, Text } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import { deviceInWords } from '../device-words.ts'
import type { Csrf } from '../middleware/csrf.ts'
import { whoOf } from '../request.ts'
import type { AccountSession, AccountSessions } from './session.ts'

/** One request of a person who is signed in on the account page. */
export interface AccountVisit {
  session: AccountSession
  account: Account
  locale: string
  /** Who asks, for the verbs of selfservice. */
  actor: Actor
}

export interface GuardOptions {
  /** Of a form: the page it stands on, to which a person comes back from a sign-in; without it the form's own path. */
  page?: string | ((ctx: Context) => string)
}

export interface AccountVisitDeps {
  sessions: Pick<AccountSessions, 'find' | 'strengthen' | 'codesOf' | 'keepCodes' | 'takeCodes'>
  accounts: Pick<Accounts, 'find'>
  text: Text
  csrf: Csrf
  cookies: Cookies
  /** Leads to a sign-in, and from there to the page that was asked for. */
  signIn(ctx: Context, to: string): Promise<void>
}

/** Loads visits to the account page, guards its handlers and draws its pages. */
export function createAccountVisits(deps: AccountVisitDeps) {
  const { text, csrf, cookies, sessions } = deps
  const visits = new WeakMap<Context, Promise<AccountVisit | null>>()

  /**
   * Who is signed in here; null where the session has ended, be it by time, by sign-out, from another browser, or with the
   * account.
   */
  function present(ctx: Context): Promise<AccountVisit | null> {
    const loading = visits.get(ctx) ?? read(ctx)
    visits.set(ctx, loading)
    return loading
  }

  /** The same behind a guard, which has seen to it that there is somebody. */
  async function load(ctx: Context): Promise<AccountVisit> {
    const visit = await present(ctx)
    if (!visit) throw new Error('a handler for people who are signed in stands behind no guard')
    return visit
  }

  async function read(ctx: Context): Promise<AccountVisit | null> {
    const token = cookies.account(ctx)
    const session = token === undefined ? null : await sessions.find(token)
    const account = session && (await deps.accounts.find(session.accountId))
    if (!session || account?.state !== 'active') return null
    const locale = localeOf(ctx)
    const device = deviceInWords(ctx, text, locale)
    const who = { ...whoOf(ctx), accountId: account.id }
    return {
      session,
      account,
      locale,
      actor: {
        accountId: account.id,
        sessionUid: session.sessionUid,
        accountSessionId: session.id,
        locale: account.locale ?? locale,
        device,
        who,
      },
    }
  }

  /**
   * In front of every handler that is for one's own account. Without a session a page leads to the sign-in and back, and a
   * form to its page. Every form carries the token of its session.
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
        // It was ended while this ran: nothing was done, and the person signs in again.
        if (error instanceof SessionEnded) return seeOther(ctx, pageOf(ctx, page))
        throw error
      }
    }
  }

  /** The target of a form on the account page, with its token. */
  function form(visit: AccountVisit, action: string): FormView {
    return { action, csrf: csrf.tokenFor(subjectOf(visit)) }
  }

  function show<N extends keyof AccountViews>(
    ctx: Context,
    { locale }: Pick<AccountVisit, 'locale'>,
    name: N,
    props: AccountViews[N],
    status = 200,
  ): void {
    ctx.status = status
    ctx.type = 'html'
    ctx.set('Cache-Control', 'no-store')
    ctx.body = text.page(name, props as never, locale)
  }

  /** Every POST ends here. */
  function seeOther(ctx: Context, path: string): void {
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Location', path)
    ctx.body = null
    ctx.status = 303
  }

  const localeOf = (ctx: Context) => text.chooseLocale(undefined, ctx.get('accept-language'))

  return {
    present,
    load,
    guarded,
    form,
    show,
    seeOther,
    localeOf,
    /** An authenticator was proven in this session, which goes on under a new token. */
    async strengthen(ctx: Context, { session }: AccountVisit): Promise<void> {
      const token = await sessions.strengthen(session, cookies.account(ctx))
      if (token) cookies.setAccount(ctx, token)
    },
    /** Recovery codes that the person has not kept yet; null when there are none. They end with the session. */
    codesToKeep: async ({ session }: AccountVisit) => sessions.codesOf(session),
    /** New ones wait in this session until they are forgotten. */
    keepCodes:
      ({ session }: AccountVisit): KeepCodes =>
      (tx, codes) =>
        sessions.keepCodes(tx, session.id, codes),
    forgetCodes: ({ session }: AccountVisit) => sessions.takeCodes(session.id),
  }
}

export type AccountVisits = ReturnType<typeof createAccountVisits>

/** The page that a guarded form belongs to. */
export function pageOf(ctx: Context, page: GuardOptions['page']): string {
  if (page === undefined) return ctx.path
  return typeof page === 'string' ? page : page(ctx)
}

// The session's own id, which no other session has and no page shows.
function subjectOf({ session }: AccountVisit): string {
  return `account/${session.id}`
}
