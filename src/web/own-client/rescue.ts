import type { Context, Middleware } from 'koa'
import { addSeconds, type Clock } from '../../base/index.ts'
import type { Rescues } from '../../rescue/index.ts'
import type { FormView, RescueBanner } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import { whoOf } from '../request.ts'
import { tellStopped } from '../rescue-stopped.ts'
import type { Place } from './place.ts'
import type { OwnVisit, OwnVisits } from './visit.ts'

export interface OwnRescueDeps {
  place: Place
  rescues: Pick<Rescues, 'cancel' | 'notMe' | 'spans'>
  visits: Pick<OwnVisits, 'load' | 'seeOther'>
  cookies: Cookies
  clock: Clock
}

/** The banner over every page of whoever is signed in at a place, while a rescue of the account waits. */
export function rescueBanner(
  visit: OwnVisit,
  place: Pick<Place, 'home'>,
  form: (action: string) => FormView,
): RescueBanner | null {
  const { rescue } = visit
  if (!rescue) return null
  const { startedBy, device, startedAt, opensAt, lapsesAt, ready } = rescue
  const forms = { stop: form(`${place.home}/rescue/stop`), notMe: form(`${place.home}/rescue/not-me`) }
  return { startedBy, device, startedAt, opensAt, lapsesAt, ready, ...forms }
}

/**
 * Its two buttons. A session is enough for both: what they do is to keep somebody out. `stopped` says on the place's own
 * page that it was done; null where nothing waits any more.
 */
export function createOwnRescue(deps: OwnRescueDeps, stopped: (ctx: Context, was: boolean) => void) {
  const { rescues, visits, cookies, clock } = deps
  const whereOf = (ctx: Context, { account }: OwnVisit) => ({
    ...whoOf(ctx),
    accountId: account.id,
    clientId: deps.place.clientId,
  })

  const stop: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    stopped(ctx, await rescues.cancel({ accountId: visit.account.id }, 'person', whereOf(ctx, visit)))
  }

  /** Ends every session, this one too: the page that says so needs none. */
  const notMe: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    // Over by now: then there is nothing that was not them.
    if (!visit.rescue) return stopped(ctx, false)
    const disowned = await rescues.notMe(visit.account.id, 'person', whereOf(ctx, visit))
    cookies.setSession(ctx, deps.place.clientId, null)
    tellStopped(ctx, deps, { notMe: true, lockedUntil: disowned ? addSeconds(clock.now(), rescues.spans.lock) : null })
  }

  return { stop, notMe }
}

export type OwnRescue = ReturnType<typeof createOwnRescue>
