import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from '@jest/globals'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { createLog, type EmailAddress, parseEmailAddress } from '../../src/base/index.ts'
import { createInbox, createSmtpRoute } from '../../src/delivery/channels/index.ts'
import { smtpVerdict } from '../../src/delivery/channels/smtp-result.ts'
import { readSmtpUrl } from '../../src/delivery/channels/smtp-url.ts'
import type { MailRoute, OutgoingMail } from '../../src/delivery/index.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'
import { freePorts } from '../support/ports.ts'

// Nobody waits for these, however busy the machine is; a test of one deadline makes that one short.
const TIMES = { connectionSeconds: 20, greetingSeconds: 20, idleSeconds: 20, mailSeconds: 20 }
const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

describe('what the next server says decides what becomes of a mail', () => {
  test('an accepted mail arrives whole, marked as automatic, with the Message-ID it was given', async () => {
    const { mailbox, route } = await stage()
    expect(await route.send(mail({ subject: 'Ваш вход', text: 'Zwölf Boxkämpfer' }))).toEqual({ kind: 'accepted' })
    const got = await mailbox.next('maria@fabrikam.example')
    expect(got).toMatchObject({ subject: 'Ваш вход', from: 'sign-in@doorward.example' })
    expect(got.text.trim()).toBe('Zwölf Boxkämpfer')
    expect(got.headers).toMatchObject({
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      'message-id': '<d1@doorward.example>',
      date: 'Mon, 01 Jan 2029 00:00:00 +0000',
      'content-language': 'en',
    })
    expect(got.headers).not.toHaveProperty('x-mailer')
  })

  test('CR and LF in a subject or a name cannot add a header', async () => {
    const { mailbox, route } = await stage()
    const from = { name: 'Door\r\nX-Evil: 2', address: 'sign-in@doorward.example' }
    await route.send(mail({ from, subject: 'Sign in\r\nBcc: all@fabrikam.example\r\n\r\nX-Evil: 1' }))
    const got = await mailbox.next('maria@fabrikam.example')
    expect(Object.keys(got.headers)).not.toEqual(expect.arrayContaining(['bcc']))
    expect(got.headers).not.toHaveProperty('x-evil')
    expect(got.text.trim()).toBe('Hello')
    expect(mailbox.seen).toHaveLength(1)
  })

  test.each(["o'brien+a=b@fabrikam.example", 'a!#$%&*/?^_`{|}~-@fabrikam.example', 'jürgen@fabrikam.example'])(
    'the envelope names exactly the stored address: %s',
    async (address) => {
      const { mailbox, route } = await stage()
      await route.send(mail({ to: parseEmailAddress(address) as EmailAddress }))
      expect(mailbox.received.map(({ to }) => to)).toEqual([address])
    },
  )

  test.each([
    [{ code: 421, at: 'connect' }, 'deferred', 'smtp_421'],
    [{ code: 450, at: 'rcpt' }, 'deferred', 'smtp_450'],
    [{ code: 452, at: 'data' }, 'deferred', 'smtp_452'],
    [{ code: 550, at: 'rcpt' }, 'refused', 'smtp_550'],
    [{ code: 550, at: 'rcpt', message: '5.1.1 no such user' }, 'refused', 'smtp_550'],
    [{ code: 554, at: 'data' }, 'refused', 'smtp_554'],
    [{ code: 550, at: 'mail' }, 'deferred', 'sender_550'],
    [{ code: 554, at: 'connect' }, 'deferred', 'smtp_554'],
    [{ code: 550, at: 'rcpt', message: '5.7.1 relaying denied' }, 'deferred', 'sender_550'],
    [{ code: 530, at: 'mail' }, 'deferred', 'auth_530'],
  ] as const)('an answer %j means %s for the reason %s', async (answer, kind, reason) => {
    const { mailbox, route } = await stage()
    mailbox.setBehaviour(answer)
    expect(await route.send(mail())).toMatchObject({ kind, reason })
  })

  test('wrong credentials are the operator’s fault, not the person’s', async () => {
    const log: string[] = []
    const { url } = await server({
      onAuth: (_auth, _session, answer) => answer(Object.assign(new Error('no'), { responseCode: 535 })),
    })
    const route = smtp(url.replace('//', '//user:geheim@'), log)
    expect(await route.send(mail())).toEqual({ kind: 'deferred', reason: 'auth_535' })
    await expect(route.check?.()).rejects.toThrow('auth_535')
    expect(log.join()).toContain('"level":"error"')
    expect(log.join()).not.toMatch(/geheim|maria/)
  })

  test('an answer tells nothing more than its class', () => {
    const reasons = [
      [{ code: 'ESOCKET', originalCode: 'ECONNREFUSED' }, 'connect_refused'],
      [{ code: 'EDNS', originalCode: 'ENOTFOUND' }, 'dns'],
      [{ code: 'ETIMEDOUT' }, 'timeout'],
      [{ code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED' }, 'tls'],
      [{ code: 'EMESSAGE', command: 'DATA', responseCode: 503 }, 'smtp_503'],
      [new Error('maria@fabrikam.example'), 'protocol'],
      ['nonsense', 'protocol'],
    ] as const
    for (const [fault, reason] of reasons) expect(smtpVerdict(fault, false)).toMatchObject({ kind: 'deferred', reason })
  })
})

describe('a mail server cannot hold a worker for ever', () => {
  test('F-28 a server that is away is a passing fault, and its return is noticed', async () => {
    const { mailbox, route } = await stage()
    await mailbox.down()
    expect(await route.send(mail())).toEqual({ kind: 'deferred', reason: 'connect_refused' })
    await expect(route.check?.()).rejects.toThrow('connect_refused')
    await mailbox.up()
    await route.check?.()
    expect(await route.send(mail())).toEqual({ kind: 'accepted' })
  })

  test('F-28 a name that does not exist and a server that never greets are passing faults', async () => {
    expect(await smtp('smtp://mail.invalid:25?tls=off').send(mail())).toEqual({ kind: 'deferred', reason: 'dns' })
    const { url } = await server({ onConnect: () => {} })
    expect(await smtp(url, [], { greetingSeconds: 0.5 }).send(mail())).toEqual({ kind: 'deferred', reason: 'timeout' })
  })

  test('F-31 a server that takes the mail and never answers leaves it unanswered', async () => {
    const { mailbox, route } = await stage({ idleSeconds: 2 })
    mailbox.setBehaviour('hang-after-data')
    expect(await route.send(mail())).toEqual({ kind: 'deferred', reason: 'unanswered' })
  })

  test('F-32 a server that answers a byte at a time meets the deadline of the mail', async () => {
    const { mailbox, route } = await stage({ mailSeconds: 2.5 })
    mailbox.setBehaviour('drip')
    expect(await route.send(mail())).toEqual({ kind: 'deferred', reason: 'unanswered' })
    mailbox.setBehaviour('accept')
    expect(await route.send(mail())).toEqual({ kind: 'accepted' })
  })

  test('a connection that the server dropped while idle is opened anew without a failed mail', async () => {
    const { mailbox, route } = await stage()
    await route.send(mail())
    await mailbox.down()
    await mailbox.up()
    expect(await route.send(mail())).toEqual({ kind: 'accepted' })
    expect(mailbox.received).toHaveLength(2)
  })
})

describe('TLS', () => {
  test('R-164 a certificate that nobody vouches for is refused, with implicit TLS and with STARTTLS', async () => {
    const implicit = await server({ secure: true })
    const upgraded = await server({ disabledCommands: ['AUTH'] })
    expect(await smtp(implicit.url.replace('smtp:', 'smtps:')).send(mail())).toEqual({ kind: 'deferred', reason: 'tls' })
    expect(await smtp(`${upgraded.url}?tls=required`).send(mail())).toEqual({ kind: 'deferred', reason: 'tls' })
    expect([...implicit.mails, ...upgraded.mails]).toEqual([])
  })

  test('R-164 a server without STARTTLS gets no mail in plain text, unless the URL says so', async () => {
    const { url, mails } = await server({ disabledCommands: ['AUTH', 'STARTTLS'] })
    expect(await smtp(`${url}?tls=required`).send(mail())).toEqual({ kind: 'deferred', reason: 'tls' })
    expect(mails).toEqual([])
    expect(await smtp(`${url}?tls=opportunistic`).send(mail())).toEqual({ kind: 'accepted' })
    expect(await smtp(`${url}?tls=off`).send(mail())).toEqual({ kind: 'accepted' })
  })

  test('tls=opportunistic encrypts where the server offers it', async () => {
    const { url, mails } = await server({ disabledCommands: ['AUTH'] })
    expect(await smtp(`${url}?tls=opportunistic`).send(mail())).toEqual({ kind: 'accepted' })
    expect(mails).toEqual([{ encrypted: true }])
  })

  test('R-164 only a server on this machine is spoken to in plain text without saying so', () => {
    expect(readSmtpUrl('smtp://mail.fabrikam.example')).toMatchObject({ port: 587, startTls: 'required', implicitTls: false })
    expect(readSmtpUrl('smtps://mail.fabrikam.example')).toMatchObject({ port: 465, startTls: 'required', implicitTls: true })
    expect(readSmtpUrl('smtp://127.0.0.1:25')).toMatchObject({ port: 25, startTls: 'off' })
    expect(readSmtpUrl('smtp://[::1]:25')).toMatchObject({ host: '::1', startTls: 'off' })
    expect(readSmtpUrl('smtp://127.0.0.1.fabrikam.example')).toMatchObject({ startTls: 'required' })
    expect(readSmtpUrl('smtp://a%40b:p%25@mail.fabrikam.example')).toMatchObject({ user: 'a@b', password: 'p%' })
  })

  test.each([
    'http://mail.fabrikam.example',
    'smtp://',
    'smtp://h.example/path',
    'smtp://h.example?tls=maybe',
    'smtps://h.example?tls=off',
    'smtps://h.example?tls=opportunistic',
    'smtp://h.example?logger=true',
    'smtp://h.example?connections=0',
    'smtp://h.example?name=a%20b',
    'smtp://u:geheim%ZZ@h.example',
  ])('the URL %s is refused in words that keep its password', (url) => {
    expect(() => readSmtpUrl(url)).toThrow(/^SMTP_URL/)
    expect(() => readSmtpUrl(url)).not.toThrow(/geheim/)
  })
})

test('the trial inbox keeps the newest mails with their code and link, and empties', async () => {
  const inbox = createInbox({ clock: { now: () => new Date('2029-01-01') }, keep: 2 })
  for (const subject of ['one', 'two', 'three']) {
    await inbox.routes.email.send(mail({ subject, facts: { code: '123456', link: 'http://localhost/x' } }))
  }
  expect(inbox.list().map(({ subject }) => subject)).toEqual(['three', 'two'])
  const newest = inbox.list()[0]
  expect(inbox.find(newest?.id ?? '')).toMatchObject({ code: '123456', link: 'http://localhost/x', to: 'maria@fabrikam.example' })
  inbox.empty()
  expect(inbox.list()).toEqual([])
  expect(inbox.find(newest?.id ?? '')).toBeNull()
})

function mail(changes: Partial<OutgoingMail> = {}): OutgoingMail {
  return {
    from: { name: 'Doorward', address: 'sign-in@doorward.example' },
    to: 'maria@fabrikam.example' as EmailAddress,
    subject: 'Sign in',
    text: 'Hello',
    html: '<p>Hello</p>',
    locale: 'en',
    messageId: '<d1@doorward.example>',
    date: new Date('2029-01-01T00:00:00Z'),
    ...changes,
  }
}

function smtp(url: string, lines: string[] = [], times: Partial<typeof TIMES> = {}): MailRoute {
  const log = createLog('debug', { write: (line) => void lines.push(named(line)) })
  const route = createSmtpRoute({ url, log, times: { ...TIMES, ...times } })
  cleanups.push(() => route.close())
  return route
}

function named(line: string): string {
  return line.replace('"level":50', '"level":"error"')
}

async function stage(times: Partial<typeof TIMES> = {}): Promise<{ mailbox: Mailbox; route: MailRoute }> {
  const mailbox = await startMailbox()
  cleanups.push(() => mailbox.stop())
  return { mailbox, route: smtp(mailbox.url, [], times) }
}

/** A server with a certificate that it signed itself. */
async function server(options: SMTPServerOptions): Promise<{ url: string; mails: { encrypted: boolean }[] }> {
  const [port] = await freePorts(1)
  const mails: { encrypted: boolean }[] = []
  const made = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 50,
    onData: (stream, session, answer) => {
      buffer(stream).then(() => {
        mails.push({ encrypted: session.secure })
        answer()
      }, answer)
    },
    ...options,
  })
  made.on('error', () => {})
  await new Promise<void>((resolve) => made.listen(port, '127.0.0.1', resolve))
  cleanups.push(() => new Promise<void>((resolve) => made.close(() => resolve())))
  return { url: `smtp://127.0.0.1:${port}`, mails }
}
