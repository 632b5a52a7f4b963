import type { Middleware } from 'koa'
import { AdminFault, type OperationName } from '../../../admin/index.ts'
import { clientPath, PATHS, personPath, queryOf, withQuery } from '../paths.ts'
import { type ConsoleVisit, may } from '../visit.ts'
import { letterOf } from './client-rows.ts'
import type { ConsoleScreenDeps } from './deps.ts'

const QUERY_MAX = 200
const SHOWN = 10

/** Looks for everything at once: an id leads straight to what it names; a name or an address to whoever fits. */
export function createSearchScreens(deps: ConsoleScreenDeps) {
  const { visits, shell, admin } = deps

  /** Whether there is one of this id, for whoever may see it. */
  async function is(visit: ConsoleVisit, name: 'clients.get' | 'accounts.get', input: object): Promise<boolean> {
    if (!may(visit, name)) return false
    try {
      await admin.perform(name, visit.actor, input as never)
      return true
    } catch (error) {
      // What cannot be an id at all is none.
      if (error instanceof AdminFault && (error.code === 'not_found' || error.code === 'invalid_input')) return false
      throw error
    }
  }

  /** The page of what has this very id. */
  async function straightTo(visit: ConsoleVisit, q: string): Promise<string | null> {
    if (/\s/.test(q)) return null
    const [client, person] = await Promise.all([
      is(visit, 'clients.get', { client_id: q }),
      is(visit, 'accounts.get', { account_id: q }),
    ])
    if (client) return clientPath(q)
    return person ? personPath(q) : null
  }

  async function clientsFor(visit: ConsoleVisit, q: string) {
    if (!may(visit, 'clients.list')) return null
    const { items, next } = await admin.perform('clients.list', visit.actor, { q, limit: SHOWN })
    const found = items.map(({ client_id: id, client_name: name }) => ({ id, name, letter: letterOf(name), url: clientPath(id) }))
    return { found, moreUrl: next && withQuery(PATHS.clients, { q }) }
  }

  async function peopleFor(visit: ConsoleVisit, q: string) {
    if (!may(visit, 'accounts.list')) return null
    const { items, next } = await admin.perform('accounts.list', visit.actor, { q, limit: SHOWN })
    const found = items.map(({ account_id: id, name, email, phone }) => {
      const called = name ?? email ?? phone ?? id
      const detail = [email, phone].filter((one) => one && one !== called).join(' · ')
      return { id, name: called, detail, initials: letterOf(called), url: personPath(id) }
    })
    return { found, moreUrl: next && withQuery(PATHS.people, { q }) }
  }

  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const query = queryOf(ctx, 'q').trim().slice(0, QUERY_MAX)
    const straight = query === '' ? null : await straightTo(visit, query)
    if (straight) return visits.seeOther(ctx, straight)
    const [clients, people] = query === '' ? [null, null] : await Promise.all([clientsFor(visit, query), peopleFor(visit, query)])
    visits.show(ctx, visit, 'console-search', { shell: shell.of(ctx, visit, null, query), query, clients, people })
  }

  return { show }
}

/** The operation whose roles may search: everybody who administers anything. */
export const SEARCH: OperationName = 'me.show'
