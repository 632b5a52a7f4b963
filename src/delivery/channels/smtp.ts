import nodemailer from 'nodemailer'
import { domainOf, type Log } from '../../base/index.ts'
import type { MailRoute, OutgoingMail, SendResult } from '../route.ts'
import { smtpVerdict } from './smtp-result.ts'
import { readSmtpUrl, type SmtpTarget } from './smtp-url.ts'

/** How long one step of a conversation may take, in seconds; `mailSeconds` bounds a mail as a whole. */
interface SmtpTimes {
  connectionSeconds: number
  greetingSeconds: number
  idleSeconds: number
  mailSeconds: number
}

const TIMES: SmtpTimes = { connectionSeconds: 10, greetingSeconds: 10, idleSeconds: 30, mailSeconds: 60 }

/**
 * A route over SMTP (RFC 5321) with a pool of connections. `url` as in `readSmtpUrl`; throws when it is not
 * right. TLS 1.2 or newer; the certificate is checked unless the URL gives that up.
 */
export function createSmtpRoute(deps: { url: string; log: Log; name?: string; times?: SmtpTimes }): MailRoute {
  const times = deps.times ?? TIMES
  const target = readSmtpUrl(deps.url)
  const transport = nodemailer.createTransport(transportOptions(target, times))
  const bodySent = new WeakSet<AbortSignal>()
  // The raw mail ends when its last byte was read into the connection, after the server's go-ahead for DATA.
  transport.use('stream', (mail, done) => {
    mail.message.processFunc((raw) => raw.once('end', () => mail.data.signal && bodySent.add(mail.data.signal)))
    done()
  })

  async function send(mail: OutgoingMail): Promise<SendResult> {
    // The sum of all steps: a server that answers a byte at a time runs into no other time-out. A timer of our own, for
    // one of `AbortSignal.timeout` would live on after the mail.
    const tooLong = new AbortController()
    const timer = setTimeout(() => tooLong.abort(), times.mailSeconds * 1000)
    const { signal } = tooLong
    try {
      const { response } = await transport.sendMail({ ...message(mail), signal })
      const receiptId = queuedAs(response)
      return { kind: 'accepted', ...(receiptId && { receiptId }) }
    } catch (error) {
      const { operator, ...result } = smtpVerdict(error, bodySent.has(signal))
      const line = { messageId: mail.messageId, host: target.host, domain: domainOf(mail.to), reason: result.reason }
      if (operator) deps.log.error(line, 'the mail server does not take our mails: check SMTP_URL and MAIL_FROM')
      else deps.log.warn(line, 'the mail server did not take a mail')
      return result
    } finally {
      clearTimeout(timer)
    }
  }

  async function check(): Promise<void> {
    try {
      await transport.verify()
    } catch (error) {
      throw new Error(`mail server ${target.host}:${target.port}: ${smtpVerdict(error, false).reason}`)
    }
  }

  return { name: deps.name ?? 'smtp', deadlineSeconds: times.mailSeconds, send, check, close: async () => transport.close() }
}

/** One route for each URL, in order: `smtp`, `smtp-2`, `smtp-3` … */
export function createSmtpRoutes(deps: { urls: readonly string[]; log: Log }): MailRoute[] {
  const { urls, log } = deps
  return urls.map((url, index) => createSmtpRoute({ url, log, name: index === 0 ? 'smtp' : `smtp-${index + 1}` }))
}

// `250 Ok 0102018f…` (Amazon SES), `250 2.0.0 Ok: queued as 4F1B…` (Postfix): the name that receipts will use.
function queuedAs(response: unknown): string | null {
  return /^250[ -](?:2\.\d\.\d )?ok:? (?:queued as )?([\w-]{8,100})\s*$/i.exec(String(response ?? ''))?.[1] ?? null
}

function transportOptions(target: SmtpTarget, times: SmtpTimes) {
  return {
    pool: true as const,
    host: target.host,
    port: target.port,
    secure: target.implicitTls,
    requireTLS: !target.implicitTls && target.startTls === 'required',
    ignoreTLS: target.startTls === 'off',
    opportunisticTLS: target.startTls === 'opportunistic',
    tls: { minVersion: 'TLSv1.2' as const, rejectUnauthorized: target.startTls !== 'opportunistic' },
    ...(target.user !== null && { auth: { user: target.user, pass: target.password ?? '' } }),
    ...(target.ehloName !== null && { name: target.ehloName }),
    maxConnections: target.connectionsMax,
    // A connection that the server dropped while it was idle is opened anew once; all else is our own back-off.
    maxRequeues: 1,
    idleTimeout: 60_000,
    dnsTimeout: times.connectionSeconds * 1000,
    connectionTimeout: times.connectionSeconds * 1000,
    greetingTimeout: times.greetingSeconds * 1000,
    socketTimeout: times.idleSeconds * 1000,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  }
}

// Addresses go in as values and are never parsed again (V-42); a line break in a header cannot start another.
function message(mail: OutgoingMail) {
  return {
    from: { ...mail.from }, // nodemailer writes into what it is given
    to: { name: '', address: mail.to },
    envelope: { from: mail.from.address, to: [mail.to] },
    subject: mail.subject.replace(/[\x00-\x1f\x7f]+/g, ' '),
    text: mail.text,
    html: mail.html,
    messageId: mail.messageId,
    date: mail.date,
    // RFC 3834 §5; the second is what Exchange reads.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All', 'Content-Language': mail.locale },
    xMailer: false as const,
  }
}
