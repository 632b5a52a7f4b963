import { formWith, type Page, type Visitor } from './person.ts'
import type { Stage } from './stage.ts'

/** What opening the account page needs of a stage. */
type Place = Pick<Stage, 'service' | 'mailbox'>

export interface OpenAccountOptions {
  /** Another page of the account page. */
  path?: string
  /** What the person's authenticator app shows now; without it no second factor is given. */
  authenticator?: () => string
  /** Chooses not to be asked for it again in this browser. */
  remember?: boolean
}

/**
 * Opens a page of the account page as a person without JavaScript does, and signs in by emailed code where that is asked
 * for, with the authenticator where that is. Answers the page; a way that ends anywhere else is an error that quotes it.
 */
export async function openAccount(
  stage: Place,
  visitor: Visitor,
  address: string,
  options: OpenAccountOptions = {},
): Promise<Page> {
  const { service, mailbox } = stage
  const { path = '/account', authenticator, remember = false } = options
  let page = await visitor.open(`${service.issuer}${path}`)
  for (let step = 0; step < 8; step++) {
    if (isAccountPage(page)) return page
    const identify = formWith(page, 'identifier')
    const answer = formWith(page, 'code')
    const choice = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'totp'))
    if (identify) {
      page = await visitor.submit(identify, { identifier: address })
    } else if (answer?.action.endsWith('/factor') && authenticator) {
      page = await visitor.submit(answer, { code: authenticator(), ...(remember && { remember: 'on' }) })
    } else if (choice && authenticator) {
      page = await visitor.submit(choice, {}, 'totp')
    } else if (answer?.action.endsWith('/answer')) {
      page = await visitor.submit(answer, { code: (await mailbox.next(address)).code ?? '' })
    } else {
      throw new Error(`no way on from ${page.url} (${page.status}): ${page.words}`)
    }
    page = await visitor.follow(page)
  }
  throw new Error(`the account page is not reached; the way stands at ${page.url}: ${page.words}`)
}

/** Whether the way has ended on the account page, and not at its doors. */
export function isAccountPage(page: Page): boolean {
  return page.location === null && /^\/account(?:\/|$)/.test(new URL(page.url).pathname)
}

/** The token that forms of this page carry. */
export function csrfOf(page: Page): string {
  const token = page.forms.find(({ values }) => values.csrf)?.values.csrf
  if (!token) throw new Error(`no form with a token on ${page.url}: ${page.words}`)
  return token
}
