import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openAccount } from '../support/account.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { giveNumber } from '../support/window.ts'

const BYTES_MAX = 30_000
const LINKED = /<(?:link|script)\b[^>]*?\b(?:href|src)="([^"]+)"/g

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS, PROOF_OF_WORK: 'texts' } })
})
afterAll(async () => {
  await stage.stop()
})

/** A page with everything that it loads, in bytes as sent: plain, and as a browser of today asks for it. */
async function weigh(page: Page): Promise<{ plain: number; today: number; files: string[] }> {
  const html = Buffer.byteLength(page.text)
  const files = [...page.text.matchAll(LINKED)].map(([, path = '']) => path)
  const bytes = { plain: html, today: html }
  for (const path of files) {
    const url = new URL(path, page.url)
    expect(url.origin).toBe(stage.service.issuer) // nobody else learns who signs in
    const plain = await lengthOf(url, 'identity')
    bytes.plain += plain
    bytes.today += await lengthOf(url, 'br')
  }
  return { ...bytes, files }
}

async function lengthOf(url: URL, encoding: 'identity' | 'br'): Promise<number> {
  const answer = await fetch(url, { headers: { 'accept-encoding': encoding } })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-encoding')).toBe(encoding === 'br' ? 'br' : null)
  expect(answer.headers.get('cache-control')).toContain('immutable')
  await answer.body?.cancel()
  return Number(answer.headers.get('content-length'))
}

async function waiting(visitor: Visitor, email: string): Promise<Page> {
  const page = await visitor.open(await stage.authorizeUrl(visitor))
  const form = formWith(page, 'identifier')
  if (!form) throw new Error(`no field for an address: ${page.words}`)
  return visitor.follow(await visitor.submit(form, { identifier: email }))
}

/** Sends the form that this button is the only one of, and goes on to the page it leads to. */
async function press(visitor: Visitor, page: Page, button: RegExp, fields: Record<string, string> = {}): Promise<Page> {
  const form = page.forms.find(({ buttons }) => buttons.some(({ text }) => button.test(text)))
  if (!form) throw new Error(`no button ${button}: ${page.words}`)
  return visitor.follow(await visitor.submit(form, fields))
}

/** The page that waits for a text, after a minute in place of the work. */
async function waitingForText(visitor: Visitor, number: string): Promise<Page> {
  const work = await waiting(visitor, number)
  await stage.moveClock(61)
  return press(visitor, work, /Go on/)
}

const pages: Record<string, () => Promise<Page>> = {
  'the first page': async () => {
    const visitor = createVisitor(stage.service)
    return visitor.open(await stage.authorizeUrl(visitor))
  },
  'the waiting page, script included': () => waiting(createVisitor(stage.service), 'weight-1@fabrikam.example'),
  'the link in the same browser': async () => {
    const visitor = createVisitor(stage.service)
    await waiting(visitor, 'weight-2@fabrikam.example')
    return visitor.open((await stage.mailbox.next('weight-2@fabrikam.example')).link ?? '')
  },
  'the link in another browser': async () => {
    await waiting(createVisitor(stage.service), 'weight-3@fabrikam.example')
    return createVisitor(stage.service).open((await stage.mailbox.next('weight-3@fabrikam.example')).link ?? '')
  },
  'the proof of work, script included': () => waiting(createVisitor(stage.service), '+4915123459001'),
  'the page that waits for a text': () => waitingForText(createVisitor(stage.service), '+4915123459002'),
  'the last digits': async () => {
    const visitor = createVisitor(stage.service)
    return press(visitor, await waiting(visitor, 'weight-4@fabrikam.example'), /by text message instead/)
  },
  'the page that waits for a text to somebody’s number on file': async () => {
    const visitor = createVisitor(stage.service)
    const digits = await press(visitor, await waiting(visitor, 'weight-5@fabrikam.example'), /by text message instead/)
    return press(visitor, digits, /Send the code/, { digits: '47' })
  },
  'the question for a second proof': async () => {
    const [email, number] = ['weight-6@fabrikam.example', '+4915123459003']
    await stage.signIn(email)
    await giveNumber(stage, email, number, 3000)
    const visitor = createVisitor(stage.service)
    const wait = await waitingForText(visitor, number)
    return press(visitor, wait, /Continue/, { code: (await stage.texts.sns.next(number)).code ?? '' })
  },
  'the overview of the account page': () => openAccount(stage, createVisitor(stage.service), 'weight-7@fabrikam.example'),
  'the profile': () =>
    openAccount(stage, createVisitor(stage.service), 'weight-8@fabrikam.example', { path: '/account/profile' }),
  'a new authenticator, picture included': () =>
    openAccount(stage, createVisitor(stage.service), 'weight-9@fabrikam.example', { path: '/account/authenticators/new' }),
  'an error': () => createVisitor(stage.service).open(`${stage.service.issuer}/authorize?client_id=nobody`),
}

describe('a page is there at once on a slow phone', () => {
  test.each(Object.keys(pages))('%s weighs less than 30 kB with all it loads, and half of that as sent today', async (name) => {
    const page = await (pages[name] as () => Promise<Page>)()
    const { plain, today, files } = await weigh(page)
    expect(files.length).toBeGreaterThanOrEqual(3)
    expect(plain).toBeLessThan(BYTES_MAX)
    expect(today).toBeLessThan(BYTES_MAX / 2)
  })

  test('what is sent compressed is the same file', async () => {
    const page = await (pages['the first page'] as () => Promise<Page>)()
    const [, path = ''] = /href="([^"]+app-[^"]+\.css)"/.exec(page.text) ?? []
    const url = new URL(path, page.url)
    const plain = Buffer.from(await (await fetch(url, { headers: { 'accept-encoding': 'identity' } })).arrayBuffer())
    // fetch undoes the compression by itself: what it hands out has been through it.
    const answer = await fetch(url, { headers: { 'accept-encoding': 'br' } })
    expect(Buffer.from(await answer.arrayBuffer()).equals(plain)).toBe(true)
  })
})
