import type { Context, Middleware } from 'koa'
import type { Cookies } from './cookies.ts'
import type { OwnVisits } from './own-client/visit.ts'

const STOPPED_PATH = '/account/rescue/stopped'
const HOME = '/account'
const FLASH = 'rescue'
const STOPPED = 'stopped'
const NOT_ME = /^not_me\.([0-9]{0,15})$/

/** What was done to a rescue: it was stopped, or somebody said that it was not them. */
export type Stopped = { notMe: false } | { notMe: true; lockedUntil: Date | null }

/** Leads to the page that says so, which needs no session. */
export function tellStopped(
  ctx: Context,
  { visits, cookies }: { visits: Pick<OwnVisits, 'seeOther'>; cookies: Pick<Cookies, 'setFlash'> },
  stopped: Stopped,
): void {
  cookies.setFlash(ctx, FLASH, stopped.notMe ? `not_me.${stopped.lockedUntil?.getTime() ?? ''}` : STOPPED)
  visits.seeOther(ctx, STOPPED_PATH)
}

/** That page. Read once; asked for without a reason it leads to the account page. */
export function createStoppedPage({
  visits,
  cookies,
}: {
  visits: Pick<OwnVisits, 'show' | 'seeOther' | 'localeOf'>
  cookies: Pick<Cookies, 'takeFlash'>
}): Middleware {
  return (ctx) => {
    const said = cookies.takeFlash(ctx, FLASH) ?? ''
    const [, until] = NOT_ME.exec(said) ?? []
    if (until === undefined && said !== STOPPED) return visits.seeOther(ctx, HOME)
    const props = { notMe: until !== undefined, until: until ? new Date(Number(until)) : null, signInUrl: HOME }
    visits.show(ctx, { locale: visits.localeOf(ctx) }, 'account-rescue-stopped', props)
  }
}
