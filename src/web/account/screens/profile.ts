import type { Context, Middleware } from 'koa'
import { field } from '../../request.ts'
import { PATHS, type ScreenDeps } from './deps.ts'
import type { Shell } from './shell.ts'

/** What was typed goes back to the page while it fits a cookie: so many bytes. */
const TYPED_BYTES_MAX = 2500

/** Standard claims that a person may write (OpenID Connect Core §5.1). */
export function createProfileScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell, cookies } = deps

  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const refused = takeRefused(ctx)
    visits.show(ctx, visit, 'account-profile', {
      shell: shell.of(ctx, visit, 'profile').shell,
      fields: deps.profiles.fieldsOf(visit.account).map(({ name, value, type }) => ({
        name,
        value: refused?.typed[name] ?? value,
        type,
        fault: refused?.faults.includes(name) ?? false,
      })),
      form: visits.form(visit, PATHS.profile),
    })
  }

  const save: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const names = deps.profiles.fieldsOf(visit.account).map(({ name }) => name)
    const typed = Object.fromEntries(names.map((name) => [name, field(ctx, name)]))
    const { faults } = await selfservice.saveProfile(visit.actor, typed)
    if (faults.length === 0) return shell.done(ctx, PATHS.profile, 'profile_saved')
    const whole = JSON.stringify({ faults, typed })
    cookies.setFlash(
      ctx,
      FLASH,
      encoded(Buffer.byteLength(whole) <= TYPED_BYTES_MAX ? whole : JSON.stringify({ faults, typed: {} })),
    )
    visits.seeOther(ctx, PATHS.profile)
  }

  /** What the form before this page could not take. Our own signed cookie: what it holds is what we wrote. */
  function takeRefused(ctx: Context): { faults: string[]; typed: Record<string, string> } | null {
    const flash = cookies.takeFlash(ctx, FLASH)
    return flash === undefined ? null : JSON.parse(Buffer.from(flash, 'base64url').toString('utf8'))
  }

  return { show, save }
}

const FLASH = 'account-profile'

function encoded(json: string): string {
  return Buffer.from(json).toString('base64url')
}
