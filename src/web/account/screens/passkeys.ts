import type { Context, Middleware } from 'koa'
import { Refusal } from '../../../base/index.ts'
import type { ConfirmQuestion, FactorRow } from '../../../text/index.ts'
import { field } from '../../request.ts'
import type { AccountVisit } from '../visit.ts'
import { PATHS, passkeyPath, type ScreenDeps } from './deps.ts'
import { passkeyRows } from './rows.ts'
import type { Shell } from './shell.ts'

const REFUSED = { wrong: 'passkey_refused', known: 'passkey_known', full: 'passkey_full' } as const

/** Passkeys: made, named, removed, asked for always. An id that is not the person's own leads back to the list. */
export function createPasskeyScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell } = deps

  const make: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    if (!deps.passkeysOn) return visits.seeOther(ctx, PATHS.methods)
    const { shell: frame, fault } = shell.of(ctx, visit, 'methods', Object.values(REFUSED))
    visits.show(ctx, visit, 'account-passkey-new', {
      shell: frame,
      form: { ...visits.form(visit, PATHS.newPasskey), optionsUrl: PATHS.passkeyOptions },
      error: fault,
      backUrl: PATHS.methods,
    })
  }

  /** For the page's script. */
  const options: Middleware = async (ctx) => {
    const { actor, account } = await visits.load(ctx)
    const asked = await selfservice.passkeyOptions(actor, account)
    if (!asked) throw new Refusal('bad_request')
    ctx.body = asked
  }

  /** It goes by the name of the device that it was made on until its person gives it another. */
  const add: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { actor } = visit
    const added = await selfservice.addPasskey(actor, field(ctx, 'response'), actor.device, visits.keepCodes(visit))
    if (added.outcome !== 'added') return shell.done(ctx, PATHS.newPasskey, REFUSED[added.outcome])
    if (added.asked) await visits.strengthen(ctx, visit)
    shell.done(ctx, added.codes ? PATHS.codes : PATHS.methods, 'passkey_added')
  }

  async function ownOf(ctx: Context, visit: AccountVisit): Promise<FactorRow | null> {
    const own = await deps.kept.ofAccount(visit.actor.accountId)
    return passkeyRows(own.filter(({ id }) => id === ctx.params.id))[0] ?? null
  }

  const one: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const factor = await ownOf(ctx, visit)
    if (!factor) return visits.seeOther(ctx, PATHS.methods)
    visits.show(ctx, visit, 'account-factor', {
      shell: shell.of(ctx, visit, 'methods').shell,
      factor,
      form: visits.form(visit, factor.url),
      removeUrl: passkeyPath(String(ctx.params.id), 'remove'),
      backUrl: PATHS.methods,
    })
  }

  const rename: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const name = field(ctx, 'name').trim()
    const renamed = name !== '' && (await ownOf(ctx, visit)) !== null
    if (renamed) await selfservice.renameAuthenticator(visit.actor, String(ctx.params.id), name)
    shell.done(ctx, PATHS.methods, renamed ? 'factor_renamed' : null)
  }

  const askRemove: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const factor = await ownOf(ctx, visit)
    if (!factor) return visits.seeOther(ctx, PATHS.methods)
    const target = passkeyPath(String(ctx.params.id), 'remove')
    ask(ctx, visit, { question: 'remove_passkey', subject: factor.name, target, backUrl: factor.url })
  }

  /** whoever takes one away may want the others who came in by it to go. */
  const remove: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const outcome = await selfservice.removePasskey(visit.actor, String(ctx.params.id))
    if (outcome === 'removed') return shell.done(ctx, PATHS.devices, 'passkey_removed')
    shell.done(ctx, PATHS.methods, outcome === 'needed' ? 'passkey_needed' : null)
  }

  const askAlways: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    ask(ctx, visit, { question: 'always_ask', subject: '', target: PATHS.always, backUrl: PATHS.methods })
  }

  /** The codes that come with it are seen once a passkey was shown. */
  const always: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const on = await selfservice.alwaysAsk(visit.actor, visits.keepCodes(visit))
    if (on.outcome === 'none') return visits.seeOther(ctx, PATHS.methods)
    shell.done(ctx, on.codes ? PATHS.codes : PATHS.methods, 'always_on')
  }

  const askNoLonger: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    ask(ctx, visit, { question: 'ask_no_longer', subject: '', target: PATHS.noLonger, backUrl: PATHS.methods })
  }

  const noLonger: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const off = await selfservice.askNoLonger(visit.actor)
    shell.done(ctx, PATHS.methods, off === 'off' ? 'always_off' : 'passkey_needed')
  }

  function ask(
    ctx: Context,
    visit: AccountVisit,
    asked: { question: ConfirmQuestion; subject: string; target: string; backUrl: string },
  ): void {
    const { question, subject, target, backUrl } = asked
    visits.show(ctx, visit, 'account-confirm', {
      shell: shell.of(ctx, visit, 'methods').shell,
      ...{ question, subject, items: [], days: null, backUrl },
      form: visits.form(visit, target),
    })
  }

  return { make, options, add, one, rename, askRemove, remove, askAlways, always, askNoLonger, noLonger }
}
