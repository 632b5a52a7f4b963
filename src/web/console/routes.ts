import type { Middleware } from 'koa'
import type { SignInPages } from '../own-client/callback.ts'
import type { OwnRescue } from '../own-client/rescue.ts'
import type { SignOut } from '../own-client/sign-out.ts'
import { stateOf } from '../request.ts'
import { addClientRoutes } from './client-routes.ts'
import type { FirstPage } from './first.ts'
import type { ConsoleGuards } from './guards.ts'
import { PATHS } from './paths.ts'
import { addPeopleRoutes } from './people-routes.ts'
import type { ConsoleScreens } from './screens/screens.ts'
import type { ConsoleVisits } from './visit.ts'

type Add = (path: string, ...handlers: Middleware[]) => unknown

/** What the console is made of. */
export interface ConsolePage {
  visits: ConsoleVisits
  /** Of an operation: for the roles that may do it, and with a young proof where it changes something. */
  page: ConsoleGuards['page']
  /** Of everybody who is signed in to the console, with a role or without. */
  guarded: ConsoleGuards['guarded']
  signIn: SignInPages
  signOut: SignOut
  rescue: OwnRescue
  /** The link for the first administrator. */
  first: FirstPage
  screens: ConsoleScreens
}

/** Every path of the console, with its guard: the operation that the page asks for, or that its form does. */
export function addConsoleRoutes(add: { get: Add; post: Add }, console: ConsolePage): void {
  const { page, guarded, signIn, signOut, rescue, first, screens } = console
  const get = (path: string, handler: Middleware) => add.get(path, named(path), handler)
  const post = (path: string, handler: Middleware) => add.post(path, named(path), handler)

  get('/admin/sign-in', signIn.signIn)
  get('/admin/step-up', guarded(signIn.stepUp))
  get('/admin/callback', signIn.callback)
  post('/admin/sign-out', guarded(signOut.press, { page: PATHS.start }))
  post('/admin/other-account', guarded(signIn.otherAccount, { page: PATHS.start }))
  get('/admin/signed-out', signOut.done)
  post('/admin/rescue/stop', guarded(rescue.stop, { page: PATHS.start }))
  post('/admin/rescue/not-me', guarded(rescue.notMe, { page: PATHS.start }))
  get('/admin/first/:token', first.show)
  post('/admin/first/:token', first.claim)

  addClientRoutes({ get, post }, page, screens)
  addPeopleRoutes({ get, post }, page, screens)
}

/** The log tells a path by its pattern: what stands in it stays out. */
function named(path: string): Middleware {
  return (ctx, next) => {
    stateOf(ctx).route = path
    return next()
  }
}
