import { codeOf } from '../rooms/totp-support.ts'
import { csrfOf, openAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import { createVisitor, type Page, type Visitor } from '../support/person.ts'
import type { Service } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'
import { lacking } from './account-walk.ts'
import { countOf } from './second-standing.ts'
import { withField } from './text-walk.ts'

/** Somebody who is signed in on the account page, in one browser. */
export interface Member {
  address: string
  visitor: Visitor
  csrf: string
}

/** An address row, as its account sees it. */
export interface OwnRow {
  address: string
  leaving: boolean
  primary: boolean
}

const OF_ADDRESS = '(select account_id from address where canonical = $1)'

/** What people do on the account page, by its forms and without JavaScript. */
export function membersOf(stage: Stage) {
  const at = (path: string) => `${stage.service.issuer}${path}`
  const { databaseUrl } = stage.service

  /** A browser that signs in; `factor`: what the person gives beside the mailed code. */
  async function member(address: string, factor?: () => string, visitor = createVisitor(stage.service)): Promise<Member> {
    const page = await openAccount(stage, visitor, address, factor ? { authenticator: factor } : {})
    return { address, visitor, csrf: csrfOf(page) }
  }

  const open = ({ visitor }: Pick<Member, 'visitor'>, path: string) => visitor.get(at(path))
  const post = ({ visitor, csrf }: Pick<Member, 'visitor' | 'csrf'>, path: string, fields: Record<string, string> = {}) =>
    visitor.post(at(path), { csrf, ...fields })
  const isIn = async (one: Pick<Member, 'visitor'>) => (await open(one, '/account')).status === 200

  /** Goes as far as the code that proves another address; answers it. */
  async function askAddress(one: Member, address: string, ref?: string): Promise<string> {
    const path = ref ? `/account/addresses/${ref}/change` : '/account/addresses/new?kind=email'
    const sent = await post(one, path, { address })
    if (pathOf(sent) !== '/account/addresses/prove') throw new Error(`no code is on its way: ${sent.status} ${sent.location}`)
    return (await stage.mailbox.next(address)).code ?? ''
  }

  /** Types it; answers where the form leads. */
  const proveAddress = async (one: Member, code: string) => pathOf(await post(one, '/account/addresses/prove', { code }))

  async function addAddress(one: Member, address: string, ref?: string): Promise<string | null> {
    return proveAddress(one, await askAddress(one, address, ref))
  }

  /** The name by which pages of this account know an address. */
  async function refOf(one: Member, address: string): Promise<string> {
    const page = await open(one, '/account/methods')
    for (const [, ref] of page.text.matchAll(/\/account\/addresses\/([\w-]{22})\//g)) {
      const question = await open(one, `/account/addresses/${ref}/change`)
      if (question.words.includes(address)) return ref as string
    }
    throw new Error(`${address} has no way to be changed: ${page.words}`)
  }

  /** Sets an authenticator up by the page's forms; answers what it shows, and the recovery codes that came with it. */
  async function addAuthenticator(one: Member, name = 'Phone'): Promise<{ shows: () => string; codes: string[] }> {
    const page = await open(one, '/account/authenticators/new')
    const shows = shownBy(page, stage.service)
    const done = await one.visitor.follow(await one.visitor.submit(withField(page, 'code'), { code: shows(), name }))
    return { shows, codes: codesOn(done) }
  }

  /** Presses the button behind the link of a notice; answers where it leads. */
  async function object(link: string | null): Promise<string | null> {
    const stranger = createVisitor(stage.service)
    const page = await stranger.get(link ?? '')
    const form = page.forms.find(({ values }) => values.csrf) ?? lacking(page)
    return pathOf(await stranger.submit(form))
  }

  const rowsOf = (address: string) =>
    query<OwnRow>(
      databaseUrl,
      `select canonical as address, leaves_at is not null as leaving, primary_from is not null as primary from address
       where account_id = ${OF_ADDRESS} order by created_at, canonical`,
      [address],
    )

  async function accountOf(address: string): Promise<string | null> {
    const [row] = await query<{ id: string }>(databaseUrl, 'select account_id as id from address where canonical = $1', [address])
    return row?.id ?? null
  }

  const recorded = (address: string, event: string) =>
    countOf(stage.service, `audit_entry where event = $2 and account_id = ${OF_ADDRESS}`, [address, event])

  async function toldOf(address: string): Promise<string[]> {
    const rows = await query<{ kind: string }>(
      databaseUrl,
      `select kind from notice where account_id = ${OF_ADDRESS} order by created_at, id`,
      [address],
    )
    return rows.map(({ kind }) => kind)
  }

  async function authenticatorOf(address: string): Promise<string> {
    const [row] = await query<{ id: string }>(
      databaseUrl,
      `select id from credential where kind = 'totp' and removed_at is null and account_id = ${OF_ADDRESS}`,
      [address],
    )
    return row?.id ?? ''
  }

  return {
    ...{ at, member, open, post, isIn, askAddress, proveAddress, addAddress, refOf, addAuthenticator, object },
    ...{ rowsOf, accountOf, recorded, toldOf, authenticatorOf },
  }
}

export type Members = ReturnType<typeof membersOf>

/** Where an answer leads, or the page that it is. */
export function pathOf({ location, url }: Page): string {
  return new URL(location ?? url).pathname
}

/** The recovery codes that a page shows. */
export function codesOn({ text }: Pick<Page, 'text'>): string[] {
  return [...new Set(text.match(/\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4}\b/g) ?? [])]
}

/** What an app shows that was given the key on this page. */
export function shownBy(page: Page, service: Service): () => string {
  const key = /(?:[A-Z2-7]{4} ){4,}[A-Z2-7]{2,4}/.exec(page.words)?.[0].replaceAll(' ', '')
  if (!key) throw new Error(`no key on ${page.url}: ${page.words}`)
  return () => codeOf(key, Math.floor(Date.now() / 1000) + service.clockSeconds)
}
