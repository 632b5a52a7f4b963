import { query } from '../support/database.ts'
import { createVisitor, type Page, type Visitor } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'

/** A page that asks for a fresh proof, whatever stands on it. */
export const FRESH = '/account/close'

export const person = (name: string) => `${name}@fabrikam.example`

/** A stage as tests of the account page walk on it. */
export function aroundAccount(stage: Stage) {
  const at = (path: string) => `${stage.service.issuer}${path}`

  /** Whether this browser can read the account page right now. */
  async function isIn(visitor: Visitor): Promise<boolean> {
    const page = await visitor.get(at('/account'))
    if (page.status !== 200 && !isAsked(page)) throw new Error(`neither in nor out: ${page.status} ${page.words}`)
    return page.status === 200
  }

  /** A browser that sends these cookies and no others. */
  function withCookies(cookies: Record<string, string | undefined>): Visitor {
    const visitor = createVisitor(stage.service)
    const texts = Object.entries(cookies).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}; Path=/`]))
    visitor.jar.keep(at('/'), texts)
    return visitor
  }

  return {
    at,
    isIn,
    withCookies,
    cookieOf: (visitor: Visitor, name = 'account') => visitor.jar.value(at('/account'), name),
    /** The browser loses its session on the account page, and nothing else. */
    forget: (visitor: Visitor) => visitor.jar.keep(at('/'), ['account=; Path=/; Max-Age=0']),
    changeAccount: (address: string, set: string) =>
      query(
        stage.service.databaseUrl,
        `update account set ${set} where id = (select account_id from address where canonical = $1)`,
        [address],
      ),
  }
}

/** Where a request ends that nobody is signed in for, or too weakly: at the engine's door. */
export function isAsked({ status, location }: Page): boolean {
  return status === 303 && location !== null && new URL(location).pathname === '/authorize'
}

export function lacking(page: Page): never {
  throw new Error(`the page lacks the form: ${page.words}`)
}
