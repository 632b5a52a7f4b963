import type { Middleware } from 'koa'
import type { InputOf } from '../../../admin/index.ts'
import { clientPath, PATHS, queryOf, withQuery } from '../paths.ts'
import { may } from '../visit.ts'
import { clientRow } from './client-rows.ts'
import type { ConsoleScreenDeps } from './deps.ts'

const KINDS = ['web', 'spa', 'native', 'machine'] as const
const STATES = ['on', 'off'] as const

/** The list of clients: found by name, id or redirect address, page by page, and how the clients file stands. */
export function createClientsScreens(deps: ConsoleScreenDeps) {
  const { visits, shell, admin, clock } = deps

  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const [q, kind, state] = [queryOf(ctx, 'q').trim().slice(0, 200), queryOf(ctx, 'kind'), queryOf(ctx, 'state')]
    const cursor = queryOf(ctx, 'cursor')
    const filter: InputOf<'clients.list'> = {
      ...(q && { q }),
      ...oneOf('kind', KINDS, kind),
      ...oneOf('state', STATES, state),
    }
    const [page, file] = await Promise.all([
      admin.perform('clients.list', visit.actor, { ...filter, ...(cursor && { cursor }) }),
      admin.perform('clients-file.show', visit.actor, {}),
    ])
    const now = clock.now()
    visits.show(ctx, visit, 'console-clients', {
      shell: shell.of(ctx, visit, 'clients'),
      find: { url: PATHS.clients, q, kind: filter.kind ?? '', state: filter.state ?? '' },
      clients: page.items.map((client) => clientRow(client, now)),
      filtered: Object.keys(filter).length > 0,
      newUrl: may(visit, 'clients.create') ? PATHS.newClient : null,
      pager: {
        nextUrl: page.next && withQuery(PATHS.clients, { q, kind: filter.kind, state: filter.state, cursor: page.next }),
        firstUrl: cursor ? withQuery(PATHS.clients, { q, kind: filter.kind, state: filter.state }) : null,
      },
      drift: file.drift.map(({ id }) => ({ id, url: clientPath(id) })),
      waiting: file.waiting.map(({ client_id, words }) => ({ id: client_id, words })),
      fileFaults: file.faults,
    })
  }

  return { list }
}

function oneOf<K extends string, V extends string>(key: K, values: readonly V[], asked: string): Partial<Record<K, V>> {
  const value = values.find((one) => one === asked)
  return (value ? { [key]: value } : {}) as Partial<Record<K, V>>
}
