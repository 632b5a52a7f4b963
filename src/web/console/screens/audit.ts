import { Readable } from 'node:stream'
import type { Context, Middleware } from 'koa'
import { AdminFault, type InputOf } from '../../../admin/index.ts'
import { EVENT_GROUPS, meaningOf } from '../../../audit/index.ts'
import { wordsOf } from '../guards.ts'
import { PATHS, queryOf, withQuery } from '../paths.ts'
import { type ConsoleVisit, may } from '../visit.ts'
import { auditLine, detailOf, type Follows } from './audit-rows.ts'
import { momentOf } from './called.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { createWords } from './words.ts'

/** A page of the list; a page of the export. */
const ON_PAGE = 25
const EXPORTED_AT_ONCE = 1000

const FILTERS = ['person', 'client', 'actor', 'event', 'from', 'to'] as const
type Filter = Record<(typeof FILTERS)[number], string>
type Asked = InputOf<'audit.list'>

/** The audit log: found, read, and taken along. */
export function createAuditScreens({ visits, shell, admin, text }: ConsoleScreenDeps) {
  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const words = createWords(text, visit.locale)
    const filter = filterOf(ctx)
    const [found, chain] = await Promise.all([find(ctx, visit, filter), admin.perform('audit.chain', visit.actor, {})])
    visits.show(ctx, visit, 'console-audit', {
      shell: shell.of(ctx, visit, 'audit'),
      action: PATHS.audit,
      filter,
      fault: found.fault,
      groups: [...EVENT_GROUPS],
      lines: found.items.map((entry) => auditLine(entry, followsOf(visit))),
      moreUrl: found.next && withQuery(PATHS.audit, { ...filter, cursor: found.next }),
      chain: { rows: words.number(chain.rows), waiting: words.number(chain.waiting), headAt: momentOf(chain.head_at) },
      verifyUrl: `${PATHS.audit}/verify`,
      exportUrl: withQuery(`${PATHS.audit}/export`, filter),
      filtered: Object.values(filter).some((value) => value !== ''),
    })
  }

  /** A filter that cannot be so is told above the list. */
  async function find(ctx: Context, visit: ConsoleVisit, filter: Filter) {
    const none = { items: [], next: null }
    const cursor = queryOf(ctx, 'cursor')
    try {
      const asked = await askedOf(visit, filter)
      if (!asked) return { ...none, fault: null }
      const page = await admin.perform('audit.list', visit.actor, { ...asked, limit: ON_PAGE, ...(cursor && { cursor }) })
      return { ...page, fault: null }
    } catch (error) {
      if (!(error instanceof AdminFault) || error.code !== 'invalid_input') throw error
      return { ...none, fault: wordsOf(error) }
    }
  }

  /** The filter of the operation; null where it names somebody who is not there. */
  async function askedOf(visit: ConsoleVisit, filter: Filter): Promise<Asked | null> {
    const account_id = filter.person && (await accountIdOf(visit, filter.person))
    if (account_id === null) return null
    return {
      ...(account_id && { account_id }),
      ...(filter.client && { client_id: filter.client }),
      ...(filter.actor && { actor_id: filter.actor }),
      ...(filter.event && { event: filter.event }),
      ...(filter.from && { from: `${filter.from}T00:00:00.000Z` }),
      ...(filter.to && { to: dayAfter(filter.to) }),
    }
  }

  /** A person is named by id, or by an address. */
  async function accountIdOf({ actor }: ConsoleVisit, named: string): Promise<string | null> {
    if (!/[@+]/.test(named)) return named
    const { items } = await admin.perform('accounts.list', actor, { q: named })
    const exact = items.find((one) => [one.email, one.phone, one.account_id].includes(named))
    const only = items.length === 1 ? items[0] : undefined
    return (exact ?? only)?.account_id ?? null
  }

  const one: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const words = createWords(text, visit.locale)
    const entry = await admin.perform('audit.get', visit.actor, { entry_id: String(ctx.params.entry) })
    visits.show(ctx, visit, 'console-audit-entry', {
      shell: shell.of(ctx, visit, 'audit'),
      entry: {
        ...auditLine(entry, followsOf(visit), { whole: true }),
        id: entry.entry_id,
        request: entry.request_id,
        attempt: entry.attempt_id,
        chain: entry.chain && { place: words.number(entry.chain.place), hash: entry.chain.hash },
        device: entry.device,
        help: meaningOf(entry.event)?.help ?? null,
      },
      detail: detailOf(entry),
      backUrl: PATHS.audit,
    })
  }

  /** What the filter finds as NDJSON: a row a line, read page by page as the browser takes them. */
  const download: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const asked = await askedOf(visit, filterOf(ctx))
    // The first page is read before the answer begins, so that a filter that cannot be so is still told on a page.
    const first = asked && (await admin.perform('audit.export', visit.actor, { ...asked, limit: EXPORTED_AT_ONCE }))
    ctx.set('Cache-Control', 'no-store')
    ctx.attachment('audit.ndjson')
    ctx.type = 'application/x-ndjson'
    // Where it breaks off the connection does too, so that half a file does not look like a whole one.
    ctx.body = Readable.from(linesOf())

    async function* linesOf(): AsyncGenerator<string> {
      let page = first
      while (asked && page) {
        yield page.items.map((entry) => `${JSON.stringify(entry)}\n`).join('')
        page = page.next === null ? null : await following(asked, page.next)
      }
    }

    // Minutes may have gone by: who asks is looked at as with a request of its own.
    async function following(asked: Asked, cursor: string) {
      const { actor } = await visits.still(ctx, 'audit.export')
      return admin.perform('audit.export', actor, { ...asked, limit: EXPORTED_AT_ONCE, cursor })
    }
  }

  return { list, one, download }
}

function followsOf(visit: ConsoleVisit): Follows {
  return { people: may(visit, 'accounts.get'), clients: may(visit, 'clients.get') }
}

function filterOf(ctx: Context): Filter {
  return Object.fromEntries(FILTERS.map((name) => [name, queryOf(ctx, name).trim()])) as Filter
}

// `to` is the last day; one that is no day is left to the operation to refuse.
function dayAfter(day: string): string {
  const start = Date.parse(`${day}T00:00:00Z`)
  return Number.isNaN(start) ? day : new Date(start + 86_400_000).toISOString()
}
