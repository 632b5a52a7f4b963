import type { Middleware } from 'koa'
import type { SignInPages } from '../own-client/callback.ts'
import type { FreshGuards } from '../own-client/fresh.ts'
import type { SignOut } from '../own-client/sign-out.ts'
import type { NoticePage } from './notice-page.ts'
import { PATHS } from './screens/deps.ts'
import type { AccountScreens } from './screens/screens.ts'
import type { AccountVisits } from './visit.ts'

type Add = (path: string, ...handlers: Middleware[]) => unknown

/** What the account page is made of. */
export interface AccountPage {
  guarded: AccountVisits['guarded']
  fresh: FreshGuards['fresh']
  strong: FreshGuards['strong']
  signIn: SignInPages
  signOut: SignOut
  notice: NoticePage
  screens: AccountScreens
}

/** Where a form stands whose path has no page of its own. */
const on = {
  methods: { page: PATHS.methods },
  prove: { page: PATHS.prove },
  codes: { page: PATHS.codes },
  devices: { page: PATHS.devices },
  overview: { page: PATHS.overview },
} as const

/**
 * Every path of the account page, with its guards. `guarded`: a session; `strong`: one with a second factor, where the
 * person has an authenticator; `fresh`: one that is young as well. All check the form's token, and `post` where a form
 * comes from. Fresh is what gives, changes or takes away a way in, shows all that is kept, or ends the account (R-088,
 * A question and its answer share path and guard.
 */
export function addAccountRoutes({ get, post }: { get: Add; post: Add }, page: AccountPage): void {
  const { guarded, fresh, strong, signIn, signOut, notice, screens } = page
  const { addresses, newAddress, authenticators, passkeys, codes, devices, apps, profile, data, rescue } = screens

  get('/account/sign-in', signIn.signIn)
  get('/account/step-up', guarded(signIn.stepUp))
  get('/account/callback', signIn.callback)
  post('/account/sign-out', guarded(signOut.press, { page: PATHS.overview }))
  get('/account/signed-out', signOut.done)

  get('/account/notice/:token', notice.show)
  // The same in a text message, where letters are dear.
  get('/n/:token', notice.show)
  post('/account/notice/:token', notice.object)
  post('/account/notice/:token/stop', notice.stop)
  get('/account/notice-done', notice.done)

  // Of the banner: what is stopped keeps somebody out, so that any session of the person will do.
  post('/account/rescue/stop', guarded(rescue.stop, on.overview))
  post('/account/rescue/not-me', guarded(rescue.notMe, on.overview))
  get('/account/rescue/stopped', rescue.stopped)

  get('/account', guarded(screens.overview))
  get('/account/methods', guarded(screens.methods))
  get('/account/activity', guarded(screens.activity))

  get('/account/addresses/new', fresh(newAddress.which))
  post('/account/addresses/new', fresh(newAddress.begin, { page: (ctx) => ctx.url }))
  // Begun by a fresh proof, and bound to the session that gave it.
  get('/account/addresses/prove', strong(newAddress.prove))
  post('/account/addresses/prove', strong(newAddress.answer))
  post('/account/addresses/prove/resend', strong(newAddress.resend, on.prove))
  post('/account/addresses/prove/cancel', strong(newAddress.cancel, on.prove))
  get('/account/addresses/:ref/change', fresh(newAddress.which))
  post('/account/addresses/:ref/change', fresh(newAddress.begin))
  get('/account/addresses/:ref/primary', fresh(addresses.askPrimary))
  post('/account/addresses/:ref/primary', fresh(addresses.makePrimary))
  get('/account/addresses/:ref/remove', fresh(addresses.askRemove))
  post('/account/addresses/:ref/remove', fresh(addresses.remove))
  post('/account/addresses/:ref/keep', strong(addresses.keep, on.methods))

  get('/account/authenticators/new', fresh(authenticators.setUp))
  post('/account/authenticators/new', fresh(authenticators.confirm))
  get('/account/authenticators/:id', guarded(authenticators.one))
  post('/account/authenticators/:id', strong(authenticators.rename))
  get('/account/authenticators/:id/remove', fresh(authenticators.askRemove))
  post('/account/authenticators/:id/remove', fresh(authenticators.remove))

  get(PATHS.newPasskey, fresh(passkeys.make))
  post(PATHS.newPasskey, fresh(passkeys.add))
  post(PATHS.passkeyOptions, fresh(passkeys.options, on.methods))
  get(PATHS.always, fresh(passkeys.askAlways))
  post(PATHS.always, fresh(passkeys.always))
  get(PATHS.noLonger, fresh(passkeys.askNoLonger))
  post(PATHS.noLonger, fresh(passkeys.noLonger))
  get('/account/passkeys/:id', guarded(passkeys.one))
  post('/account/passkeys/:id', strong(passkeys.rename))
  get('/account/passkeys/:id/remove', fresh(passkeys.askRemove))
  post('/account/passkeys/:id/remove', fresh(passkeys.remove))

  get('/account/codes', strong(codes.show))
  get('/account/codes/download', strong(codes.download))
  post('/account/codes/kept', strong(codes.taken, on.codes))
  get('/account/codes/new', fresh(codes.askNew))
  post('/account/codes/new', fresh(codes.makeNew))

  get('/account/devices', guarded(devices.show))
  post('/account/devices/end', strong(devices.end, on.devices))
  post('/account/devices/forget', strong(devices.forget, on.devices))
  get('/account/devices/end-others', strong(devices.askEndOthers))
  post('/account/devices/end-others', strong(devices.endOthers))

  get('/account/apps', guarded(apps.list))
  get('/account/apps/:clientId/end', guarded(apps.askEnd))
  post('/account/apps/:clientId/end', strong(apps.end))

  get('/account/profile', guarded(profile.show))
  post('/account/profile', strong(profile.save))

  get('/account/data', guarded(data.show))
  get('/account/data/download', fresh(data.download))
  get('/account/close', fresh(data.askClose))
  post('/account/close', fresh(data.close))
  post('/account/keep', strong(data.keep, on.overview))
}
