import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { type AccountViews, createText, type Mails, type NoticeKind } from '../../src/text/index.ts'
import { textOf } from '../support/html.ts'
import { activityKeys } from './text-account-rows.ts'
import { accountPages } from './text-account-samples.ts'
import { mails, texts } from './text-message-samples.ts'
import { assets } from './text-samples.ts'

const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets })
const both = ['en', 'de']
const inDoor = ['account-signed-out', 'account-notice', 'account-notice-ended', 'account-notice-done']

function draw<N extends keyof AccountViews>(name: N, shape: string, locale = 'en') {
  const html = text.page(name, accountPages[name][shape] as AccountViews[N] as never, locale)
  return {
    html,
    words: textOf(html),
    heading: textOf(/<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? ''),
    filled: [...html.matchAll(/<(?:button|a) [^>]*?class="btn(?: slim| danger)* ?"[^>]*>(.*?)<\/(?:button|a)>/g)].map(
      ([, label = '']) => textOf(label),
    ),
  }
}
const shapes = Object.entries(accountPages).flatMap(([name, all]) =>
  Object.keys(all).map((shape) => [name as keyof AccountViews, shape] as const),
)

describe('every page of the account page', () => {
  test.each(shapes)('%s/%s says where one is, and lets one out', (name, shape) => {
    const { html } = draw(name, shape)
    const rail = [...html.matchAll(/<li><a href="(\/account[^"]*)"( aria-current="page")?>/g)]
    if (inDoor.includes(name)) return expect(rail).toEqual([])
    expect(rail.map(([, path]) => path)).toEqual(
      ['', '/methods', '/devices', '/apps', '/activity', '/profile', '/data'].map((path) => `/account${path}`),
    )
    expect(rail.filter(([, , current]) => current)).toHaveLength(1)
    expect(html).toContain('>Sign out</button>')
    expect(html).toContain('<a class="skip" href="#room">')
  })

  test('R-136 each form that is posted carries the token of the session', () => {
    for (const [name, shape] of shapes) {
      for (const [form] of draw(name, shape).html.matchAll(/<form[^>]*method="post".*?<\/form>/gs))
        expect([name, shape, form]).toEqual([name, shape, expect.stringContaining('name="csrf" value="csrf-token"')])
    }
  })

  test('asks for one thing: no page has two filled buttons', () => {
    for (const [name, shape] of shapes) {
      const { filled } = draw(name, shape)
      expect([name, shape, filled.length <= 1, filled]).toEqual([name, shape, true, filled])
    }
  })

  test.each(both)('shows times of today by the clock alone, and others with their date, in %s', (locale) => {
    const { words } = draw('account-activity', 'full', locale)
    expect(words).toMatch(/(?<!2026, )09:40 UTC · Firefox on Windows/)
    expect(words).toMatch(/18\.? November 2026, 22:15 UTC/)
  })

  test('says once what was done, where it is heard', () => {
    const { html } = draw('account-methods', 'pending')
    expect(html).toMatch(/<div class="notice good" role="status">.*?The change is on its way\./s)
    expect(draw('account-methods', 'full').html).not.toContain('role="status"')
  })

  test('says that the account is to be deleted, and keeps it by one button', () => {
    const { words, html } = draw('account-data', 'closing')
    expect(words).toContain('Your account will be deleted on 24 November 2026, 14:02 UTC.')
    expect(html).toContain('>Keep my account</button>')
    expect(words).not.toContain('Delete my account')
    expect(draw('account-data', 'open').words).toContain('We wait 14 days')
  })
})

