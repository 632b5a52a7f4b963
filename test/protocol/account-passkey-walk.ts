import { csrfOf } from '../support/account.ts'
import { formWith } from '../support/person.ts'
import type { SoftwarePasskey } from '../support/software-passkey.ts'
import type { Stage } from '../support/stage.ts'
import { objectingOn } from './account-objecting.ts'
import { type Member, pathOf } from './account-person.ts'
import { lacking } from './account-walk.ts'

export const METHODS = '/account/methods'
export const ALWAYS = '/account/passkeys/always'
const OF_ADDRESS = '(select account_id from address where canonical = $1)'

/** What people do with their passkeys on the account page. */
export function passkeysOf(stage: Stage) {
  const on = objectingOn(stage)
  const ceremony = { origin: stage.service.issuer }

  const optionsFor = async (one: Member) => JSON.parse((await on.post(one, '/account/passkeys/options')).text)

  async function make(one: Member, passkey: SoftwarePasskey, options?: unknown): Promise<string | null> {
    const response = passkey.create((options ?? (await optionsFor(one))) as never, ceremony)
    return pathOf(await on.post(one, '/account/passkeys/new', { response }))
  }

  const idsOf = async (address: string) =>
    (
      await on.rows<{ id: string }>(
        `select id from credential where kind = 'passkey' and removed_at is null and account_id = ${OF_ADDRESS} order by created_at`,
        [address],
      )
    ).map(({ id }) => id)

  const isAlways = async (address: string) =>
    (await on.rows<{ demands_second: boolean }>(`select demands_second from account where id = ${OF_ADDRESS}`, [address]))[0]
      ?.demands_second

  /** Gives the passkey that a sign-in asks for, and goes on to the page that it was asked for. */
  async function prove(one: Member, path: string, passkey: SoftwarePasskey) {
    let asked = await one.visitor.open(on.at(path))
    const identify = formWith(asked, 'identifier')
    if (identify) {
      asked = await one.visitor.follow(await one.visitor.submit(identify, { identifier: one.address }))
      const answer = formWith(asked, 'code') ?? lacking(asked)
      const code = (await stage.mailbox.next(one.address)).code ?? ''
      asked = await one.visitor.follow(await one.visitor.submit(answer, { code }))
    }
    const way = asked.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'passkey'))
    const page = way ? await one.visitor.follow(await one.visitor.submit(way, {}, 'passkey')) : asked
    const form = page.forms.find(({ action }) => action.endsWith('/factor-passkey')) ?? lacking(page)
    const csrf = form.values.csrf ?? ''
    const options = JSON.parse((await one.visitor.post(`${form.action}/options`, { csrf })).text)
    const response = passkey.get(options, ceremony)
    const done = await one.visitor.follow(await one.visitor.submit(form, { response }))
    one.csrf = csrfOf(done)
    return done
  }

  return { ...on, ceremony, optionsFor, make, idsOf, isAlways, prove }
}
