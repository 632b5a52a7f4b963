import type { Context, Middleware } from 'koa'
import type { Notices } from '../../notices/index.ts'
import type { Selfservice } from '../../selfservice/index.ts'
import type { Cookies } from '../cookies.ts'
import type { Csrf } from '../middleware/csrf.ts'
import { whoOf } from '../request.ts'
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
  visits: Pick<AccountVisits, 'show' | 'seeOther' | 'localeOf'>
  csrf: Csrf
  cookies: Cookies
}) {
  const { visits, csrf, cookies } = deps
  const tokenOf = (ctx: Context) => String(ctx.params.token)
  const subjectOf = (token: string) => `notice/${token}`

  const show: Middleware = async (ctx) => {
    const token = tokenOf(ctx)
    const notice = await deps.notices.byToken(token)
    if (!notice?.objectUntil) return tooLate(ctx)
    const { kind, values, device, at, objectUntil } = notice
    const form = { action: `${PATH}/${token}`, csrf: csrf.tokenFor(subjectOf(token)) }
    visits.show(ctx, here(ctx), 'account-notice', { kind, values, device, at, objectUntil, form })
  }

  const object: Middleware = async (ctx) => {
    const token = tokenOf(ctx)
    csrf.check(ctx, subjectOf(token))
    const objected = await deps.selfservice.object(token, whoOf(ctx))
    if (!objected) return visits.seeOther(ctx, `${PATH}/${token}`)
    cookies.setFlash(ctx, FLASH, objected.kind)
    visits.seeOther(ctx, DONE_PATH)
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

  return { show, object, done }
}

export type NoticePage = ReturnType<typeof createNoticePage>
