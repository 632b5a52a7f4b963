import type { Context } from 'koa'
import { initialsOf, nameOf } from '../../accounts/index.ts'
import type { OperationName } from '../../admin/index.ts'
import type { Clock } from '../../base/index.ts'
import type { ConsoleEntry, ConsoleFaultKind, ConsoleShell } from '../../text/index.ts'
import type { Cookies } from '../cookies.ts'
import { lettersOf } from '../own-client/letters.ts'
import { CONSOLE_PLACE } from '../own-client/place.ts'
import { rescueBanner } from '../own-client/rescue.ts'
import { PATHS, withQuery } from './paths.ts'
import { type ConsoleVisit, type ConsoleVisits, may } from './visit.ts'

/** The rail, in its order: each entry leads to the page of an operation, which decides who sees it. */
const RAIL: readonly { entry: ConsoleEntry; url: string; operation: OperationName }[] = [
  { entry: 'start', url: PATHS.start, operation: 'stats.show' },
  { entry: 'clients', url: PATHS.clients, operation: 'clients.list' },
  { entry: 'apis', url: PATHS.apis, operation: 'resource-servers.list' },
  { entry: 'people', url: PATHS.people, operation: 'accounts.list' },
  { entry: 'messages', url: PATHS.messages, operation: 'messages.list' },
  { entry: 'keys', url: PATHS.keys, operation: 'keys.list' },
  { entry: 'audit', url: PATHS.audit, operation: 'audit.list' },
  { entry: 'administrators', url: PATHS.administrators, operation: 'administrators.list' },
]

/** Flashes of the console are nobody else's. */
const FLASH = CONSOLE_PLACE.clientId
/** What a cookie has room for. */
const FAULT_MAX = 1000

/** What a form says to the page after it. `key` is a sentence below `console.`. */
type Flash = { key: string; values: Record<string, string> } | { fault: string }

/** What stands around each page of the console, and what a form says to the page after it. */
export function createShell(deps: { visits: Pick<ConsoleVisits, 'form' | 'show' | 'seeOther'>; cookies: Cookies; clock: Clock }) {
  const { visits, cookies } = deps

  /** The frame; what the last form said is read once. `here` null: no entry of the rail. */
  function of(ctx: Context, visit: ConsoleVisit, here: ConsoleEntry | null, query = ''): ConsoleShell {
    const once = heard(ctx)
    const { account, role } = visit
    const { name } = account.profile
    const called = typeof name === 'string' && name.trim() !== '' ? name.trim() : null
    return {
      name: called ?? nameOf(account),
      initials: called ? lettersOf(called) : initialsOf(account),
      role,
      here,
      rail: RAIL.filter(({ operation }) => may(visit, operation)).map(({ entry, url }) => ({ entry, url })),
      now: deps.clock.now(),
      search: { url: PATHS.search, query },
      signOut: visits.form(visit, PATHS.signOut),
      rescue: rescueBanner(visit, CONSOLE_PLACE, (action) => visits.form(visit, action)),
      said: once && 'key' in once ? once : null,
      fault: once && 'fault' in once ? once.fault : null,
    }
  }

  /** Ends a form: the page at `path` says once that it was done. `key` is a sentence below `console.`. */
  function done(ctx: Context, path: string, key: string, values: Record<string, string> = {}): void {
    say(ctx, { key, values })
    visits.seeOther(ctx, path)
  }

  /** Ends a form that did nothing: the page at `path` says why. */
  function refuse(ctx: Context, path: string, words: string): void {
    say(ctx, { fault: words.slice(0, FAULT_MAX) })
    visits.seeOther(ctx, path)
  }

  /** A page of the frame that says what cannot be. From what is no page of a list it leads to the first one. */
  function showFault(ctx: Context, visit: ConsoleVisit, kind: ConsoleFaultKind, words = ''): void {
    const status = { forbidden: 403, not_found: 404, no_page: 400, other: 409 }[kind]
    const backUrl = kind === 'no_page' ? firstPageOf(ctx) : PATHS.start
    const props = { shell: of(ctx, visit, null), kind, words, backUrl }
    visits.show(ctx, visit, 'console-fault', props, status)
  }

  function say(ctx: Context, flash: Flash): void {
    cookies.setFlash(ctx, FLASH, Buffer.from(JSON.stringify(flash)).toString('base64url'))
  }

  // Our own signed cookie: what it holds is what we wrote.
  function heard(ctx: Context): Flash | null {
    const flash = cookies.takeFlash(ctx, FLASH)
    return flash === undefined ? null : (JSON.parse(Buffer.from(flash, 'base64url').toString('utf8')) as Flash)
  }

  return { of, done, refuse, showFault }
}

/** The page without its cursor, and with the filter. */
function firstPageOf(ctx: Context): string {
  const filter = new URLSearchParams(ctx.querystring)
  filter.delete('cursor')
  return withQuery(ctx.path, Object.fromEntries(filter))
}

export type Shell = ReturnType<typeof createShell>
