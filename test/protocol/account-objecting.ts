import { createSecrets } from '../../src/base/index.ts'
import { tokenOf } from '../../src/notices/notice-token.ts'
import { csrfOf } from '../support/account.ts'
import { query } from '../support/database.ts'
import type { Page } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { codesOn, type Member, membersOf, shownBy } from './account-person.ts'
import { afterFirst, askedOn, toRecovery, typing } from './second-standing.ts'
import { withField } from './text-walk.ts'

const OF_ADDRESS = '(select account_id from address where canonical = $1)'

/** An authenticator that was set up on the account page. */
export interface Added {
  id: string
  shows: () => string
  /** Those that came with it. */
  codes: string[]
}

/** What objections are tried with. */
export function objectingOn(stage: Stage) {
  const on = membersOf(stage)
  const rows = <Row>(sql: string, values: readonly unknown[]) => query<Row>(stage.service.databaseUrl, sql, values)

  /** Names of the authenticators that count, the oldest first. */
  async function authenticatorsOf(address: string): Promise<string[]> {
    const own = await rows<{ label: string }>(
      `select label from credential where kind = 'totp' and proven_at is not null and removed_at is null
       and account_id = ${OF_ADDRESS} order by created_at, id`,
      [address],
    )
    return own.map(({ label }) => label)
  }

  async function codesLeft(address: string): Promise<number> {
    const sql = `select id from credential where kind = 'recovery' and counter = 0 and account_id = ${OF_ADDRESS}`
    return (await rows(sql, [address])).length
  }

  /** The link in the mails about the newest notice of this kind. */
  async function linkAbout(address: string, kind: string): Promise<string> {
    const [row] = await rows<{ id: string }>(
      `select id from notice where kind = $2 and account_id = ${OF_ADDRESS} order by created_at desc limit 1`,
      [address, kind],
    )
    if (!row) throw new Error(`${address} was told of no ${kind}`)
    return on.at(`/account/notice/${tokenOf(createSecrets([stage.service.env.SECRETS ?? '']), row.id)}`)
  }

  /** Presses “that was not me”; answers where it leads. */
  const objectTo = async (address: string, kind: string) => on.object(await linkAbout(address, kind))

  /** Sets an authenticator up, and stays on the account page. */
  async function add(one: Member, name: string): Promise<Added> {
    const page = await one.visitor.open(on.at('/account/authenticators/new'))
    const shows = shownBy(page, stage.service)
    const done = await one.visitor.follow(await one.visitor.submit(withField(page, 'code'), { code: shows(), name }))
    one.csrf = csrfOf(await on.open(one, '/account/methods'))
    const [row] = await rows<{ id: string }>(
      `select id from credential where label = $2 and proven_at is not null and removed_at is null and account_id = ${OF_ADDRESS}`,
      [one.address, name],
    )
    if (!row) throw new Error(`${name} was not added: ${done.words}`)
    return { id: row.id, shows, codes: codesOn(done) }
  }

  const remove = (one: Member, { id }: Pick<Added, 'id'>): Promise<Page> => on.post(one, `/account/authenticators/${id}/remove`)

  /** Somebody with an authenticator that they have had for long, signed in with it. */
  async function settled(address: string, name = 'Old phone'): Promise<{ one: Member; added: Added }> {
    const added = await add(await on.member(address), name)
    await stage.moveClock(30 * 86_400)
    return { one: await on.member(address, added.shows), added }
  }

  /** What a sign-in by this address asks for after the mailed code; whoever has the mailbox alone gets no further. */
  const askedByMail = async (address: string) => askedOn(await afterFirst(stage, address, { url: on.at('/account') }))

  /** Whether a mailed code and this recovery code sign in. */
  async function opens(address: string, code: string): Promise<boolean> {
    const walk = await afterFirst(stage, address, { url: on.at('/account') })
    if (askedOn(walk) !== 'factor') throw new Error(`no second factor is asked for: ${walk.page.words}`)
    const end = await typing(await toRecovery(walk), code)
    return new URL(end.page.url).pathname.startsWith('/account')
  }

  return { ...on, rows, authenticatorsOf, codesLeft, linkAbout, objectTo, add, remove, settled, askedByMail, opens }
}