describe('ways to sign in', () => {
  test('R-094 the last address cannot be removed, and nothing offers to', () => {
    expect(draw('account-methods', 'least').html).not.toMatch(/>Remove|Make main/)
    expect(draw('account-methods', 'full').html).toContain('href="/account/addresses/r2/primary">Make main')
  })

  test('what is to come is told with its time, and can be stopped', () => {
    const { words, html } = draw('account-methods', 'pending')
    expect(words).toContain('Will be removed on 24 November 2026, 14:02 UTC')
    expect(words).toContain('Opens your account from 24 November 2026, 14:02 UTC')
    expect(html.match(/>Stop this<span class="sr">: /g)).toHaveLength(2)
  })

  test('links that read alike are told apart by what is read aloud', () => {
    const { html } = draw('account-methods', 'full')
    const names = [...html.matchAll(/<a class="btn plain"[^>]*>(.*?)<\/a>/g)].map(([, label = '']) => textOf(label))
    expect(new Set(names).size).toBe(names.length)
  })

  test('R-092 whoever gets in by texts alone is asked for an email address; few recovery codes are told', () => {
    expect(draw('account-overview', 'onlyTexts').words).toContain('A text message is your only way in.')
    expect(draw('account-overview', 'codesLow').words).toContain('You have one recovery code left.')
    expect(draw('account-overview', 'full').html).not.toContain('class="notice')
  })

  test('nobody is greeted by a number or an address', () => {
    expect(draw('account-overview', 'full').heading).toBe('Hello, Maria Alvarez')
    for (const shape of ['onlyTexts', 'closing']) expect(draw('account-overview', shape).heading).toBe('Your account')
  })

  test('an authenticator without a name is called what it is', () => {
    expect(draw('account-factor', 'unnamed').heading).toBe('Authenticator app')
    expect(draw('account-methods', 'unnamed').words).toContain('Authenticator app Last used 09:40 UTC Manage Authenticator app')
  })

  test('setting one up shows picture and key, and calls it by a name that is true', () => {
    const { html, words } = draw('account-totp', 'first')
    expect(html).toMatch(/<svg class="qr" viewBox="-2 -2 \d+ \d+" role="img"/)
    expect(words).toContain('K5XW 6ZDT NBQX E3DJ MNSW Y3DF MQ4T QNZW')
    expect(html).toMatch(/name="name"[^>]* value="Authenticator app"/)
    expect(draw('account-totp', 'wrong').html).toMatch(/<title>Error: .*value="Pixel 8".*aria-invalid="true"/s)
  })

  test('R-116 recovery codes are shown until they are kept, with a file of them', () => {
    const { html, words } = draw('account-codes', 'shown')
    expect(html.match(/<li>[0-9A-Z-]{24}<\/li>/g)).toHaveLength(10)
    expect(words).toContain('They are shown until you go on, and never again.')
    expect(html).toContain('href="/account/codes/download" download="recovery-codes.txt"')
    expect(html).toMatch(/<input type="checkbox" name="kept" value="yes" required>/)
  })
})

describe('a new address', () => {
  test('says how it goes, before anything is sent', () => {
    expect(draw('account-address-new', 'change').words).toContain('They can stop the change for 3 days.')
    expect(draw('account-address-new', 'phone').words).toContain('They can stop the change for 1 day.')
    expect(draw('account-address-new', 'add').words).toContain('It opens your account at once')
    expect(draw('account-address-new', 'phoneWrong').words).not.toContain('email address, like')
  })

  test('is proven by a code alone: no page and no message of it speaks of a link', () => {
    for (const locale of both) {
      for (const shape of Object.keys(accountPages['account-address-prove']))
        expect([shape, draw('account-address-prove', shape, locale).words.match(/\blinks?\b/i)]).toEqual([shape, null])
      const mail = text.mail('prove-address', mails['prove-address'].short as never, locale)
      expect(mail.text).toContain('482 913')
      for (const part of [mail.subject, mail.text, mail.html]) expect(part).not.toMatch(/\blinks?\b|href=|https?:\/\/id\./i)
      expect(mail.subject + mail.html.slice(0, mail.html.indexOf('<table'))).not.toMatch(/482 ?913/)
      expect(text.sms('prove-address', texts['prove-address'].short as never, locale)).toMatch(
        /^Doorward: 482913 [^\n]*\n\n@id\.northwind\.example #482913$/,
      )
    }
  })

  test('a code that takes nothing more, and an address that takes no message, have no field', () => {
    for (const shape of ['closed', 'taken', 'rejected', 'optedOut']) {
      const { html, filled } = draw('account-address-prove', shape)
      expect(html).not.toContain('name="code"')
      expect(filled).toHaveLength(1)
    }
    expect(draw('account-address-prove', 'first').filled).toEqual(['Continue'])
  })
})

