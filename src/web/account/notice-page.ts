import type { Context, Middleware } from 'koa'
import { addSeconds, type Clock } from '../../base/index.ts'
import type { Notice, Notices } from '../../notices/index.ts'
import type { Rescues, RescueView } from '../../rescue/index.ts'
import type { Selfservice } from '../../selfservice/index.ts'
import type { Cookies } from '../cookies.ts'
import type { Csrf } from '../middleware/csrf.ts'
import { whoOf } from '../request.ts'
import { tellStopped } from '../rescue-stopped.ts'
import { spanOf } from '../span.ts'
import { PATHS } from './screens/deps.ts'
import type { AccountVisits } from './visit.ts'

const PATH = '/account/notice'
/** Where the browser is led from the address with the token. */
const DONE_PATH = '/account/notice-done'
const FLASH = 'notice'
const KIND = /^[a-z_]{1,40}$/

/**
 * The link in a mail about the account. It needs no session, since whoever objects may be locked out by then, and it gives
 * none. Opening it changes nothing, whoever does; the button does, once.
 */
export function createNoticePage(deps: {
  notices: Pick<Notices, 'byToken'>
  selfservice: Pick<Selfservice, 'object'>
  rescues: Pick<Rescues, 'open' | 'cancel' | 'spans'>
  visits: Pick<AccountVisits, 'show' | 'seeOther' | 'localeOf'>
  csrf: Csrf
  cookies: Cookies
  clock: Clock
}) {
  const { visits, csrf, cookies, rescues } = deps
  const tokenOf = (ctx: Context) => String(ctx.params.token)
  const subjectOf = (token: string) => `notice/${token}`

  const show: Middleware = async (ctx) => {
    const token = tokenOf(ctx)
    const notice = await deps.notices.byToken(token)
    if (!notice?.objectUntil) return tooLate(ctx)
    if (isOfRescue(notice)) return showRescue(ctx, token, notice)
    const { kind, values, device, at, objectUntil } = notice
    const form = { action: `${PATH}/${token}`, csrf: csrf.tokenFor(subjectOf(token)) }
    visits.show(ctx, here(ctx), 'account-notice', { kind, values, device, at, objectUntil, form })
  }

  const object: Middleware = async (ctx) => {
    const token = tokenOf(ctx)
    csrf.check(ctx, subjectOf(token))
    const notice = await deps.notices.byToken(token)
    const rescue = notice && isOfRescue(notice) ? notice : null
    const open = rescue && (await rescueOf(rescue))
    // Over by now: then there is nothing that was not them.
    if (rescue && !open) return visits.seeOther(ctx, `${PATH}/${token}`)
    const objected = await deps.selfservice.object(token, whoOf(ctx))
    if (!objected) return visits.seeOther(ctx, `${PATH}/${token}`)
    if (rescue) {
      const locks = open?.startedBy !== 'administrator'
      const lockedUntil = locks ? addSeconds(deps.clock.now(), rescues.spans.lock) : null
      return tellStopped(ctx, deps, { notMe: true, lockedUntil })
    }
    cookies.setFlash(ctx, FLASH, objected.kind)
    visits.seeOther(ctx, DONE_PATH)
  }

  async function showRescue(ctx: Context, token: string, notice: Notice): Promise<void> {
    const rescue = await rescueOf(notice)
    if (!rescue) return tooLate(ctx)
    const { startedBy, device, startedAt, opensAt, lapsesAt, ready } = rescue
    const own = csrf.tokenFor(subjectOf(token))
    visits.show(ctx, here(ctx), 'account-notice-rescue', {
      ...{ startedBy, device, startedAt, opensAt, lapsesAt, ready },
      lock: spanOf(rescues.spans.lock),
      stop: { action: `${PATH}/${token}/stop`, csrf: own },
      notMe: { action: `${PATH}/${token}`, csrf: own },
    })
  }

  /** Stops the rescue that the notice tells of, and nothing else. */
  const stop: Middleware = async (ctx) => {
    const token = tokenOf(ctx)
    csrf.check(ctx, subjectOf(token))
    const notice = await deps.notices.byToken(token)
    const rescueId = notice?.undo.rescueId
    const stopped = rescueId && (await rescues.cancel({ rescueId }, 'notice', whoOf(ctx)))
    if (!stopped) return visits.seeOther(ctx, `${PATH}/${token}`)
    tellStopped(ctx, deps, { notMe: false })
  }

  /** The rescue that the notice tells of, while it waits. */
  async function rescueOf({ accountId, undo }: Notice): Promise<RescueView | null> {
    const open = await rescues.open(accountId)
    return open?.id === undo.rescueId ? open : null
  }

  const done: Middleware = (ctx) => {
    const kind = cookies.takeFlash(ctx, FLASH)
    if (!kind || !KIND.test(kind)) return visits.seeOther(ctx, PATHS.overview)
    visits.show(ctx, here(ctx), 'account-notice-done', { kind, signInUrl: PATHS.overview })
  }

  // Unknown, out of time and used are one answer: the token is all that is known.
  function tooLate(ctx: Context): void {
    visits.show(ctx, here(ctx), 'account-notice-ended', { signInUrl: PATHS.overview }, 410)
  }

  const here = (ctx: Context) => ({ locale: visits.localeOf(ctx) })

  return { show, object, stop, done }
}

function isOfRescue({ undo }: Notice): boolean {
  return undo.rescueId !== undefined
}

export type NoticePage = ReturnType<typeof createNoticePage>
