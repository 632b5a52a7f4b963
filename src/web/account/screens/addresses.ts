import type { Middleware } from 'koa'
import type { AddressView } from '../../../accounts/index.ts'
import { addressPath, daysOf, PATHS, type ScreenDeps } from './deps.ts'
import { may } from './rows.ts'
import type { Shell } from './shell.ts'

/** Addresses that are there: which one is the primary one, which one goes. A `ref` that is not the person's own leads back. */
export function createAddressScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell } = deps

  /** A question about one address; what its page asks is done by the form's POST. */
  function question(what: 'primary' | 'remove', asks: 'make_primary' | 'remove_address'): Middleware {
    return async (ctx) => {
      const visit = await visits.load(ctx)
      const all = await selfservice.addressesOf(visit.actor.accountId)
      const one = all.find(({ ref }) => ref === ctx.params.ref)
      if (!one || !may(one, all, deps.clock.now())[what]) return visits.seeOther(ctx, PATHS.methods)
      visits.show(ctx, visit, 'account-confirm', {
        shell: shell.of(ctx, visit, 'methods').shell,
        question: asks,
        subject: one.address,
        items: asks === 'make_primary' ? primaryOf(all, one).map(({ address }) => ({ label: address, detail: '' })) : [],
        days: daysOf(deps.holdSeconds),
        form: visits.form(visit, addressPath(one, what)),
        backUrl: PATHS.methods,
      })
    }
  }

  const makePrimary: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const outcome = await selfservice.makePrimary(visit.actor, String(ctx.params.ref))
    shell.done(ctx, PATHS.methods, outcome === 'changing' ? 'address_changing' : null)
  }

  /** whoever takes a way in away may want the others who came in by it to go. */
  const remove: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const outcome = await selfservice.removeAddress(visit.actor, String(ctx.params.ref))
    if (outcome === 'removing') return shell.done(ctx, PATHS.devices, 'address_removing')
    visits.seeOther(ctx, PATHS.methods)
  }

  const keep: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const ref = String(ctx.params.ref)
    const own = (await selfservice.addressesOf(visit.actor.accountId)).some((one) => one.ref === ref)
    if (own) await selfservice.keepAddress(visit.actor, ref)
    shell.done(ctx, PATHS.methods, own ? 'address_kept' : null)
  }

  return {
    askPrimary: question('primary', 'make_primary'),
    makePrimary,
    askRemove: question('remove', 'remove_address'),
    remove,
    keep,
  }
}

/** What it takes the place of. */
function primaryOf(all: readonly AddressView[], { kind }: AddressView): AddressView[] {
  return all.filter((one) => one.kind === kind && one.primary)
}
