import { createConnection } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createTransport } from 'nodemailer'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'

describe('the mailbox', () => {
  let mailbox: Mailbox
  beforeAll(async () => {
    mailbox = await startMailbox()
  })
  afterEach(() => mailbox.setBehaviour('accept'))
  afterAll(() => mailbox.stop())

  const text = 'Open this link:\n\nhttp://localhost:3000/sign-in/u1/link/abc_DEF-1\n\nOr type this code there:\n\n482 913\n'
  const mailTo = async (to: string, timeoutMs = 5000) => {
    const transport = createTransport({ url: mailbox.url, ignoreTLS: true, connectionTimeout: 1000, socketTimeout: timeoutMs })
    const sent = transport.sendMail({
      from: 'Doorward <id@doorward.example>',
      to,
      subject: 'Grüße',
      text,
      html: `<p>${text}</p>`,
    })
    return sent.finally(() => transport.close())
  }

  test('reads code, link and headers of a mail, and waits for it', async () => {
    const waiting = mailbox.next('Maria@fabrikam.example')
    await mailTo('maria@fabrikam.example')
    const mail = await waiting
    expect(mail).toMatchObject({ to: 'maria@fabrikam.example', from: 'id@doorward.example', subject: 'Grüße', code: '482913' })
    expect(mail.link).toBe('http://localhost:3000/sign-in/u1/link/abc_DEF-1')
    expect(mail.headers['message-id']).toMatch(/^<.+>$/)
    expect(mail.html).toContain('<p>')
  })

  test('hands out each mail once, in order, and can look after one', async () => {
    await mailTo('order@fabrikam.example')
    await mailTo('order@fabrikam.example')
    const first = await mailbox.next('order@fabrikam.example')
    const second = await mailbox.next('order@fabrikam.example')
    expect(second).not.toBe(first)
    expect(await mailbox.next('order@fabrikam.example', { after: first })).toBe(second)
    expect(mailbox.count('order@fabrikam.example')).toBe(2)
    await expect(mailbox.next('order@fabrikam.example', { withinSeconds: 0.05 })).rejects.toThrow(
      'no mail to order@fabrikam.example',
    )
  })

  test.each([
    { code: 421, at: 'connect' as const },
    { code: 550, at: 'mail' as const },
    { code: 451, at: 'rcpt' as const },
    { code: 550, at: 'data' as const },
  ])('refuses with $code at $at', async (error) => {
    mailbox.setBehaviour(error.at === 'data' ? () => error : error)
    await expect(mailTo('refused@fabrikam.example')).rejects.toMatchObject({ responseCode: error.code })
    expect(mailbox.count('refused@fabrikam.example')).toBe(0)
  })

  test('can hang after the content, and answer without end', async () => {
    mailbox.setBehaviour('hang-after-data')
    await expect(mailTo('hang@fabrikam.example', 300)).rejects.toThrow(/timeout/i)
    mailbox.setBehaviour('drip')
    const socket = createConnection(Number(new URL(mailbox.url).port), '127.0.0.1').setEncoding('utf8')
    await new Promise((resolve) => socket.once('data', resolve)) // who talks before the greeting is sent away
    socket.write(
      'EHLO test\r\nMAIL FROM:<id@doorward.example>\r\nRCPT TO:<drip@fabrikam.example>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n',
    )
    const pieces: string[] = []
    for await (const piece of socket) {
      pieces.push(String(piece))
      if (/250-please wait\r\n250-$/.test(pieces.join(''))) break
    }
    expect(pieces.filter((piece) => piece.length === 1).length).toBeGreaterThan(10)
    await mailbox.down()
    await mailbox.up()
    expect(mailbox.count('hang@fabrikam.example') + mailbox.count('drip@fabrikam.example')).toBe(0)
    expect(mailbox.seen.filter(({ to }) => /^(hang|drip)@/.test(to))).toHaveLength(2)
  })

  test('can be down and come back on the same port', async () => {
    await mailbox.down()
    await expect(mailTo('down@fabrikam.example')).rejects.toMatchObject({ code: 'ESOCKET' })
    await mailbox.up()
    await mailTo('down@fabrikam.example')
    expect(mailbox.count('down@fabrikam.example')).toBe(1)
  })
})
