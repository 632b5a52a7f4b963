import type { Context } from 'koa'
import { ADMIN_SCOPES, type OutputOf } from '../../../admin/index.ts'
import type { ConsoleVisit } from '../visit.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import type { MoreOption, Say } from './form.ts'

export type ClientView = OutputOf<'clients.get'>

/** What the pages of one client have in common. */
export function createClientAtHand({ admin, text }: Pick<ConsoleScreenDeps, 'admin' | 'text'>) {
  return {
    /** The client of the path; throws `AdminFault('not_found')`. */
    of: (ctx: Context, visit: ConsoleVisit): Promise<ClientView> =>
      admin.perform('clients.get', visit.actor, { client_id: idIn(ctx) }),

    /** Options that only this installation knows: its APIs, and what of the admin API a machine can be given. */
    async options(visit: ConsoleVisit): Promise<Record<string, MoreOption[]>> {
      const { items } = await admin.perform('resource-servers.list', visit.actor, {})
      const apis = items.map(({ id, name }) => ({ value: id, label: name, hint: id }))
      const scopes = Object.entries(ADMIN_SCOPES).map(([scope, words]) => ({ value: scope, label: scope, hint: words }))
      return { resources: apis, introspects: apis, admin_scopes: scopes }
    },

    /** A sentence below `console.`, in the person's language. */
    sayer:
      ({ locale }: ConsoleVisit): Say =>
      (key) =>
        text.say(`console.${key}`, {}, locale),
  }
}

export function idIn(ctx: Context): string {
  return String(ctx.params.id)
}
