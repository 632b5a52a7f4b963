import type { Context, Middleware } from 'koa'
import type { Credential } from '../../../factors/index.ts'
import type { ConfirmQuestion, FactorRow } from '../../../text/index.ts'
import { field } from '../../request.ts'
import type { AccountVisit } from '../visit.ts'
import { PATHS, type ScreenDeps } from './deps.ts'
import type { Shell } from './shell.ts'

interface Question {
  question: ConfirmQuestion
  subject: string
  target: string
  backUrl: string
}

/**
 * One factor of a kind: shown, named, asked about before it goes. `rowsOf` gives those of the kind that count. An id that is
 * not the person's own leads back to the list.
 */
export function createOwnFactor(
  deps: ScreenDeps & { shell: Shell },
  rowsOf: (own: readonly Credential[]) => readonly FactorRow[],
  removal: ConfirmQuestion,
) {
  const { visits, selfservice, shell, kept } = deps

  async function ownOf(ctx: Context, visit: AccountVisit): Promise<FactorRow | null> {
    const own = await kept.ofAccount(visit.actor.accountId)
    return rowsOf(own.filter(({ id }) => id === ctx.params.id))[0] ?? null
  }

  const one: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const factor = await ownOf(ctx, visit)
    if (!factor) return visits.seeOther(ctx, PATHS.methods)
    visits.show(ctx, visit, 'account-factor', {
      shell: shell.of(ctx, visit, 'methods').shell,
      factor,
      form: visits.form(visit, factor.url),
      removeUrl: `${factor.url}/remove`,
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
    ask(ctx, visit, { question: removal, subject: factor.name, target: `${factor.url}/remove`, backUrl: factor.url })
  }

  /** A question before something is done about a factor. */
  function ask(ctx: Context, visit: AccountVisit, { question, subject, target, backUrl }: Question): void {
    visits.show(ctx, visit, 'account-confirm', {
      shell: shell.of(ctx, visit, 'methods').shell,
      ...{ question, subject, items: [], days: null, backUrl },
      form: visits.form(visit, target),
    })
  }

  return { one, rename, askRemove, ask }
}
