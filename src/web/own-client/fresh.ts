import type { Context, Middleware } from 'koa'
import { handleOf } from '../../accounts/index.ts'
import { addSeconds, type Clock, Refusal } from '../../base/index.ts'
import type { Limits } from '../../limits/index.ts'
import type { StepUpWish } from './client.ts'
import type { Place } from './place.ts'
import type { OwnSession } from './session.ts'
import { type GuardOptions, type OwnVisit, type OwnVisits, pageOf } from './visit.ts'

/** A proof that is older allows nothing that matters. */
const FRESH_SECONDS = 10 * 60

/**
 * Whether a second factor was part of the sign-in where the person has an authenticator: a sign-in by mail alone is
 * not enough there, however young it is. Where the place wants one of everybody, whoever has no authenticator is
 * never strong: email and text together are nothing of one's own; a passkey is, also one that is asked for by nobody yet.
 */
export function isStrong(place: Place, { level, authenticators }: OwnSession): boolean {
  return authenticators > 0 ? level >= 2 : place.second === 'where_there_is_one' || level >= 4
}

/** Whether the person has just proven who they are, and enough. */
export function isFresh(place: Place, session: OwnSession, now: Date): boolean {
  return addSeconds(session.authTime, FRESH_SECONDS) >= now && isStrong(place, session)
}

/** What has to be shown for it. */
export function freshWish(place: Place, { session, account }: OwnVisit): StepUpWish {
  const withoutAny = place.second === 'always' ? 3 : 1
  const least = session.authenticators > 0 ? 2 : withoutAny
  return { maxAgeSeconds: FRESH_SECONDS, least, loginHint: handleOf(account) ?? undefined }
}

export interface FreshDeps {
  place: Place
  visits: Pick<OwnVisits, 'guarded' | 'load'>
  limits: Pick<Limits, 'take'>
  clock: Clock
  /** Leads to a sign-in that proves what is missing, and from there to `to`. */
  stepUp(ctx: Context, visit: OwnVisit, to: string): Promise<void>
}

/**
 * Guards of what matters. `fresh`: a proof that is young and strong enough, and not too many changes an hour. `strong`:
 * one that is strong enough, however old: a session from before the authenticator changes nothing any more. What is
 * missing is proven first, and the person comes back to the page.
 */
export function createFresh(deps: FreshDeps) {
  const { place, visits, clock } = deps

  function guardedBy(holds: (session: OwnSession, now: Date) => boolean, counted: boolean) {
    return (handler: Middleware, options: GuardOptions = {}): Middleware =>
      visits.guarded(async (ctx, next) => {
        const visit = await visits.load(ctx)
        const posted = ctx.method === 'POST'
        if (!holds(visit.session, clock.now())) return deps.stepUp(ctx, visit, posted ? pageOf(ctx, options.page) : ctx.url)
        if (posted && counted) await count(visit)
        return handler(ctx, next)
      }, options)
  }

  async function count({ account }: OwnVisit): Promise<void> {
    const taken = await deps.limits.take([{ limit: 'account-change', subject: account.id }])
    if (!taken.ok) throw new Refusal('too_many_requests', { retryAfterSeconds: taken.retryAfterSeconds })
  }

  return {
    fresh: guardedBy((session, now) => isFresh(place, session, now), true),
    strong: guardedBy((session) => isStrong(place, session), false),
  }
}

export type FreshGuards = ReturnType<typeof createFresh>
