import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { type Stage, startPairStage } from '../support/stage.ts'
import { addAuthenticator } from './second-walk.ts'

const STEPS_MAX = 8
const LINK = /http:\/\/localhost:\d+\/admin\/first\/[\w-]{43}/

const linkIn = (service: Service) => LINK.exec(service.output())?.[0] ?? ''
const claimForm = (page: Page) => page.forms.find(({ action }) => new URL(action).pathname.startsWith('/admin/first/'))
const administrators = (service: Service) =>
  query<{ id: string }>(service.databaseUrl, `select id from account where role = 'admin'`)

/** Somebody with an account and an authenticator, in a browser of their own. */
async function person(stage: Stage, address: string) {
  const visitor = await stage.signIn(address)
  return { visitor, authenticator: await addAuthenticator(stage.service, address) }
}

/** Opens the link and proves what is asked for, up to the page with the button. */
async function openLink(visitor: Visitor, link: string, authenticator: () => string): Promise<Page> {
  let page = await visitor.open(link)
  for (let step = 0; step < STEPS_MAX && !claimForm(page); step++) {
    const way = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'totp'))
    const code = formWith(page, 'code')
    if (way) page = await visitor.follow(await visitor.submit(way, {}, 'totp'))
    else if (code) page = await visitor.follow(await visitor.submit(code, { code: authenticator() }))
    else return page
  }
  return page
}

describe('the link for the first administrator', () => {
  let stage: Awaited<ReturnType<typeof startPairStage>>
  let link: string

  beforeAll(async () => {
    stage = await startPairStage({ env: { LIMITS: GENEROUS_LIMITS } })
    link = linkIn(stage.service)
  }, 60_000)
  afterAll(() => stage.stop())

  test('R-174 is printed at start, the same by each instance', () => {
    expect(link).toMatch(LINK)
    expect(linkIn(stage.second)).toBe(link)
  })

  test('R-174 opened by anybody it changes nothing, leads to a sign-in, and says nothing about itself', async () => {
    const visitor = createVisitor(stage.service)
    const token = link.split('/').at(-1) ?? ''
    for (let times = 0; times < 2; times++) {
      const page = await visitor.open(link)
      expect(formWith(page, 'identifier')).toBeDefined()
      expect(page.text).not.toContain(token)
    }
    expect(await administrators(stage.service)).toEqual([])
  })

  test('R-174 a token that is none, and a form from elsewhere, make nobody an administrator', async () => {
    const visitor = createVisitor(stage.service)
    const page = await visitor.get(`${link}x`)
    expect([page.status, page.words]).toEqual([410, expect.stringContaining('grant-admin')])
    expect((await visitor.post(link, {})).status).not.toBe(200)
    const { visitor: known, authenticator } = await person(stage, 'forger@fabrikam.example')
    const asked = await openLink(known, link, authenticator)
    expect((await known.post(claimForm(asked)?.action ?? '', { csrf: 'forged' })).status).toBe(403)
    const otherSite = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await known.post(claimForm(asked)?.action ?? '', claimForm(asked)?.values ?? {}, otherSite)).status).toBe(403)
    expect(await administrators(stage.service)).toEqual([])
  })

  test('R-174, F-26 of many who press at two instances at once one becomes it, and the others get 410 for ever', async () => {
    const people = await Promise.all(Array.from({ length: 5 }, (_, at) => person(stage, `race-${at}@fabrikam.example`)))
    const pages: Page[] = []
    for (const { visitor, authenticator } of people) pages.push(await openLink(visitor, link, authenticator))
    expect(pages[0]?.words).toContain('race-0@fabrikam.example')

    const presses = people.flatMap(({ visitor }, at) => {
      const form = claimForm(pages[at] as Page)
      if (!form) throw new Error(`no button: ${pages[at]?.words}`)
      const elsewhere = createVisitor(stage.second)
      elsewhere.jar.keep(
        link,
        [visitor.jar.header(link) ?? ''].flatMap((all) => all.split('; ')).map((one) => `${one}; Path=/`),
      )
      return [visitor, elsewhere, visitor, elsewhere].map((browser) => browser.submit(form))
    })
    const answers = await Promise.all(presses)
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(answers.length - 1)
    expect(answers.find(({ status }) => status === 303)?.location).toBe(`${stage.service.issuer}/admin`)
    expect(await administrators(stage.service)).toHaveLength(1)

    for (const service of [stage.service, stage.second]) {
      const page = await createVisitor(service).get(link)
      expect([page.status, page.words]).toEqual([410, expect.stringContaining('There is an administrator already')])
    }
    const told = await query<{ event: string }>(
      stage.service.databaseUrl,
      `select event from audit_entry where event in ('administrator.first', 'administrator.granted')`,
    )
    expect(told.map(({ event }) => event).sort()).toEqual(['administrator.first', 'administrator.granted'])
  }, 60_000)

  test('R-174, R-177 it is printed no more, and no line of the log holds it', async () => {
    await stage.second.restart()
    expect(stage.second.output().split(link)).toHaveLength(2)
    const logged = stage.service
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    expect(logged.filter((line) => line.includes(link.split('/').at(-1) ?? ''))).toEqual([])
    expect(logged.some((line) => line.includes('/admin/first/:token'))).toBe(true)
  }, 30_000)
})
