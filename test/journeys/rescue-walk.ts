import { type Authenticator, addAuthenticator } from '../protocol/second-walk.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'

export const HOUR_SECONDS = 3600
/** The usual wait, and how long it stays open after it. */
export const WAIT_SECONDS = 48 * HOUR_SECONDS
export const WINDOW_SECONDS = 24 * HOUR_SECONDS
export const LOCK_SECONDS = 14 * 24 * HOUR_SECONDS

/** What people do who lost their second proof, by the forms of pages and without JavaScript. */
export function rescueWalk(stage: Stage) {
  const { service, mailbox } = stage
  const { databaseUrl } = service

  /** Somebody whose account has an app that they then lose; the address has been the account's from its first moment. */
  async function member(email: string): Promise<Authenticator> {
    await stage.signIn(email)
    return addAuthenticator(service, email)
  }

  /** Signs in as far as the page after the mailed code. */
  async function firstProof(email: string, visitor: Visitor = createVisitor(service)): Promise<Page> {
    const door = await visitor.open(await stage.authorizeUrl(visitor))
    const waits = await visitor.follow(
      await visitor.submit(lackingNone(door, formWith(door, 'identifier')), { identifier: email }),
    )
    const { code } = await mailbox.next(email)
    return visitor.follow(await visitor.submit(lackingNone(waits, formWith(waits, 'code')), { code: code ?? '' }))
  }

  /** The page of a rescue, in the sign-in that this page belongs to. */
  const rescuePage = (visitor: Visitor, page: Page) => visitor.open(`${service.issuer}${uidPath(page)}/rescue`)

  /** Presses the button of the form whose path ends like this. */
  async function press(visitor: Visitor, page: Page, step: string, fields: Record<string, string> = {}): Promise<Page> {
    return visitor.follow(await visitor.submit(formTo(page, step), fields))
  }

  /** Begins a rescue with the mailbox alone; answers the page that says so. */
  async function begin(email: string, visitor: Visitor = createVisitor(service)): Promise<Page> {
    const page = await rescuePage(visitor, await firstProof(email, visitor))
    return press(visitor, page, '/rescue/begin')
  }

  /** How the rescues of an account stand, oldest first. */
  async function statesOf(email: string): Promise<string[]> {
    const of = '(select account_id from address where canonical = $1)'
    const rows = await query<{ state: string }>(
      databaseUrl,
      `select state from rescue where account_id = ${of} order by started_at`,
      [email],
    )
    return rows.map(({ state }) => state)
  }

  return { member, firstProof, rescuePage, press, begin, statesOf }
}

/** The form of a page whose path ends like this. */
export function formTo(page: Page, step: string) {
  return lackingNone(
    page,
    page.forms.find(({ action }) => new URL(action).pathname.endsWith(step)),
  )
}

export const hasFormTo = (page: Page, step: string) => page.forms.some(({ action }) => new URL(action).pathname.endsWith(step))

function lackingNone<T>(page: Page, form: T | undefined): T {
  if (!form) throw new Error(`the page lacks the form: ${page.url} ${page.words}`)
  return form
}

function uidPath({ url }: Page): string {
  return /^\/sign-in\/[\w-]+/.exec(new URL(url).pathname)?.[0] ?? ''
}
