import type { Context } from 'koa'
import type { Accounts } from '../../accounts/index.ts'
import type { Admin } from '../../admin/index.ts'
import type { Audit } from '../../audit/index.ts'
import type { Clock, Log, Secrets, Transact } from '../../base/index.ts'
import { type Clients, consoleClientSecret } from '../../clients/index.ts'
import type { AcrNames } from '../../oidc/index.ts'
import type { Rescues } from '../../rescue/index.ts'
import type { Text } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import type { Csrf } from '../middleware/csrf.ts'
import { createSignInPages } from '../own-client/callback.ts'
import { createOwnClient } from '../own-client/client.ts'
import { createFlows } from '../own-client/flow.ts'
import { CONSOLE_PLACE } from '../own-client/place.ts'
import { createOwnRescue } from '../own-client/rescue.ts'
import type { Listener } from '../own-client/self-fetch.ts'
import { createOwnSessions, type OwnSessionStore } from '../own-client/session.ts'
import { createSignOut } from '../own-client/sign-out.ts'
import { createFirstPage, type FirstPageDeps } from './first.ts'
import { createConsoleGuards } from './guards.ts'
import { PATHS } from './paths.ts'
import type { ConsolePage } from './routes.ts'
import { createConsoleScreens } from './screens/screens.ts'
import { createShell } from './shell.ts'
import { createConsoleVisits } from './visit.ts'

/** What only the console needs of the house. */
export interface ConsoleParts {
  /** Where this process listens: the console's own requests go there. */
  listener: Listener
  /** What the levels are called. */
  acrNames: AcrNames
  /** Sessions of the client `console`. */
  sessions: OwnSessionStore & { stands: FirstPageDeps['stands'] }
  admin: Admin
  firstAdministrator: FirstPageDeps['first']
  transact: Transact
}

export interface ConsoleDeps {
  issuer: string
  accounts: Pick<Accounts, 'find'>
  rescues: Rescues
  clients: Pick<Clients, 'find'>
  audit: Pick<Audit, 'note'>
  csrf: Csrf
  cookies: Cookies
  text: Text
  secrets: Secrets
  clock: Clock
  log: Log
}

/** Puts the console together: its client, its sessions, its guards, its pages. */
export function createConsole(deps: ConsoleDeps, parts: ConsoleParts): ConsolePage {
  const { issuer, cookies, secrets, clock } = deps
  const place = CONSOLE_PLACE
  const { listener, acrNames, admin } = parts
  const { stands } = parts.sessions
  const client = createOwnClient({ place, issuer, secret: consoleClientSecret(secrets), listener, acrNames })
  const sessions = createOwnSessions({ place, store: parts.sessions, secrets, clock })
  const flows = createFlows({ place, client, cookies, secrets })
  const visits = createConsoleVisits({ ...deps, place, sessions, signIn: (ctx, to) => signIn.toSignIn(ctx, to) })
  const showSignedOut = (ctx: Context) =>
    visits.show(ctx, { locale: visits.localeOf(ctx) }, 'console-signed-out', { goOnUrl: place.home })
  const shared = { ...deps, place, client, sessions, flows, showSignedOut, visits: visits.own }
  const signIn = createSignInPages(shared)
  const shell = createShell({ visits, cookies, clock })

  return {
    visits,
    ...createConsoleGuards({ ...deps, place, visits, shell, stepUp: signIn.toStepUp }),
    signIn,
    signOut: createSignOut(shared),
    rescue: createOwnRescue(shared, (ctx, was) =>
      was ? shell.done(ctx, PATHS.start, 'rescue.stopped') : visits.seeOther(ctx, PATHS.start),
    ),
    first: createFirstPage({ ...shared, ...parts, first: parts.firstAdministrator, stands, visits, stepUp: signIn.toStepUp }),
    screens: createConsoleScreens({ ...deps, visits, shell, admin, listener, acrNames }),
  }
}
