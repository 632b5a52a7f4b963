import type { Middleware } from 'koa'
import type { SignInPages } from './callback.ts'
import type { Fresh } from './fresh.ts'
import type { NoticePage } from './notice-page.ts'
import { HOME } from './own-path.ts'
import type { SignOut } from './sign-out.ts'
import type { AccountVisits } from './visit.ts'

type Add = (path: string, ...handlers: Middleware[]) => unknown

/** What the account page is made of. */
export interface AccountPage {
  guarded: AccountVisits['guarded']
  fresh: Fresh
  signIn: SignInPages
  signOut: SignOut
  notice: NoticePage
}

/**
 * Every path of the account page, with its guards. `guarded`: a session; `fresh`: a proof that is young and strong enough
 * as well. Both check the form's token, and `post` where a form comes from.
 */
export function addAccountRoutes({ get, post }: { get: Add; post: Add }, page: AccountPage): void {
  const { guarded, signIn, signOut, notice } = page

  get('/account/sign-in', signIn.signIn)
  get('/account/step-up', guarded(signIn.stepUp))
  get('/account/callback', signIn.callback)
  post('/account/sign-out', guarded(signOut.press, { page: HOME }))
  get('/account/signed-out', signOut.done)

  get('/account/notice/:token', notice.show)
  post('/account/notice/:token', notice.object)
  get('/account/notice-done', notice.done)
}
