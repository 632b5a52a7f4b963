import type { Middleware } from 'koa'
import type { Cookies } from '../cookies.ts'
import type { AccountClient } from './client.ts'
import { SIGNED_OUT_PATH } from './client.ts'
import { HOME } from './own-path.ts'
import type { AccountSessions } from './session.ts'
import type { AccountVisits } from './visit.ts'

/** The end of a session on the account page, and then the question whether to sign out altogether. */
export function createSignOut(deps: {
  client: Pick<AccountClient, 'endSessionUrl'>
  sessions: Pick<AccountSessions, 'end' | 'idTokenOf'>
  visits: Pick<AccountVisits, 'load' | 'show' | 'seeOther' | 'localeOf'>
  cookies: Cookies
}) {
  const { client, sessions, visits, cookies } = deps

  /** Behind the guard. The session here is dead on the server before the engine is asked. */
  const press: Middleware = async (ctx) => {
    const { session } = await visits.load(ctx)
    await sessions.end(session.id)
    cookies.setAccount(ctx, null)
    const idToken = sessions.idTokenOf(session)
    visits.seeOther(ctx, idToken === null ? SIGNED_OUT_PATH : client.endSessionUrl(idToken))
  }

  const done: Middleware = (ctx) => {
    ctx.set('Clear-Site-Data', '"cache"') // the back button shows nothing
    visits.show(ctx, { locale: visits.localeOf(ctx) }, 'account-signed-out', { goOnUrl: HOME, closed: false })
  }

  return { press, done }
}

export type SignOut = ReturnType<typeof createSignOut>
