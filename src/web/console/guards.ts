import type { Context, Middleware } from 'koa'
import { AdminFault, type OperationName, operations } from '../../admin/index.ts'
import type { Audit } from '../../audit/index.ts'
import type { Clock } from '../../base/index.ts'
import { isFresh, isStrong } from '../own-client/fresh.ts'
import type { Place } from '../own-client/place.ts'
import { type GuardOptions, type OwnVisit, pageOf } from '../own-client/visit.ts'
import { whoOf } from '../request.ts'
import type { Shell } from './shell.ts'
import { type ConsoleVisits, may } from './visit.ts'

export interface ConsoleGuardDeps {
  place: Place
  visits: Pick<ConsoleVisits, 'own' | 'administratorOf' | 'form' | 'show' | 'seeOther'>
  shell: Pick<Shell, 'of' | 'refuse' | 'showFault'>
  audit: Pick<Audit, 'note'>
  clock: Clock
  /** Leads to a sign-in that proves what is missing, and from there to `to`. */
  stepUp(ctx: Context, visit: OwnVisit, to: string): Promise<void>
}

/**
 * In front of every page of the console. Account, role and session are asked anew; a page of an operation is
 * for the roles that may do it, and one that changes something wants a proof that is young. What an operation refuses
 * becomes a page.
 */
export function createConsoleGuards(deps: ConsoleGuardDeps) {
  const { place, visits, shell, clock } = deps

  /** For a page that asks for `name`, or a form that does it. A question and its answer share path and guard. */
  function page(name: OperationName, handler: Middleware, options: GuardOptions = {}): Middleware {
    return visits.own.guarded(async (ctx, next) => {
      const own = await visits.own.load(ctx)
      const posted = ctx.method === 'POST'
      const back = posted ? pageOf(ctx, options.page) : ctx.url
      const visit = visits.administratorOf(ctx, own)
      if (!visit) return refuse(ctx, own)
      if (!isStrong(place, own.session)) return deps.stepUp(ctx, own, back)
      if (!may(visit, name)) {
        await note(ctx, own, 'role')
        return shell.showFault(ctx, visit, 'forbidden')
      }
      const changes = operations[name].method !== 'GET'
      if (changes && !isFresh(place, own.session, clock.now())) return deps.stepUp(ctx, own, back)
      try {
        await handler(ctx, next)
      } catch (error) {
        if (!(error instanceof AdminFault) || error.code === 'unauthorized') throw error
        if (error.code === 'insufficient_user_authentication') return deps.stepUp(ctx, own, back)
        if (error.code === 'forbidden') return shell.showFault(ctx, visit, 'forbidden', error.detail)
        if (error.code === 'bad_request' && !posted) return shell.showFault(ctx, visit, 'no_page')
        if (error.code === 'not_found' && !posted) return shell.showFault(ctx, visit, 'not_found', error.detail)
        if (posted) return shell.refuse(ctx, error.code === 'not_found' ? place.home : pageOf(ctx, options.page), wordsOf(error))
        shell.showFault(ctx, visit, 'other', wordsOf(error))
      }
    }, options)
  }

  /** Whoever is signed in, and administers nothing. */
  async function refuse(ctx: Context, visit: OwnVisit): Promise<void> {
    await note(ctx, visit, 'no role')
    const props = {
      name: nameShown(visit),
      signOut: visits.form(visit, `${place.home}/sign-out`),
      other: visits.form(visit, `${place.home}/other-account`),
      accountUrl: '/account',
    }
    visits.show(ctx, visit, 'console-refused', props, 403)
  }

  async function note(ctx: Context, { account }: OwnVisit, reason: string): Promise<void> {
    await deps.audit.note('administrator.refused', { ...whoOf(ctx), accountId: account.id, detail: { reason } })
  }

  return { page, guarded: visits.own.guarded }
}

export type ConsoleGuards = ReturnType<typeof createConsoleGuards>

/** Why an operation was not done, with what is said of its fields. */
export function wordsOf({ detail, faults }: AdminFault): string {
  return [detail, ...faults.map(({ field, words }) => (field ? `${field}: ${words}` : words))].join(' ')
}

function nameShown({ account }: OwnVisit): string {
  return account.email ?? account.phone ?? account.id
}
