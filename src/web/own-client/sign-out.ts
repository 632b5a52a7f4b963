import type { Context, Middleware } from 'koa'
import type { Cookies } from '../cookies.ts'
import type { OwnClient } from './client.ts'
import { type Place, signedOutPath } from './place.ts'
import type { OwnSessions } from './session.ts'
import type { OwnVisits } from './visit.ts'

/** The end of a session of a place, and then the question whether to sign out altogether. */
export function createSignOut(deps: {
  place: Place
  client: Pick<OwnClient, 'endSessionUrl'>
  sessions: Pick<OwnSessions, 'end' | 'idTokenOf'>
  visits: Pick<OwnVisits, 'load' | 'seeOther'>
  cookies: Cookies
  /** The page that says so. */
  showSignedOut(ctx: Context): void
}) {
  const { place, client, sessions, visits, cookies } = deps

  /** Behind the guard. The session here is dead on the server before the engine is asked. */
  const press: Middleware = async (ctx) => {
    const { session } = await visits.load(ctx)
    await sessions.end(session.id)
    cookies.setSession(ctx, place.clientId, null)
    const idToken = sessions.idTokenOf(session)
    visits.seeOther(ctx, idToken === null ? signedOutPath(place) : client.endSessionUrl(idToken))
  }

  const done: Middleware = (ctx) => {
    ctx.set('Clear-Site-Data', '"cache"') // the back button shows nothing
    deps.showSignedOut(ctx)
  }

  return { press, done }
}

export type SignOut = ReturnType<typeof createSignOut>
