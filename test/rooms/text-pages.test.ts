import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createText, type ViewName, type Views } from '../../src/text/index.ts'
import { textOf } from '../support/html.ts'
import { assets, pages } from './text-samples.ts'

const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets })
const both = ['en', 'de']

function draw<N extends ViewName>(name: N, shape: keyof (typeof pages)[N], locale = 'en') {
  const html = text.page(name, pages[name][shape as string] as Views[N], locale)
  const buttons = [...html.matchAll(/<button[^>]*class="btn ?([^"]*)"[^>]*>(.*?)<\/button>/g)]
  return {
    html,
    words: textOf(html),
    heading: /<h1>(.*?)<\/h1>/.exec(html)?.[1],
    filled: buttons.filter(([, look]) => look === '').map(([, , label]) => label),
    others: buttons.filter(([, look]) => look !== '').map(([, , label]) => label),
  }
}

const shapesOf = (channel: 'email' | 'sms') => Object.keys(pages.wait).filter((shape) => pages.wait[shape]?.channel === channel)

describe('the first page', () => {
  test('takes a phone number only where texts can be sent', () => {
    const { html, words } = draw('identify', 'withTexts')
    expect(html).toMatch(/id="identifier"[^>]* type="text" inputmode="email" autocomplete="username webauthn"/)
    expect(words).toContain('Email or phone')
    expect(draw('identify', 'first').html).toMatch(/id="identifier"[^>]* type="email" autocomplete="username webauthn"/)
    for (const locale of both) {
      expect(draw('identify', 'first', locale).words).not.toMatch(/phone|Telefon|text|SMS/i)
      expect(draw('identify', 'wrong', locale).words).not.toMatch(/phone|Telefon|text|SMS/i)
    }
  })

  test('says what is wrong with what was typed, and how it can be put right', () => {
    const said = (shape: string) => /<p class="error"[^>]*>.*?<span>(.*?)<\/span>/s.exec(draw('identify', shape).html)?.[1]
    expect(said('wrongWithTexts')).toContain('or one phone number')
    expect(said('unfit')).toBe(
      'This number cannot get our text messages. Type the number of a mobile phone, or an email address.',
    )
    expect(said('textsClosed')).toBe('We cannot send a text message to this number right now. Use an email address.')
  })
})

