import type { Context, Middleware } from 'koa'
import { handleOf } from '../../accounts/index.ts'
import { addSeconds, type Clock } from '../../base/index.ts'
import type { StepUpWish } from './client.ts'
import type { AccountSession } from './session.ts'
import { type AccountVisit, type AccountVisits, type GuardOptions, pageOf } from './visit.ts'

/** A proof that is older allows nothing that matters. */
const FRESH_SECONDS = 10 * 60

/**
 * Whether a second factor was part of the sign-in where the person has an authenticator: a sign-in by mail alone is
 * not enough there, however young it is.
 */
export function isStrong({ level, authenticators }: AccountSession): boolean {
  return authenticators === 0 || level >= 2
}

/** Whether the person has just proven who they are, and enough. */
function isFresh(session: AccountSession, now: Date): boolean {
  return addSeconds(session.authTime, FRESH_SECONDS) >= now && isStrong(session)
}

/** What has to be shown for it. */
export function freshWish({ session, account }: AccountVisit): StepUpWish {
  const second = session.authenticators > 0
  return { maxAgeSeconds: FRESH_SECONDS, second, loginHint: handleOf(account) ?? undefined }
}

/** Guards what matters: a proof that is not fresh is made so first, and the person comes back to the page. */
export function createFresh(deps: {
  visits: Pick<AccountVisits, 'guarded' | 'load'>
  clock: Clock
  /** Leads to a sign-in that proves what is missing, and from there to `to`. */
  stepUp(ctx: Context, visit: AccountVisit, to: string): Promise<void>
}) {
  return function fresh(handler: Middleware, options: GuardOptions = {}): Middleware {
    return deps.visits.guarded(async (ctx, next) => {
      const visit = await deps.visits.load(ctx)
      if (isFresh(visit.session, deps.clock.now())) return handler(ctx, next)
      const to = ctx.method === 'POST' ? pageOf(ctx, options.page) : ctx.url
      return deps.stepUp(ctx, visit, to)
    }, options)
  }
}

export type Fresh = ReturnType<typeof createFresh>
