import type { Middleware } from 'koa'
import { nameOf } from '../../../accounts/index.ts'
import { field } from '../../request.ts'
import type { AccountVisit } from '../visit.ts'
import { PATHS, type ScreenDeps } from './deps.ts'
import { createOwnFactor } from './own-factor.ts'
import { factorRows } from './rows.ts'
import type { Shell } from './shell.ts'

/** Authenticator apps: set up, named, removed. An id that is not the person's own leads back to the list. */
export function createAuthenticatorScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell, kept } = deps
  const { one, rename, askRemove } = createOwnFactor(deps, factorRows, 'remove_factor')

  /**
   * The key of the one that is being set up. A new one is made where there is none: it counts for nothing before its
   * first code, and is never shown again after it.
   */
  const setUp: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { accountId } = visit.actor
    const credential = (await selfservice.enrolling(visit.actor)) ?? (await begun(visit))
    if (!credential) return visits.seeOther(ctx, PATHS.methods)
    const { shell: frame, fault, typed } = shell.of(ctx, visit, 'methods', ['code_wrong'])
    const { qr, key } = kept.shown(credential, accountId, nameOf(visit.account), deps.issuerHost)
    visits.show(ctx, visit, 'account-totp', {
      shell: frame,
      qr,
      key,
      name: fault ? typed : '',
      error: fault,
      form: visits.form(visit, PATHS.newAuthenticator),
      backUrl: PATHS.methods,
    })
  }

  async function begun(visit: AccountVisit) {
    const begun = await selfservice.beginAuthenticator(visit.actor)
    return begun === 'begun' ? selfservice.enrolling(visit.actor) : null
  }

  const confirm: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const name = field(ctx, 'name').trim()
    const outcome = await selfservice.confirmAuthenticator(visit.actor, field(ctx, 'code'), name, visits.keepCodes(visit))
    if (outcome.outcome === 'wrong') return shell.done(ctx, PATHS.newAuthenticator, 'code_wrong', name)
    if (outcome.outcome === 'ended') return visits.seeOther(ctx, PATHS.newAuthenticator)
    await visits.strengthen(ctx, visit)
    if (!outcome.codes) return shell.done(ctx, PATHS.methods, 'factor_added')
    shell.done(ctx, PATHS.codes, 'factor_added')
  }

  /** whoever takes a factor away may want the others who came in by it to go. */
  const remove: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const outcome = await selfservice.removeAuthenticator(visit.actor, String(ctx.params.id))
    if (outcome === 'removed') return shell.done(ctx, PATHS.devices, 'factor_removed')
    shell.done(ctx, PATHS.methods, outcome === 'needed' ? 'authenticator_stays' : null)
  }

  return { setUp, confirm, one, rename, askRemove, remove }
}