describe('the waiting page of a text message', () => {
  test.each(both)('speaks of no link and of no email that was sent, in %s', (locale) => {
    for (const shape of shapesOf('sms')) {
      const { words } = draw('wait', shape, locale)
      expect([shape, words.match(/\blinks?\b|sent a link|another email|weitere E-Mail|Postfach/i)]).toEqual([shape, null])
    }
    for (const shape of shapesOf('email').filter((one) => pages.wait[one]?.other === null && pages.wait[one]?.after === null)) {
      const { words } = draw('wait', shape, locale)
      expect([shape, words.match(/text message|phone|number|SMS|Telefon|Nummer/i)]).toEqual([shape, null])
    }
  })

  test('says how far the text has come, and never more than that', () => {
    expect(draw('wait', 'text').words).toContain('Handed to the phone network at 14:02 UTC')
    expect(draw('wait', 'text').words).not.toMatch(/delivered/i)
    expect(draw('wait', 'handed').words).not.toMatch(/delivered/i)
    expect(draw('wait', 'textDelivered').words).toContain('Delivered to the phone at 14:02 UTC')
    expect(draw('wait', 'delivered').words).toContain('Delivered to fabrikam.example at 14:02 UTC')
    expect(draw('wait', 'textQueued').words).toContain('Waiting to be sent')
    expect(draw('wait', 'lateText').words).toContain('We try again at 14:05 UTC')
    for (const shape of ['lateForGood', 'lateTextForGood'])
      expect(draw('wait', shape).words).toContain('We do not try again by ourselves')
  })

  test('a refusal names its cause, and always has a way out', () => {
    const ways = (shape: string) => {
      const { heading, filled, others } = draw('wait', shape)
      return { heading, filled, others }
    }
    const number = 'Use an email or another number'
    const works = 'It works again: send it'
    expect(ways('textUnreachable')).toEqual({ heading: 'We cannot text this number', filled: [number], others: [works] })
    expect(ways('textOptedOut')).toEqual({ heading: 'Our text messages are stopped', filled: [number], others: [works] })
    expect(draw('wait', 'textOptedOut').words).toContain('reply START')
    expect(ways('textNoBudget')).toEqual({
      heading: 'We cannot send a text message right now',
      filled: ['Use your email address'],
      others: [],
    })
    expect(ways('bounced')).toEqual({ heading: 'We sent you no email', filled: ['Use another address'], others: [works] })
    expect(ways('backOther').others).toEqual(['Send a code by text message instead'])
  })

  test('a message that did not come leads to another one and to the other channel', () => {
    expect(draw('wait', 'lateTextForGood').others).toEqual([
      'Continue',
      'Send another text message',
      'Use the email instead',
      'Use an email or another number',
    ])
    expect(draw('wait', 'textInstead').others).toContain('Send a code by text message instead')
    expect(draw('wait', 'untoldClosed').others).toEqual(['Use the email instead'])
  })

  test('a long code is announced, and its field takes letters', () => {
    const { html, words } = draw('wait', 'textLong')
    expect(words).toContain('The code has 12 letters and digits.')
    expect(html).toMatch(/name="code"(?![^>]*numeric)[^>]*autocomplete="one-time-code"[^>]*maxlength="20"/)
    expect(draw('wait', 'text').html).toMatch(/name="code"[^>]*inputmode="numeric"[^>]*autocomplete="one-time-code"/)
  })

  test.each(both)('R-085 after the last digits neither number nor message is spoken of, in %s', (locale) => {
    for (const shape of shapesOf('sms').filter((one) => pages.wait[one]?.masked === null)) {
      const { html, words } = draw('wait', shape, locale)
      expect([shape, words.match(/•|\+49|handed|delivered|waiting to be|übergeben|zugestellt|Wartet/i)]).toEqual([shape, null])
      expect(html).not.toContain('class="badge')
      expect(html).toContain('data-live')
    }
    const { words, others } = draw('wait', 'untold')
    expect(words).toContain('If the digits match, we have sent a code to that phone.')
    expect(others).toEqual(['Type other digits', 'Send another text message', 'Use the email instead', 'Use another address'])
  })

  test('a second proof says what the first one has shown', () => {
    expect(draw('wait', 'second').words).toContain('Your number is confirmed. One more proof is needed.')
    expect(draw('wait', 'textSecond').words).toContain('Your email is confirmed. One more proof is needed.')
    for (const shape of ['second', 'textSecond']) expect(draw('wait', shape).others).toContain('Start again')
  })
})

