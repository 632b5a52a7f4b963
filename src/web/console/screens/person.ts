import type { Context, Middleware } from 'koa'
import type { ConsoleShell } from '../../../text/index.ts'
import { PATHS, personPath, queryOf, withQuery } from '../paths.ts'
import { type ConsoleVisit, may } from '../visit.ts'
import { calledOf, momentOf, personLine } from './called.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { messageRow } from './message-rows.ts'
import { type Person, personEvents, personRows } from './person-rows.ts'

const EVENTS_ON_PAGE = 10
const MESSAGES_ON_PAGE = 3

/** One person: everything that is known of them, and what can be done; and more of what happened, and was sent. */
export function createPersonScreens({ visits, shell, admin, text, clock }: ConsoleScreenDeps) {
  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const { actor, locale } = visit
    const account_id = idOf(ctx)
    const [person, activity, messages] = await Promise.all([
      admin.perform('accounts.get', actor, { account_id }),
      admin.perform('accounts.activity', actor, { account_id, limit: EVENTS_ON_PAGE }),
      admin.perform('accounts.messages', actor, { account_id, limit: MESSAGES_ON_PAGE }),
    ])
    const within = reaches(visit, person)
    visits.show(ctx, visit, 'console-person', {
      shell: shell.of(ctx, visit, 'people'),
      person: { ...personLine(person), id: person.account_id },
      closingAt: momentOf(person.closing_at),
      backUrl: PATHS.people,
      urls: urlsOf(visit, person),
      ...personRows(
        person,
        { change: within, own: visit.account.id === account_id, lift: may(visit, 'suppressions.lift') },
        clock.now(),
        text,
        locale,
      ),
      messages: messages.items.map(messageRow),
      events: personEvents(activity.items, namesOf(person), text, locale),
    })
  }

  const activity: Middleware = async (ctx) => {
    const { visit, person, frame, cursor } = await oneOf(ctx)
    const page = await admin.perform('accounts.activity', visit.actor, { account_id: person.account_id, ...cursor })
    visits.show(ctx, visit, 'console-person-activity', {
      ...frame,
      events: personEvents(page.items, namesOf(person), text, visit.locale),
      moreUrl: page.next && withQuery(ctx.path, { cursor: page.next }),
    })
  }

  const messages: Middleware = async (ctx) => {
    const { visit, person, frame, cursor } = await oneOf(ctx)
    const page = await admin.perform('accounts.messages', visit.actor, { account_id: person.account_id, ...cursor })
    visits.show(ctx, visit, 'console-person-messages', {
      ...frame,
      messages: page.items.map(messageRow),
      moreUrl: page.next && withQuery(ctx.path, { cursor: page.next }),
    })
  }

  async function oneOf(ctx: Context) {
    const visit = await visits.load(ctx)
    const person = await admin.perform('accounts.get', visit.actor, { account_id: idOf(ctx) })
    const cursor = queryOf(ctx, 'cursor')
    const frame: { shell: ConsoleShell; called: string; backUrl: string } = {
      shell: shell.of(ctx, visit, 'people'),
      called: calledOf(person),
      backUrl: personPath(person.account_id),
    }
    return { visit, person, frame, cursor: cursor ? { cursor } : {} }
  }

  /** All that is kept about the person, as a file. */
  const download: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const exported = await admin.perform('accounts.export-one', visit.actor, { account_id: idOf(ctx) })
    ctx.set('Cache-Control', 'no-store')
    ctx.attachment('person.json')
    ctx.type = 'application/json'
    ctx.body = `${JSON.stringify(exported, null, 2)}\n`
  }

  return { show, activity, messages, download }
}

/** The page of the person that a path below it names. */
export function personPage(ctx: Context): string {
  return personPath(idOf(ctx))
}

export function idOf(ctx: Context): string {
  return String(ctx.params.id)
}

/** Whether this visitor changes this person at all: whoever has a role is left to administrators. */
function reaches(visit: ConsoleVisit, { role }: Pick<Person, 'role'>): boolean {
  return may(visit, 'accounts.update') && (role === null || visit.role === 'admin')
}

// What the rules would refuse is not offered.
function urlsOf(visit: ConsoleVisit, person: Person) {
  const { account_id, state, role, closing_at } = person
  const change = reaches(visit, person)
  const own = visit.account.id === account_id
  const decide = may(visit, 'administrators.grant')
  const below = (allowed: boolean, what: string) => (allowed ? personPath(account_id, what) : null)
  return {
    rename: below(change, 'name'),
    suspend: below(change && state === 'active' && !own, 'suspend'),
    resume: below(change && state === 'suspended', 'resume'),
    endSessions: below(change && person.sessions.length > 0, 'end-sessions'),
    close: below(change && closing_at === null && state !== 'closed' && !own, 'close'),
    keep: below(change && closing_at !== null, 'keep'),
    rescue: below(change && !own && person.rescue === null && person.authenticators.length > 0 && isIn(person), 'rescue'),
    role: below(decide && state === 'active', 'role'),
    revokeRole: below(decide && role !== null, 'revoke-role'),
    download: below(may(visit, 'accounts.export-one'), 'export'),
    activity: personPath(account_id, 'activity'),
    messages: personPath(account_id, 'messages'),
    audit: may(visit, 'audit.list') ? withQuery(PATHS.audit, { person: account_id }) : null,
  }
}

function isIn({ state, closing_at }: Person): boolean {
  return state === 'active' && closing_at === null
}

function namesOf({ apps }: Person): Map<string, string> {
  return new Map(apps.map(({ client_id, name }) => [client_id, name]))
}
