import type { Middleware } from 'koa'
import type { AppAccess } from '../../../selfservice/index.ts'
import { scopesInWords } from '../../scopes-in-words.ts'
import type { AccountVisit } from '../visit.ts'
import { PATHS, type ScreenDeps } from './deps.ts'
import type { Shell } from './shell.ts'

/** Applications that have access to the account. */
export function createAppScreens(deps: ScreenDeps & { shell: Shell }) {
  const { visits, selfservice, shell } = deps
  const endPath = (clientId: string) => `${PATHS.apps}/${encodeURIComponent(clientId)}/end`
  const inWords = (app: AppAccess, { locale }: AccountVisit) => scopesInWords(app.scopes, app.resources, deps, locale)

  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const apps = await selfservice.appsOf(visit.actor.accountId)
    visits.show(ctx, visit, 'account-apps', {
      shell: shell.of(ctx, visit, 'apps').shell,
      apps: await Promise.all(
        apps.map(async (app) => ({
          name: app.name,
          letter: app.letter,
          can: await inWords(app, visit),
          since: app.since,
          lastUsedAt: app.lastUsedAt,
          offline: app.offline,
          firstParty: app.firstParty,
          endUrl: endPath(app.clientId),
        })),
      ),
    })
  }

  const askEnd: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { actor } = visit
    const app = (await selfservice.appsOf(actor.accountId)).find(({ clientId }) => clientId === ctx.params.clientId)
    if (!app) return visits.seeOther(ctx, PATHS.apps)
    visits.show(ctx, visit, 'account-confirm', {
      shell: shell.of(ctx, visit, 'apps').shell,
      question: 'end_app',
      subject: app.name,
      items: (await inWords(app, visit)).map((label) => ({ label, detail: '' })),
      days: null,
      form: visits.form(visit, endPath(app.clientId)),
      backUrl: PATHS.apps,
    })
  }

  const end: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const clientId = String(ctx.params.clientId)
    const known = (await selfservice.appsOf(visit.actor.accountId)).some((one) => one.clientId === clientId)
    if (known) await selfservice.endApp(visit.actor, clientId)
    shell.done(ctx, PATHS.apps, known ? 'app_ended' : null)
  }

  return { list, askEnd, end }
}
