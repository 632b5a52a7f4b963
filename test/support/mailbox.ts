import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import { freePorts } from './ports.ts'

export interface Mail {
  /** The envelope's recipient, as the server was told. */
  to: string
  /** The envelope's sender. */
  from: string
  subject: string
  text: string
  html: string
  /** The six digits to type, spaces removed. */
  code: string | null
  /** The address of the sign-in link. */
  link: string | null
  /** Where one can object, in a mail that tells what was done to an account; null in mails that somebody asked for. */
  objection: string | null
  /** By name in lower case; of a repeated header the last value. */
  headers: Record<string, string>
  raw: string
}

/** An SMTP error answer; where no stage is said, to RCPT. */
export interface SmtpError {
  code: number
  message?: string
  at?: 'connect' | 'mail' | 'rcpt' | 'data'
}

/**
 * What the server does with a mail: takes it, refuses it, reads it and never answers, or answers one
 * character at a time without end.
 */
export type MailBehaviour = 'accept' | 'hang-after-data' | 'drip' | SmtpError

export interface Mailbox {
  /** For `SMTP_URL`. */
  url: string
  /** Accepted mails, oldest first. */
  received: readonly Mail[]
  /** Every mail whose content arrived, whatever the server answered then. */
  seen: readonly Mail[]
  /**
   * The next accepted mail to this address: the oldest that `next` has not answered yet, or the first one
   * after the mail `after`. Waits for it, 15 seconds at most unless told otherwise.
   */
  next(to: string, options?: { after?: Mail; withinSeconds?: number }): Promise<Mail>
  /** The same for mails that tell what was done to an account; `next` passes over these. */
  nextNotice(to: string, options?: { after?: Mail; withinSeconds?: number }): Promise<Mail>
  /** How many mails to this address were accepted, but for those of `nextNotice`. */
  count(to: string): number
  /** From now on. A function decides for each mail once its content has arrived, and may take its time. */
  setBehaviour(behaviour: MailBehaviour | ((mail: Mail) => MailBehaviour | Promise<MailBehaviour>)): void
  /** Stops listening and cuts every connection. */
  down(): Promise<void>
  /** Listens again on the same port. */
  up(): Promise<void>
  stop(): Promise<void>
}

const DRIP_MS = 50

/** A real SMTP server on loopback, without TLS and without authentication. */
export async function startMailbox(): Promise<Mailbox> {
  const [port] = await freePorts(1)
  const received: Mail[] = []
  const seen: Mail[] = []
  const handedOut = new Set<Mail>()
  const arrivals = new EventEmitter().setMaxListeners(0)
  let behaviour: Parameters<Mailbox['setBehaviour']>[0] = 'accept'
  let server: SMTPServer | null = null

  const errorAt = (stage: NonNullable<SmtpError['at']>): Error | null =>
    typeof behaviour === 'object' && (behaviour.at ?? 'rcpt') === stage ? smtpError(behaviour) : null

  async function take(
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    answer: Answer,
    dripTo: () => Socket | null,
  ): Promise<void> {
    const mail = await readMail(stream, session)
    seen.push(mail)
    const what = typeof behaviour === 'function' ? await behaviour(mail) : behaviour
    if (what === 'hang-after-data') return
    if (what === 'drip') return drip(dripTo())
    if (typeof what === 'object') return answer(smtpError(what))
    received.push(mail)
    answer(null, 'accepted')
    arrivals.emit('mail')
  }

  async function up(): Promise<void> {
    const made = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      closeTimeout: 50,
      onConnect: (_session, callback) => callback(errorAt('connect')),
      onMailFrom: (_address, _session, callback) => callback(errorAt('mail')),
      onRcptTo: (_address, _session, callback) => callback(errorAt('rcpt')),
      onData: (stream, session, callback) => {
        take(stream, session, callback, () => socketOf(made, session)).catch(callback)
      },
    })
    made.on('error', () => {}) // connections cut by a client that is killed
    await new Promise<void>((resolve, reject) => {
      made.server.once('error', reject)
      made.listen(port, '127.0.0.1', resolve)
    })
    server = made
  }

  async function down(): Promise<void> {
    const open = server
    server = null
    if (!open) return
    for (const connection of open.connections as Set<Connection>) connection._socket.destroy()
    await new Promise<void>((resolve) => open.close(resolve))
  }

  async function first(
    to: string,
    fits: (mail: Mail) => boolean,
    options: { after?: Mail; withinSeconds?: number } = {},
  ): Promise<Mail> {
    const seconds = options.withinSeconds ?? 15
    const deadline = AbortSignal.timeout(seconds * 1000)
    for (;;) {
      const start = options.after ? received.indexOf(options.after) + 1 : 0
      const mail = received
        .slice(start)
        .find((one) => sameAddress(one.to, to) && fits(one) && (options.after || !handedOut.has(one)))
      if (mail) {
        handedOut.add(mail)
        return mail
      }
      await arrival(
        arrivals,
        deadline,
        () => `no mail to ${to} within ${seconds} s; accepted: ${received.map((one) => one.to).join(', ') || 'none'}`,
      )
    }
  }

  await up()
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    seen,
    next: (to, options) => first(to, isAsked, options),
    nextNotice: (to, options) => first(to, (mail) => !isAsked(mail), options),
    count: (to) => received.filter((mail) => sameAddress(mail.to, to) && isAsked(mail)).length,
    setBehaviour: (wanted) => {
      behaviour = wanted
    },
    down,
    up,
    stop: down,
  }
}