describe('the pages around text messages', () => {
  test('the last digits have one small field, which no browser fills by itself', () => {
    const { html, heading, filled, others } = draw('last-digits', 'first')
    expect(heading).toBe('Which phone is it?')
    expect(html).toMatch(/name="digits"[^>]*inputmode="numeric" autocomplete="off" maxlength="2"/)
    expect([filled, others]).toEqual([['Send the code'], ['Use the email instead']])
    expect(draw('last-digits', 'wrong').words).toContain('Type two digits, like 47.')
    expect(draw('last-digits', 'closed').words).toContain('We cannot send a text message right now. Use the email instead.')
  })

  test('the proof of work has its challenge as an attribute, and a button that comes by itself', () => {
    const { html, words, filled } = draw('proof-of-work', 'first')
    expect(html).toContain('data-work data-challenge="{&#34;algorithm&#34;:&#34;SHA-256&#34;}"')
    expect(html).toMatch(/name="solution" value="">/)
    expect(html).toMatch(/class="wait" data-wait="60".*class="later"><button class="btn">Go on</)
    expect(html).toContain('<script type="module" src="/assets/work-1.js"></script>')
    expect(html).not.toContain('noscript')
    expect(filled).toEqual(['Go on'])
    expect(words).not.toContain('too soon')
    expect(draw('proof-of-work', 'early').words).toContain('That was too soon. Wait for the button.')
  })

  test('R-093 a number that was not used for long asks for the email of its account, and shows none', () => {
    const { html, heading, words } = draw('second', 'first')
    expect(heading).toBe('Confirm it is you')
    expect(words).toContain('This number was not used here for a long time')
    expect(words).toContain('+49 •••• 47')
    expect(html).toMatch(/name="identifier" type="email"[^>]* value=""/)
    expect(words).not.toContain('@')
    expect(draw('second', 'wrong').words).toContain('Type one whole email address')
  })

  test('an ended sign-in is spoken of by what was sent', () => {
    expect(draw('attempt-ended', 'text').words).not.toMatch(/link|address/)
    expect(draw('attempt-ended', 'text').filled).toEqual(['Send a new code'])
    expect(draw('attempt-ended', 'email').filled).toEqual(['Send a new link'])
  })

  test('the inbox of trial mode shows a text as it was written', () => {
    const { html } = draw('dev-inbox', 'full')
    expect(html).toContain('is your code, good for 10 minutes.\n\n@id.northwind.example #730226</pre>')
    expect(html).toContain('M6 2.5h8v15H6z')
    expect(html).toContain('Text message</h2>')
  })
})

