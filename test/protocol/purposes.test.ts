import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { addRecoveryCodes, afterFirst, askedOn, toCode, toRecovery, type Walker } from './second-standing.ts'
import { addAuthenticator } from './second-walk.ts'
import { here, toStep, withField } from './text-walk.ts'

const MARIA = 'maria@fabrikam.example'
const NEW = 'maria@home.example'
const PURPOSES = ['sign-in code', 'sign-in link', 'authenticator', 'recovery', 'address', 'objection'] as const
type Purpose = (typeof PURPOSES)[number]

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage?.stop())

const at = (path: string) => `${stage.service.issuer}${path}`
const last = (address: string | null) => (address ?? '').split('/').at(-1) ?? ''

/** On the account page, with a code on its way to a new address. */
async function wantAddress(authenticator: () => string): Promise<{ visitor: Visitor; code: string }> {
  const visitor = createVisitor(stage.service)
  const page = await openAccount(stage, visitor, MARIA, { path: '/account/addresses/new?kind=email', authenticator })
  const form = withField(page, 'address')
  await visitor.submit(form, { address: NEW })
  return { visitor, code: (await stage.mailbox.next(NEW)).code ?? '' }
}

/** Types a code into the page that a sign-in stands on; whether it went on. */
async function goesOn(walk: Walker, typed: string): Promise<boolean> {
  const page = (await here(walk)).page
  const before = askedOn({ page })
  await walk.visitor.submit(withField(page, 'code'), { code: typed })
  const after = await here(walk)
  return askedOn(after) !== before
}

describe('what was made for one purpose', () => {
  test('R-070, R-054 opens its own door and none of the five others, all of one person', async () => {
    await stage.signIn(MARIA)
    const authenticator = await addAuthenticator(stage.service, MARIA)
    const [recovery = ''] = await addRecoveryCodes(stage.service, MARIA)
    const { visitor, code: address } = await wantAddress(authenticator)
    const objection = last((await stage.mailbox.nextNotice(MARIA)).objection)
    await stage.moveClock(60)

    const [byCode, byLink] = [await toCode(stage, MARIA), await toCode(stage, MARIA)]
    const mails = [await stage.mailbox.next(MARIA), await stage.mailbox.next(MARIA)]
    const factor = await afterFirst(stage, MARIA)
    const lost = await toRecovery(await afterFirst(stage, MARIA))

    const answers: Record<Purpose, () => string> = {
      'sign-in code': () => mails[0]?.code ?? '',
      'sign-in link': () => last(mails[1]?.link ?? ''),
      authenticator,
      recovery: () => recovery,
      address: () => address,
      objection: () => objection,
    }
    const doors: Record<Purpose, (answer: string) => Promise<boolean>> = {
      'sign-in code': (answer) => goesOn(byCode, answer),
      'sign-in link': async (answer) => {
        const page = await byLink.visitor.open(`${byLink.home}/link/${answer}`)
        const button = page.forms.find(({ action }) => action.includes('/link/'))
        if (button) return (await byLink.visitor.submit(button)).status === 303
        const { csrf = '' } = (await here(byLink)).page.forms[0]?.values ?? {}
        await byLink.visitor.post(`${byLink.home}/link/${answer}`, { csrf })
        return askedOn(await here(byLink)) !== 'answer'
      },
      authenticator: (answer) => goesOn(factor, answer),
      recovery: (answer) => goesOn(lost, answer),
      address: async (answer) => {
        const page = await visitor.open(at('/account/addresses/prove'))
        await visitor.submit(withField(page, 'code'), { code: answer })
        const [row] = await query<{ n: string }>(
          stage.service.databaseUrl,
          'select count(*) as n from address where canonical = $1',
          [NEW],
        )
        return row?.n === '1'
      },
      objection: async (answer) => {
        const stranger = createVisitor(stage.service)
        const page = await stranger.get(at(`/account/notice/${answer}`))
        const form = formWith(page, 'csrf')
        return form !== undefined && (await stranger.submit(form)).status === 303
      },
    }
    for (const door of PURPOSES) {
      for (const purpose of PURPOSES.filter((one) => one !== door)) {
        expect([door, purpose, await doors[door](answers[purpose]())]).toEqual([door, purpose, false])
      }
    }
    for (const door of PURPOSES) expect([door, await doors[door](answers[door]())]).toEqual([door, true])
  })

  test('R-070 leads to no sign-in when it is for an address, whatever page is asked', async () => {
    const email = 'turned@fabrikam.example'
    const walk = await toCode(stage, email)
    const mail = await stage.mailbox.next(email)
    const form = withField(walk.page, 'code')
    await query(
      stage.service.databaseUrl,
      `update attempt set purpose = 'address' where id = (select attempt_id from challenge where target = $1)`,
      [email],
    )
    expect(askedOn(await here(walk))).toBe('identify')
    await walk.visitor.submit(form, { code: mail.code ?? '' })
    expect((await walk.visitor.open(mail.link ?? '')).forms.some(({ action }) => action.includes('/link/'))).toBe(false)
    await walk.visitor.post(mail.link ?? '', { csrf: form.values.csrf ?? '' })
    expect(askedOn(await here(walk))).toBe('identify')
    const [row] = await query<{ n: string }>(
      stage.service.databaseUrl,
      'select count(*) as n from address where canonical = $1',
      [email],
    )
    expect(row?.n).toBe('0')
    expect(toStep(await here(walk), 'identify')).toBeDefined()
  })
})
