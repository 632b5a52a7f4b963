import type { Context, Middleware } from 'koa'
import type { ConsoleGuards } from './guards.ts'
import { clientPath, PATHS } from './paths.ts'
import type { ConsoleScreens } from './screens/screens.ts'
import { SEARCH } from './screens/search.ts'

type Add = (path: string, handler: Middleware) => unknown

/** Where a form stands whose path has no page of its own. */
const on = {
  edit: { page: (ctx: Context) => clientPath(String(ctx.params.id), 'edit', String(ctx.params.section)) },
}

/** Every path of clients and APIs, with the operation that it is for. A question and its answer share path and guard. */
export function addClientRoutes(
  { get, post }: { get: Add; post: Add },
  page: ConsoleGuards['page'],
  screens: ConsoleScreens,
): void {
  const { clients, client, clientEdit, newClient, clientSecrets, clientEnds, trial, apis, search } = screens

  get(PATHS.search, page(SEARCH, search.show))

  get(PATHS.clients, page('clients.list', clients.list))
  get(PATHS.newClient, page('clients.create', newClient.choose))
  get('/admin/new-client/:kind', page('clients.create', newClient.ask))
  post('/admin/new-client/:kind', page('clients.create', newClient.create))
  get('/admin/clients/:id', page('clients.get', client.show))
  get('/admin/clients/:id/edit/:section', page('clients.update', clientEdit.edit))
  post('/admin/clients/:id/edit/:section', page('clients.update', clientEdit.look))
  post('/admin/clients/:id/save/:section', page('clients.update', clientEdit.save, on.edit))
  get('/admin/clients/:id/new-secret', page('clients.add-secret', clientSecrets.ask))
  post('/admin/clients/:id/new-secret', page('clients.add-secret', clientSecrets.add))
  get('/admin/clients/:id/secrets/:secret/retire', page('clients.retire-secret', clientSecrets.askRetire))
  post('/admin/clients/:id/secrets/:secret/retire', page('clients.retire-secret', clientSecrets.retire))
  get('/admin/clients/:id/disable', page('clients.disable', clientEnds.askDisable))
  post('/admin/clients/:id/disable', page('clients.disable', clientEnds.disable))
  get('/admin/clients/:id/enable', page('clients.enable', clientEnds.askEnable))
  post('/admin/clients/:id/enable', page('clients.enable', clientEnds.enable))
  get('/admin/clients/:id/delete', page('clients.delete', clientEnds.askDelete))
  post('/admin/clients/:id/delete', page('clients.delete', clientEnds.remove))
  get('/admin/clients/:id/try', page('clients.try', trial.ask))
  post('/admin/clients/:id/try', page('clients.try', trial.begin))
  get(PATHS.tryCallback, page('clients.get', trial.callback))

  get(PATHS.apis, page('resource-servers.list', apis.list))
  get(PATHS.newApi, page('resource-servers.create', apis.askNew))
  post(PATHS.newApi, page('resource-servers.create', apis.create))
  get('/admin/apis/:ref', page('resource-servers.get', apis.show))
  get('/admin/apis/:ref/edit', page('resource-servers.update', apis.askEdit))
  post('/admin/apis/:ref/edit', page('resource-servers.update', apis.edit))
  get('/admin/apis/:ref/delete', page('resource-servers.delete', apis.askDelete))
  post('/admin/apis/:ref/delete', page('resource-servers.delete', apis.remove))
}
