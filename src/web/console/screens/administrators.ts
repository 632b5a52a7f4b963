import type { Middleware } from 'koa'
import { PATHS, personPath } from '../paths.ts'
import { may } from '../visit.ts'
import { personLine } from './called.ts'
import type { ConsoleScreenDeps } from './deps.ts'

/** Who may administer. A role is given on the page of its person. */
export function createAdministratorScreens({ visits, shell, admin }: ConsoleScreenDeps) {
  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { items } = await admin.perform('administrators.list', visit.actor, {})
    const change = may(visit, 'administrators.grant')
    visits.show(ctx, visit, 'console-administrators', {
      shell: shell.of(ctx, visit, 'administrators'),
      administrators: items.map((one) => ({
        ...personLine(one),
        secondFactor: one.second_factor,
        roleUrl: change ? personPath(one.account_id, 'role') : null,
        revokeUrl: change ? personPath(one.account_id, 'revoke-role') : null,
      })),
      mayGrant: change,
      peopleUrl: PATHS.people,
    })
  }

  return { list }
}
