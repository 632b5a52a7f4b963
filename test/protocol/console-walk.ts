import { type Administrator, createAdministrator } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'

const STEPS_MAX = 4
/** An authenticator's code counts once. */
const CODE_SECONDS = 31

/** An administrator at the console, by a browser without a window. */
export interface AtConsole extends Pick<Administrator, 'accountId' | 'address'> {
  visitor: Visitor
  /** A page of the console, after redirects. */
  open(path: string): Promise<Page>
  /** The only form of this page that has such a button, sent with these fields; then the page that follows. */
  press(page: Page, button: RegExp, fields?: Record<string, string>): Promise<Page>
}

/** Somebody with this role signs in to the console, in a browser of their own. */
export async function enterConsole(stage: Stage, address: string, role: 'admin' | 'support' | 'auditor'): Promise<AtConsole> {
  const { accountId, authenticator } = await createAdministrator(stage, address, role)
  await stage.moveClock(CODE_SECONDS)
  const visitor = createVisitor(stage.service)
  const at = (path: string) => `${stage.service.issuer}${path}`
  let page = await visitor.open(at('/admin'))
  for (let step = 0; step < STEPS_MAX; step++) {
    if (page.status === 200 && new URL(page.url).pathname === '/admin') break
    page = await visitor.follow(await forward(stage, visitor, page, address, authenticator))
  }
  if (new URL(page.url).pathname !== '/admin') throw new Error(`the console stays closed at ${page.url}: ${page.words}`)

  return {
    address,
    accountId,
    visitor,
    open: (path) => visitor.open(at(path)),
    async press(from, button, fields = {}) {
      const form = from.forms.find(({ buttons }) => buttons.some(({ text }) => button.test(text)))
      if (!form) throw new Error(`no button ${button} at ${from.url}: ${from.words}`)
      return visitor.follow(await visitor.submit(form, fields))
    },
  }
}

async function forward(stage: Stage, visitor: Visitor, page: Page, address: string, authenticator: () => string): Promise<Page> {
  const identify = formWith(page, 'identifier')
  if (identify) return visitor.submit(identify, { identifier: address })
  const way = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'totp'))
  if (way) return visitor.submit(way, {}, 'totp')
  const code = formWith(page, 'code')
  if (!code) throw new Error(`no way on from ${page.url} (${page.status}): ${page.words}`)
  const mailed = /Check your email/.test(page.words)
  return visitor.submit(code, { code: mailed ? ((await stage.mailbox.next(address)).code ?? '') : authenticator() })
}

/** What the links and forms of a page's own part lead to, without what they share with its path. */
export function waysOf({ text, url }: Page): string[] {
  const own = text.slice(text.indexOf('<main'))
  return [...own.matchAll(/(?:href|action)="(\/admin[^"?]*)/g)].map(([, path = '']) => path.replace(new URL(url).pathname, ''))
}

/** Somebody who has signed in once: their id, and the path of their page. */
export async function somebody(stage: Stage, address: string): Promise<{ id: string; path: string }> {
  await stage.signIn(address)
  const own = 'select account_id as id from address where canonical = $1'
  const [row] = await query<{ id: string }>(stage.service.databaseUrl, own, [address])
  const id = row?.id ?? ''
  return { id, path: `/admin/people/${id}` }
}
