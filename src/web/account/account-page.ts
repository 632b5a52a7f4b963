import type { Context } from 'koa'
import type { Accounts } from '../../accounts/index.ts'
import type { Clock, Log, Secrets } from '../../base/index.ts'
import { accountClientSecret, type Clients } from '../../clients/index.ts'
import type { Limits } from '../../limits/index.ts'
import type { Notices } from '../../notices/index.ts'
import type { AcrNames } from '../../oidc/index.ts'
import type { Rescues } from '../../rescue/index.ts'
import type { Selfservice } from '../../selfservice/index.ts'
import type { Text } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import type { Csrf } from '../middleware/csrf.ts'
import { createSignInPages } from '../own-client/callback.ts'
import { createOwnClient } from '../own-client/client.ts'
import { createFlows } from '../own-client/flow.ts'
import { createFresh } from '../own-client/fresh.ts'
import { ACCOUNT_PLACE } from '../own-client/place.ts'
import type { Listener } from '../own-client/self-fetch.ts'
import { createOwnSessions, type OwnSessionStore } from '../own-client/session.ts'
import { createSignOut } from '../own-client/sign-out.ts'
import { createNoticePage } from './notice-page.ts'
import type { AccountPage } from './routes.ts'
import type { ScreenDeps } from './screens/deps.ts'
import { createAccountScreens } from './screens/screens.ts'
import { createAccountVisits } from './visit.ts'

/** What only the account page needs of the house. */
export interface AccountPageParts extends ScreenParts {
  /** Where this process listens: the page's own requests go there. */
  listener: Listener
  /** What the levels are called. */
  acrNames: AcrNames
  sessions: OwnSessionStore
  limits: Pick<Limits, 'take'>
  selfservice: Selfservice
  notices: Pick<Notices, 'byToken'>
}

/** The same for its screens. */
type ScreenParts = Pick<
  ScreenDeps,
  'addressProof' | 'passkeysOn' | 'kept' | 'profiles' | 'remembered' | 'trail' | 'holdSeconds' | 'graceSeconds'
>

export interface AccountPageDeps
  extends Pick<ScreenDeps, 'flow' | 'delivery' | 'triesMax' | 'texts' | 'phoneCountry' | 'smsCountries'> {
  issuer: string
  accounts: Pick<Accounts, 'find'>
  rescues: Rescues
  clients: Pick<Clients, 'find' | 'resourceServer'>
  csrf: Csrf
  cookies: Cookies
  text: Text
  secrets: Secrets
  clock: Clock
  log: Log
}

/** Puts the account page together: its client, its sessions, its guards. */
export function createAccountPage(deps: AccountPageDeps, parts: AccountPageParts): AccountPage {
  const { issuer, cookies, secrets, clock } = deps
  const place = ACCOUNT_PLACE
  const client = createOwnClient({
    place,
    issuer,
    secret: accountClientSecret(secrets),
    listener: parts.listener,
    acrNames: parts.acrNames,
  })
  const sessions = createOwnSessions({ place, store: parts.sessions, secrets, clock })
  const flows = createFlows({ place, client, cookies, secrets })
  const visits = createAccountVisits({ ...deps, place, sessions, signIn: (ctx, to) => signIn.toSignIn(ctx, to) })
  const showSignedOut = (ctx: Context) =>
    visits.show(ctx, { locale: visits.localeOf(ctx) }, 'account-signed-out', { goOnUrl: place.home, closed: false })
  const shared = { ...deps, place, client, sessions, flows, visits, showSignedOut }
  const signIn = createSignInPages(shared)

  return {
    guarded: visits.guarded,
    ...createFresh({ place, visits, limits: parts.limits, clock, stepUp: signIn.toStepUp }),
    signIn,
    signOut: createSignOut(shared),
    notice: createNoticePage({ ...shared, ...parts }),
    screens: createAccountScreens({ ...shared, ...parts, issuerHost: new URL(issuer).host }),
  }
}