describe('a question before something ends', () => {
  test.each([
    ['endOthers', 'End 2 sessions?', 'End 2 sessions', 'Keep them'],
    ['endOne', 'End one session?', 'End one session', 'Keep it'],
    ['endApp', 'End the access of Ledgerly?', 'End access', 'Keep it'],
    ['makePrimary', 'Make this your main one?', 'Make it the main one', 'Keep it as it is'],
    ['removeFactor', 'Remove this authenticator app?', 'Remove it', 'Keep it'],
    ['newCodes', 'Make new recovery codes?', 'Make new codes', 'Keep the old ones'],
    ['closeAccount', 'Delete your account?', 'Delete my account', 'Keep my account'],
  ])('%s: the button repeats it, and a link keeps what is there', (shape, heading, go, keep) => {
    const { html, ...drawn } = draw('account-confirm', shape)
    expect([drawn.heading, drawn.filled]).toEqual([heading, [go]])
    expect(html).toMatch(new RegExp(`<a class="btn quiet" href="/account/[^"]+">${keep}</a>`))
    expect(html.includes('btn danger')).toBe(shape !== 'makePrimary')
  })

  test('names what it is about', () => {
    expect(draw('account-confirm', 'makePrimary').words).toContain('maria-magdalena')
    expect(draw('account-confirm', 'removeFactor').words).toContain('Pixel 8')
    expect(draw('account-confirm', 'endApp').words).toContain('for five minutes at most')
    expect(draw('account-confirm', 'closeAtOnce').words).toContain('gone at once')
  })
})

describe('devices and activity', () => {
  test('this device stands out, and cannot be ended by mistake', () => {
    const { html } = draw('account-devices', 'full')
    expect([...html.matchAll(/name="session" value="(\w+)"/g)].map(([, id]) => id)).toEqual(['s2', 's3'])
    expect(draw('account-devices', 'alone').html).not.toMatch(/name="session"|end-others/)
  })

  test('R-109 whoever took a factor away is offered to end all others', () => {
    expect(draw('account-devices', 'offer').html).toMatch(/removed\. Could somebody else.*?href="\/account\/devices\/end-others"/)
    expect(draw('account-devices', 'full').words).not.toContain('Could somebody else')
  })

  test.each(both)('each thing that can happen has its sentence, in %s', (locale) => {
    const html = draw('account-activity', 'every', locale).html + draw('account-activity', 'everyOlder', locale).html
    const sentences = [...html.matchAll(/<span><b>(.+?)<\/b><small>/g)].map(([, words]) => words)
    expect(new Set(sentences).size).toBe(activityKeys.length)
  })

  test('what is not known any more leaves no fault behind', () => {
    const { words } = draw('account-activity', 'bare')
    expect(words).toContain('Signed in to 18 November 2026')
    expect(words).not.toContain('undefined')
  })
})

describe('what people are told of by mail', () => {
  const kinds = Object.values(mails.notice) as { kind: NoticeKind; link: string | null }[]

  test.each(both)('R-184 each says what was done, where and when, and how to object, in %s', (locale) => {
    expect(new Set(kinds.map(({ kind }) => kind)).size).toBe(12)
    for (const props of kinds) {
      const { text: plain, html } = text.mail('notice', props as never, locale)
      for (const part of [plain, html]) {
        expect(part).toContain('Firefox on Windows')
        expect(part).toMatch(/21\.? November 2026, 14:02 UTC/)
        expect(part.includes('https://id.northwind.example/account/notice/')).toBe(props.link !== null)
        expect(/24\.? November 2026, 14:02 UTC/.test(part)).toBe(props.link !== null)
      }
      expect(/This was not me|Das war ich nicht/.test(html)).toBe(props.link !== null)
    }
  })

  test.each(both)('R-118 where nothing can be taken back it says who helps, where that is known, in %s', (locale) => {
    const rescued = mails.notice.rescued as Mails['notice']
    const { contact = '', ...without } = rescued
    for (const part of ['text', 'html'] as const) {
      expect(text.mail('notice', rescued, locale)[part]).toContain(contact)
      expect(text.mail('notice', without, locale)[part]).not.toContain(contact)
    }
  })

  test('R-178 no name that a person gave stands in a mail; the page shows it', () => {
    const props = { ...(mails.notice.added as object), values: { name: 'Call +1 900 555 1234' } }
    const { subject, text: plain, html } = text.mail('notice', props as never, 'en')
    expect(subject + plain + html).not.toContain('900')
    expect(draw('account-notice', 'added').words).toContain('Pixel 8')
  })

  test.each(both)('the page asks once more, and says all that its button does, in %s', (locale) => {
    for (const shape of Object.keys(accountPages['account-notice'])) {
      const { html, filled } = draw('account-notice', shape, locale)
      expect(filled).toEqual([locale === 'en' ? 'This was not me' : 'Das war ich nicht'])
      expect(html).toMatch(/class="rows ticks">(?:<li>.+?<\/li>){1,2}<\/ul>/s)
    }
  })
})