/** What stands under a mail that tells of something, also where there is nothing to object to. */
const TOLD = /because\s+it\s+is\s+an\s+address\s+of\s+your\s+account|weil\s+es\s+eine\s+Adresse\s+Ihres\s+Kontos/

const isAsked = ({ objection, text }: Mail): boolean => objection === null && !TOLD.test(text)

type Answer = (error?: Error | null, message?: string) => void
type Connection = { id: string; _socket: Socket }

async function arrival(arrivals: EventEmitter, deadline: AbortSignal, words: () => string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const late = (): void => reject(new Error(words()))
  arrivals.once('mail', resolve)
  deadline.addEventListener('abort', late, { once: true })
  try {
    if (deadline.aborted) late()
    await promise
  } finally {
    arrivals.off('mail', resolve)
    deadline.removeEventListener('abort', late)
  }
}

async function readMail(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<Mail> {
  const raw = await buffer(stream)
  const { mailFrom, rcptTo } = session.envelope
  const parsed = await PostalMime.parse(raw.toString('utf8'))
  return {
    to: rcptTo.map(({ address }) => address).join(','),
    from: mailFrom ? mailFrom.address : '',
    subject: parsed.subject ?? '',
    text: parsed.text ?? '',
    html: parsed.html ?? '',
    ...secretsIn(parsed.text ?? ''),
    headers: headersOf(parsed),
    raw: raw.toString('utf8'),
  }
}

function secretsIn(text: string): Pick<Mail, 'code' | 'link' | 'objection'> {
  const code = /^\s*(\d{3})[ {2}]?(\d{3})\s*$/m.exec(text)
  const address = (path: RegExp) => path.exec(text)?.[0] ?? null
  return {
    code: code ? `${code[1]}${code[2]}` : null,
    link: address(/https?:\/\/\S+\/link\/[^\s>]+/),
    objection: address(/https?:\/\/\S+\/account\/notice\/[^\s>]+/),
  }
}

function headersOf(parsed: Email): Record<string, string> {
  return Object.fromEntries(parsed.headers.map(({ key, value }) => [key, value]))
}

function smtpError({ code, message }: SmtpError): Error {
  return Object.assign(new Error(message ?? (code < 500 ? 'try again later' : 'refused')), { responseCode: code })
}

function socketOf(server: SMTPServer, session: SMTPServerSession): Socket | null {
  return [...(server.connections as Set<Connection>)].find(({ id }) => id === session.id)?._socket ?? null
}

function drip(socket: Socket | null): void {
  if (!socket) return
  const text = '250-please wait\r\n'
  let at = 0
  const timer = setInterval(() => socket.write(text[at++ % text.length] as string), DRIP_MS)
  socket.once('close', () => clearInterval(timer)).on('error', () => {})
}

function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
