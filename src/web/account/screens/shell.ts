import type { Context } from 'koa'
import { initialsOf, nameOf } from '../../../accounts/index.ts'
import type { AccountPlace, AccountSaid, AccountShell } from '../../../text/index.ts'
import { lettersOf } from '../../own-client/letters.ts'
import { ACCOUNT_PLACE } from '../../own-client/place.ts'
import { rescueBanner } from '../../own-client/rescue.ts'
import { heard, type Said, say } from '../../sign-in/said.ts'
import type { AccountVisit } from '../visit.ts'
import { PATHS, type ScreenDeps } from './deps.ts'

const SAID = [
  'address_added',
  'address_revived',
  'address_changing',
  'address_removing',
  'address_kept',
  'factor_added',
  'factor_renamed',
  'factor_removed',
  'passkey_added',
  'passkey_removed',
  'always_on',
  'always_off',
  'passkey_needed',
  'codes_kept',
  'session_ended',
  'others_ended',
  'device_forgotten',
  'app_ended',
  'profile_saved',
  'account_kept',
  'rescue_stopped',
  'authenticator_stays',
  'administrator_stays',
] as const satisfies readonly AccountSaid[]

const URLS: AccountShell['urls'] = {
  overview: PATHS.overview,
  methods: PATHS.methods,
  devices: PATHS.devices,
  apps: PATHS.apps,
  activity: PATHS.activity,
  profile: PATHS.profile,
  data: PATHS.data,
}

/** Flashes of the account page are nobody else's. */
const PLACE = 'account'

/** What stands around each page, and what a form says to the page after it. */
export function createShell(deps: Pick<ScreenDeps, 'visits' | 'cookies' | 'clock'>) {
  const { visits, cookies } = deps

  /** The frame. What the last form said is read once: in `shell.said`, or in `fault` when it is one of `faults`. */
  function of<F extends Said = never>(
    ctx: Context,
    visit: AccountVisit,
    here: AccountPlace,
    faults: readonly F[] = [],
  ): { shell: AccountShell; fault: F | null; typed: string } {
    const once = heard<Said>(cookies, ctx, PLACE, [...SAID, ...faults])
    const { account } = visit
    const name = calledOf(visit)
    const shell: AccountShell = {
      name: name ?? nameOf(account),
      initials: name ? lettersOf(name) : initialsOf(account),
      here,
      urls: URLS,
      now: deps.clock.now(),
      signOut: visits.form(visit, '/account/sign-out'),
      closing: account.closingAt && { at: account.closingAt, keep: visits.form(visit, '/account/keep') },
      rescue: rescueBanner(visit, ACCOUNT_PLACE, (action) => visits.form(visit, action)),
      said: SAID.find((said) => said === once?.said) ?? null,
    }
    return { shell, fault: faults.find((fault) => fault === once?.said) ?? null, typed: once?.typed ?? '' }
  }

  /** Ends a form: the page at `path` says it once. */
  function done(ctx: Context, path: string, said: Said | null, typed = ''): void {
    if (said) say(cookies, ctx, PLACE, said, typed)
    visits.seeOther(ctx, path)
  }

  return { of, done }
}

export type Shell = ReturnType<typeof createShell>

function calledOf({ account }: AccountVisit): string | null {
  const { name } = account.profile
  return typeof name === 'string' && name.trim() !== '' ? name.trim() : null
}
