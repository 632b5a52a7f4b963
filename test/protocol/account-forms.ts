import { csrfOf, openAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import type { Form } from '../support/html.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'

/** Somebody who is signed in on the account page, in one browser. */
export interface Person {
  address: string
  visitor: Visitor
  /** The token of this session's forms. */
  csrf: string
}

/** People who use the account page by its forms. */
export function peopleOf(stage: () => Stage) {
  const at = (path: string) => `${stage().service.issuer}${path}`
  let people = 0

  /** A new person, unless an address is given: then one more browser of theirs. */
  async function signedIn(address = `person${++people}@fabrikam.example`, authenticator?: () => string): Promise<Person> {
    const visitor = createVisitor(stage().service)
    const page = await openAccount(stage(), visitor, address, authenticator ? { authenticator } : {})
    return { address, visitor, csrf: csrfOf(page) }
  }

  const ask = ({ visitor }: Pick<Person, 'visitor'>, path: string) => visitor.get(at(path))
  const post = ({ visitor, csrf }: Pick<Person, 'visitor' | 'csrf'>, path: string, fields: Record<string, string> = {}) =>
    visitor.post(at(path), { csrf, ...fields })

  /** Addresses of the account that has this one, the oldest first. */
  async function rowsOf(address: string): Promise<{ canonical: string; leaving: boolean; primary: boolean }[]> {
    return query(
      stage().service.databaseUrl,
      `select canonical, leaves_at is not null as leaving, primary_from is not null as primary from address
       where account_id = (select account_id from address where canonical = $1) order by created_at, canonical`,
      [address],
    )
  }

  /** Adds a proven address by the page's own forms. */
  async function addAddress(person: Person, address: string): Promise<Page> {
    const page = await ask(person, '/account/addresses/new?kind=email')
    await person.visitor.submit(formOf(page, 'address'), { address })
    const { code } = await stage().mailbox.next(address)
    return post(person, '/account/addresses/prove', { code: code ?? '' })
  }

  /** The person's authenticator. */
  async function authenticatorOf(address: string): Promise<string> {
    const rows = await query<{ id: string }>(
      stage().service.databaseUrl,
      `select id from credential where kind = 'totp' and account_id = (select account_id from address where canonical = $1)`,
      [address],
    )
    return rows[0]?.id ?? ''
  }

  return { at, signedIn, ask, post, rowsOf, addAddress, authenticatorOf }
}

/** The form that has this field; its absence is an error that quotes the page. */
export function formOf(page: Page, field: string): Form {
  const form = formWith(page, field)
  if (!form) throw new Error(`no field ${field} on ${page.url} (${page.status}): ${page.words}`)
  return form
}

/** Where a redirect leads, without its query. */
export function ledTo(page: Page): string | null {
  return page.location === null ? null : new URL(page.location).pathname
}

export const pathOf = (page: Page): string => new URL(page.url).pathname

/** The addresses that a page has links or forms about. */
export function refsIn(page: Page): string[] {
  return [...new Set([...page.text.matchAll(/\/account\/addresses\/([\w-]{22})\//g)].map(([, ref]) => ref as string))]
}
