import type { Middleware } from 'koa'
import type { AccountVisit } from '../visit.ts'
import { PATHS, type ScreenDeps } from './deps.ts'
import { codesLeftOf } from './rows.ts'
import type { Shell } from './shell.ts'

/** Recovery codes: seen in the session that made them until the person says that they have them, and never again. */
export function createCodeScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell } = deps

  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const codes = await visits.codesToKeep(visit)
    if (!codes) return visits.seeOther(ctx, PATHS.methods)
    visits.show(ctx, visit, 'account-codes', {
      shell: shell.of(ctx, visit, 'methods').shell,
      codes,
      downloadUrl: `${PATHS.codes}/download`,
      form: visits.form(visit, `${PATHS.codes}/kept`),
    })
  }

  const download: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const codes = await visits.codesToKeep(visit)
    if (!codes) return visits.seeOther(ctx, PATHS.methods)
    ctx.set('Cache-Control', 'no-store')
    ctx.attachment('recovery-codes.txt')
    ctx.type = 'text/plain; charset=utf-8'
    ctx.body = `${codes.join('\r\n')}\r\n`
  }

  const taken: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    await visits.forgetCodes(visit)
    shell.done(ctx, PATHS.methods, 'codes_kept')
  }

  /** Codes stand for a second factor that was lost: whoever has none needs none. */
  async function needsCodes(visit: AccountVisit): Promise<boolean> {
    return codesLeftOf(await deps.kept.ofAccount(visit.actor.accountId), visit.session) !== null
  }

  const askNew: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    if (!(await needsCodes(visit))) return visits.seeOther(ctx, PATHS.methods)
    visits.show(ctx, visit, 'account-confirm', {
      shell: shell.of(ctx, visit, 'methods').shell,
      question: 'new_codes',
      subject: '',
      items: [],
      days: null,
      form: visits.form(visit, PATHS.newCodes),
      backUrl: PATHS.methods,
    })
  }

  const makeNew: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    if (!(await needsCodes(visit))) return visits.seeOther(ctx, PATHS.methods)
    await selfservice.newRecoveryCodes(visit.actor, visits.keepCodes(visit))
    visits.seeOther(ctx, PATHS.codes)
  }

  return { show, download, taken, askNew, makeNew }
}
