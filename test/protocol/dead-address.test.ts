import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { isAccountPage, openAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { WEBHOOK_SECRET, webhookHeaders } from '../support/webhook-server.ts'
import { here, identify, onceSent, type Standing, toStep, typeCode, withField } from './text-walk.ts'

const CONTACT = 'https://northwind.example/help?about=sign-in'
/** Two presses within that time are one. */
const TWICE_SECONDS = 6

let stage: Stage
beforeAll(async () => {
  const env = { LIMITS: GENEROUS_LIMITS, RECEIPTS_SECRET: WEBHOOK_SECRET, HELP_CONTACT: CONTACT }
  stage = await startStage({ env })
})
afterAll(() => stage?.stop())

/** A provider says that a mail to this address came back for good. */
async function comesBack(address: string): Promise<void> {
  const body = JSON.stringify({ address, status: 'failed', reason: 'bounced' })
  const at = Math.floor(Date.now() / 1000) + stage.service.clockSeconds
  const { issuer } = stage.service
  const answer = await fetch(`${issuer}/receipts/delivery`, { method: 'POST', body, headers: webhookHeaders('r', at, body) })
  expect(answer.status).toBeLessThan(300)
}

/** Somebody says that the address takes messages, and types the code that comes there. */
async function proveIt(address: string): Promise<Standing> {
  const walk = await onceSent(await identify(stage, address))
  await stage.moveClock(TWICE_SECONDS)
  await walk.visitor.submit(toStep(walk, 'retry'))
  const { code } = await stage.mailbox.next(address)
  const waiting = await here(walk)
  expect(await typeCode(waiting, code)).toBe(false)
  return here(walk)
}

describe('an address that mails come back from', () => {
  test('V-25 is proven by whoever has it next to no effect; its person hears of it elsewhere, and proves it again', async () => {
    const [gone, kept] = ['gone@fabrikam.example', 'kept@fabrikam.example']
    await stage.signIn(gone)
    await query(
      stage.service.databaseUrl,
      `insert into address (account_id, kind, canonical, usable_from, proven_at, created_at)
       select account_id, kind, $2, usable_from - interval '9 days', proven_at, created_at from address where canonical = $1`,
      [gone, kept],
    )
    await onceSent(await identify(stage, gone))
    await stage.mailbox.next(gone)
    await comesBack(gone)
    expect((await stage.mailbox.nextNotice(kept)).text).toContain('came back')

    const stranger = await proveIt(gone)
    expect(stranger.page.words).toContain('This address does not let you in by itself')
    expect(stranger.page.words).not.toContain('kept')
    // For somebody with nothing else the way back is asking the people who run it.
    const help = `${new URL(stranger.home).pathname}/help`
    expect(stranger.page.text).toContain(`href="${help}"`)
    expect((await stranger.visitor.get(`${stranger.home}/help`)).text).toContain(`href="${CONTACT}"`)
    expect(stranger.page.forms.map(({ action }) => action.split('/').at(-1))).toEqual(['restart', 'leave'])

    const visitor = createVisitor(stage.service)
    const methods = await openAccount(stage, visitor, kept, { path: '/account/methods' })
    const again = withField(methods, 'address')
    const proving = await visitor.follow(await visitor.submit(again))
    const { code } = await stage.mailbox.next(gone)
    const done = await visitor.follow(await visitor.submit(withField(proving, 'code'), { code: code ?? '' }))
    expect(isAccountPage(done)).toBe(true)
    expect(done.words).toContain('The address is proven again')
    await stage.signIn(gone)
  })

  test('R-085 the page for whoever cannot get in is one for all, and names who helps', async () => {
    const walk = await identify(stage, 'known@fabrikam.example')
    await typeCode(walk, (await stage.mailbox.next('known@fabrikam.example')).code)
    const pages = []
    for (const address of ['known@fabrikam.example', 'unknown@fabrikam.example']) {
      const { visitor, home } = await identify(stage, address)
      const page = await visitor.get(`${home}/help`)
      pages.push(page.text.replaceAll(new URL(home).pathname, ''))
    }
    expect(pages[1]).toBe(pages[0])
    expect(pages[0]).toContain(`href="${CONTACT}" rel="noreferrer"`)
  })
})
