import type { Context, Middleware } from 'koa'
import { AdminFault, type FirstAdministrator, type LinkState } from '../../admin/index.ts'
import type { Clock, Transact, Tx } from '../../base/index.ts'
import { isFresh } from '../own-client/fresh.ts'
import type { Place } from '../own-client/place.ts'
import type { OwnVisit } from '../own-client/visit.ts'
import { whoOf } from '../request.ts'
import type { ConsoleVisits } from './visit.ts'

export interface FirstPageDeps {
  place: Place
  first: Pick<FirstAdministrator, 'judge' | 'claim'>
  /** Whether the session still is there; until the transaction ends nobody ends it. */
  stands(tx: Tx, sessionId: string): Promise<boolean>
  transact: Transact
  visits: Pick<ConsoleVisits, 'own' | 'show' | 'seeOther' | 'form' | 'localeOf'>
  clock: Clock
  /** Leads to a sign-in that proves what is missing, and from there to `to`. */
  stepUp(ctx: Context, visit: OwnVisit, to: string): Promise<void>
}

/**
 * `/admin/first/:token`, the link for the first administrator. Opening it changes nothing, whoever does: it leads
 * to the console's own sign-in, with a second factor, and then asks. Once somebody has pressed the button it is gone for
 * everybody.
 */
export function createFirstPage(deps: FirstPageDeps) {
  const { first, visits, place, clock } = deps

  const show: Middleware = async (ctx, next) => {
    const state = await first.judge(tokenOf(ctx), clock.now())
    return state === 'open' ? ask(ctx, next) : over(ctx, state)
  }

  const ask = visits.own.guarded(async (ctx) => {
    const visit = await visits.own.load(ctx)
    if (!isFresh(place, visit.session, clock.now())) return deps.stepUp(ctx, visit, ctx.path)
    const { account } = visit
    visits.show(ctx, visit, 'console-first', {
      name: account.email ?? account.phone ?? account.id,
      claim: visits.form(visit, ctx.path),
      other: visits.form(visit, `${place.home}/other-account`),
    })
  })

  const claim = visits.own.guarded(async (ctx) => {
    const visit = await visits.own.load(ctx)
    const now = clock.now()
    if (!isFresh(place, visit.session, now)) return deps.stepUp(ctx, visit, ctx.path)
    const state = await deps.transact(async (tx) => {
      if (!(await deps.stands(tx, visit.session.id))) throw new AdminFault('unauthorized', 'The session has ended.')
      return first.claim(tx, { token: tokenOf(ctx), accountId: visit.account.id, who: whoOf(ctx), now })
    })
    return state === 'open' ? visits.seeOther(ctx, place.home) : over(ctx, state)
  })

  function over(ctx: Context, state: Exclude<LinkState, 'open'>): void {
    visits.show(ctx, { locale: visits.localeOf(ctx) }, 'console-first-over', { state, goOnUrl: place.home }, 410)
  }

  return { show, claim }
}

export type FirstPage = ReturnType<typeof createFirstPage>

const tokenOf = (ctx: Context) => String(ctx.params.token)
