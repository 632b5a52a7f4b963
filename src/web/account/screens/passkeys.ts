import type { Middleware } from 'koa'
import { Refusal } from '../../../base/index.ts'
import { field } from '../../request.ts'
import { PATHS, type ScreenDeps } from './deps.ts'
import { createOwnFactor } from './own-factor.ts'
import { passkeyRows } from './rows.ts'
import type { Shell } from './shell.ts'

const REFUSED = { wrong: 'passkey_refused', known: 'passkey_known', full: 'passkey_full' } as const

/** Passkeys: made, named, removed, asked for always. An id that is not the person's own leads back to the list. */
export function createPasskeyScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell } = deps
  const { ask, ...own } = createOwnFactor(deps, passkeyRows, 'remove_passkey')

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

  return { make, options, add, ...own, remove, askAlways, always, askNoLonger, noLonger }
}
