import type { Middleware } from 'koa'
import { nameOf } from '../../../accounts/index.ts'
import { daysOf, PATHS, type ScreenDeps } from './deps.ts'
import type { Shell } from './shell.ts'

/** What is kept about the person, to take along; and the end of the account. */
export function createDataScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell } = deps
  const graceDays = daysOf(deps.graceSeconds)

  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    visits.show(ctx, visit, 'account-data', {
      shell: shell.of(ctx, visit, 'data').shell,
      downloadUrl: PATHS.download,
      closeUrl: visit.account.closingAt ? null : PATHS.close,
      graceDays,
    })
  }

  const download: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const exported = await selfservice.exported(visit.actor)
    ctx.set('Cache-Control', 'no-store')
    ctx.attachment('my-data.json')
    ctx.type = 'application/json'
    ctx.body = `${JSON.stringify(exported, null, 2)}\n`
  }

  const askClose: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    if (visit.account.closingAt) return visits.seeOther(ctx, PATHS.data)
    const { accountId } = visit.actor
    const [addresses, apps] = await Promise.all([selfservice.addressesOf(accountId), selfservice.appsOf(accountId)])
    const gone = [...addresses.map(({ address }) => address), ...apps.map(({ name }) => name)]
    visits.show(ctx, visit, 'account-confirm', {
      shell: shell.of(ctx, visit, 'data').shell,
      question: 'close_account',
      subject: nameOf(visit.account),
      items: gone.map((label) => ({ label, detail: '' })),
      days: graceDays,
      form: visits.form(visit, PATHS.close),
      backUrl: PATHS.data,
    })
  }

  const close: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const outcome = await selfservice.closeAccount(visit.actor)
    if (outcome === 'last_administrator') return shell.done(ctx, PATHS.data, 'administrator_stays')
    visits.seeOther(ctx, PATHS.overview)
  }

  const keep: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    await selfservice.keepAccount(visit.actor)
    shell.done(ctx, PATHS.overview, 'account_kept')
  }

  return { show, download, askClose, close, keep }
}