describe('a second factor', () => {
  test('is chosen by one button for each way, in the order given', () => {
    const { html, heading, words, filled } = draw('second-factor', 'all')
    expect(heading).toBe('Confirm it is you')
    expect([...html.matchAll(/<button class="row pick" name="way" value="(\w+)"/g)].map(([, way]) => way)).toEqual([
      'totp',
      'sms',
      'recovery',
    ])
    expect(filled).toEqual([])
    expect(words).toContain('Authenticator app Pixel 8 Last used 21 November 2026, 14:02 UTC')
    expect(words).toContain('Text message We send a code to +49 •••• 47')
    expect(words).toContain('Recovery code 9 codes left')
    expect(draw('second-factor', 'session').words).toContain('1 code left')
    expect(draw('second-factor', 'spent').words).toContain('None left')
  })

  test('says what was proven already, and never more than that', () => {
    const next = 'One more proof is needed to go on to Northwind Trading.'
    expect(draw('second-factor', 'all').words).toContain(`Your email is confirmed. ${next}`)
    expect(draw('second-factor', 'afterText').words).toContain(`Your number is confirmed. ${next}`)
    expect(draw('second-factor', 'session').words).toContain(`You are signed in. ${next}`)
    expect(draw('second-factor', 'session').words).not.toContain('confirmed')
  })

  test('a code of six digits is filled in by the keyboard of a phone, a recovery code by nothing', () => {
    expect(draw('factor-code', 'first').heading).toBe('Type the code from your app')
    expect(draw('factor-code', 'first').words).toContain('type the 6 digits of Pixel 8')
    expect(draw('factor-code', 'unnamed').words).toContain('type the 6 digits it shows')
    expect(draw('factor-code', 'first').html).toMatch(/name="code"[^>]*inputmode="numeric" autocomplete="one-time-code"/)
    const { html, heading } = draw('factor-code', 'recovery')
    expect(heading).toBe('Type a recovery code')
    const maxLength = /name="code"(?![^>]*numeric)[^>]*autocomplete="off"[^>]*maxlength="(\d+)"/.exec(html)?.[1]
    expect(Number(maxLength)).toBeGreaterThanOrEqual((pages['recovery-codes'].first?.codes[0] ?? '').length)
  })

  test('a wrong code leaves its tries, and one way to put it right', () => {
    const { html, words } = draw('factor-code', 'wrong')
    expect(html).toContain('<title>Error: That code is not right – Northwind Trading</title>')
    expect(words).toContain('You have 4 tries left')
    expect(words).toContain('take the one that shows now')
    expect(html).toMatch(/aria-describedby="code-h code-e"/)
    expect(draw('factor-code', 'recoveryWrong').words).not.toContain('30 seconds')
    expect(draw('factor-code', 'first').html).not.toContain('aria-describedby')
  })

  test('a closed code takes nothing more, and always has a way on', () => {
    for (const shape of ['closed', 'closedOnly', 'recoveryClosed'])
      expect(draw('factor-code', shape).html).not.toContain('name="code"')
    expect(draw('factor-code', 'closed').filled).toEqual(['Confirm in another way'])
    expect(draw('factor-code', 'closed').others).toEqual(['Start again'])
    expect(draw('factor-code', 'closedOnly').filled).toEqual(['Start again'])
  })

  test('a browser is remembered only when that was ticked, and where it may be', () => {
    const { html, words } = draw('factor-code', 'first')
    expect(html).toMatch(/<input type="checkbox" name="remember" value="yes">/)
    expect(words).toContain('Do not ask again in this browser for 30 days')
    expect(draw('factor-code', 'only').words).toContain('for 1 day ')
    for (const shape of ['unnamed', 'recovery', 'closed'])
      expect(draw('factor-code', shape).html).not.toContain('name="remember"')
  })

  test('whoever has none is told why one is needed, and what is to come', () => {
    const { html, words, filled } = draw('enrol', 'policy')
    expect(words).toContain('Signing in to Northwind Trading takes a second proof')
    expect(draw('enrol', 'acr').words).toContain('Northwind Trading asks for a stronger proof')
    expect(filled).toEqual(['Set up an authenticator app'])
    expect(html).toContain('<button class="btn" name="way" value="totp">')
  })

  test('setting one up shows a picture and its key, and asks for a code', () => {
    const { html, words, filled } = draw('totp-enrol', 'first')
    expect(html).toMatch(/<svg class="qr" viewBox="-2 -2 \d+ \d+" role="img" aria-label="[^"]+"><path d="M0 0h7M/)
    expect(words).toContain('Step 1 of 2')
    expect(words).toContain('K5XW 6ZDT NBQX E3DJ MNSW Y3DF MQ4T QNZW')
    expect(html).toMatch(/name="name"[^>]* value="Authenticator"/)
    expect(filled).toEqual(['Turn on'])
    expect(draw('totp-enrol', 'wrong').words).toContain('That code is not right')
    expect(draw('totp-enrol', 'wrong').html).toMatch(/<title>Error: .*aria-invalid="true"/s)
    expect(draw('totp-enrol', 'account').words).not.toMatch(/Step|Northwind/)
  })

  test('recovery codes are said to be shown once, and kept before anything goes on', () => {
    const { html, words, filled } = draw('recovery-codes', 'first')
    expect(words).toContain('You see these only once.')
    expect(words).toContain('Step 2 of 2')
    expect(html.match(/<li>[0-9A-Z-]{24}<\/li>/g)).toHaveLength(10)
    expect(html).toMatch(/<input type="checkbox" name="kept" value="yes" required>/)
    expect(html).toContain('href="/sign-in/u1/codes.txt" download="recovery-codes.txt"')
    expect(filled).toEqual(['Continue'])
    // What needs a script stays hidden without one.
    expect(html).toContain('<script type="module" src="/assets/codes-1.js"></script>')
    expect(statSync(join(import.meta.dirname, '../../views/assets/codes.js')).size).toBeLessThan(1_024)
    expect(html).toMatch(/<div class="two" data-scripted hidden>/)
    expect(draw('recovery-codes', 'noFile').html).toMatch(/<a class="btn quiet" hidden download/)
  })

  test.each(both)('no page of it names what was not asked for, in %s', (locale) => {
    expect(draw('factor-code', 'first', locale).words).not.toMatch(/recovery|Ersatz|password|Passwort/i)
    expect(draw('factor-code', 'recovery', locale).words).not.toMatch(/authenticator|6 digits|6 Ziffern/i)
  })
})
