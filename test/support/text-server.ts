import { EventEmitter } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { text as bodyText } from 'node:stream/consumers'
import { freePorts } from './ports.ts'

/** One text message, as the provider was asked to send it. */
export interface SentText {
  to: string
  text: string
  /** The code in it, of six digits or of twelve letters and digits. */
  code: string | null
  /** What the provider calls it. */
  id: string
  /** Everything that was asked, by the provider's own names. */
  asked: Readonly<Record<string, string>>
}

/**
 * What the server does with a text: takes it; takes it and never answers; reads it and cuts the connection; takes it
 * after a while; or refuses it in the provider's own words.
 */
export type TextBehaviour =
  | 'accept'
  | 'hang'
  | 'cut'
  | { afterMs: number }
  | { status: number; code?: string | number; message?: string; location?: string }

export interface ProviderRequest {
  method: string
  /** Path and query. */
  target: string
  headers: IncomingHttpHeaders
  body: string
}

export interface ProviderAnswer {
  status: number
  type: string
  body: string
}

/** How one provider speaks. */
interface Dialect {
  /** The text that is asked for; null when the request is not signed as the provider wants it. */
  read(request: ProviderRequest, number: number): SentText | null
  taken(text: SentText): ProviderAnswer
  refused(error: { status: number; code?: string | number; message?: string }): ProviderAnswer
  /** What else the provider serves. */
  other?(request: ProviderRequest): ProviderAnswer | null
}

/** A provider of text messages on loopback, which speaks the real protocol and checks what is signed. */
export interface TextServer {
  url: string
  /** Texts that it took, oldest first: these would have been sent and paid for. */
  taken: readonly SentText[]
  /** Every text that it was properly asked for, whatever it answered then. */
  asked: readonly SentText[]
  /** Requests whose signature or credentials were not right. */
  forged: readonly ProviderRequest[]
  /** The next taken text to this number that `next` has not answered yet. Waits for it. */
  next(to: string, withinSeconds?: number): Promise<SentText>
  /** From now on. */
  setBehaviour(behaviour: TextBehaviour | ((text: SentText) => TextBehaviour)): void
  /** Stops listening and cuts every connection. */
  down(): Promise<void>
  /** Listens again on the same port. */
  up(): Promise<void>
  stop(): Promise<void>
}

/** Starts a provider that speaks `dialect`. */
export async function startTextServer(dialect: Dialect): Promise<TextServer> {
  const [port] = await freePorts(1)
  const taken: SentText[] = []
  const asked: SentText[] = []
  const forged: ProviderRequest[] = []
  const handedOut = new Set<SentText>()
  const arrivals = new EventEmitter().setMaxListeners(0)
  let behaviour: TextBehaviour | ((text: SentText) => TextBehaviour) = 'accept'
  let server: Server | null = null

  function take(text: SentText): void {
    taken.push(text)
    arrivals.emit('text')
  }

  /** Null: no answer, ever. */
  async function answerTo(request: ProviderRequest): Promise<ProviderAnswer | { location: string } | 'cut' | null> {
    const other = dialect.other?.(request)
    if (other) return other
    const text = dialect.read(request, asked.length + 1)
    if (!text) {
      forged.push(request)
      return dialect.refused({ status: 403, code: 'SignatureDoesNotMatch', message: 'not signed as it should be' })
    }
    asked.push(text)
    const what = typeof behaviour === 'function' ? behaviour(text) : behaviour
    if (what === 'cut') return 'cut'
    if (typeof what === 'object' && 'status' in what) {
      return what.location ? { location: what.location } : dialect.refused(what)
    }
    if (typeof what === 'object') await new Promise((resolve) => setTimeout(resolve, what.afterMs))
    take(text)
    return what === 'hang' ? null : dialect.taken(text)
  }

  async function up(): Promise<void> {
    const made = createServer(async (req, res) => {
      const { method = '', url = '', headers } = req
      const answer = await answerTo({ method, target: url, headers, body: await bodyText(req) })
      if (answer === null) return
      if (answer === 'cut') return void res.destroy()
      if ('location' in answer) return void res.writeHead(302, { location: answer.location }).end()
      res.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
    })
    await new Promise<void>((resolve, reject) => made.once('error', reject).listen(port, '127.0.0.1', resolve))
    server = made
  }

  async function down(): Promise<void> {
    const open = server
    server = null
    if (!open) return
    open.closeAllConnections()
    await new Promise<void>((resolve) => open.close(() => resolve()))
  }

  async function next(to: string, withinSeconds = 15): Promise<SentText> {
    const deadline = AbortSignal.timeout(withinSeconds * 1000)
    for (;;) {
      const text = taken.find((one) => one.to === to && !handedOut.has(one))
      if (text) {
        handedOut.add(text)
        return text
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const late = () =>
        reject(new Error(`no text to ${to} within ${withinSeconds} s; taken: ${taken.map((one) => one.to).join(', ')}`))
      arrivals.once('text', resolve)
      deadline.addEventListener('abort', late, { once: true })
      await promise.finally(() => deadline.removeEventListener('abort', late))
    }
  }

  await up()
  return {
    url: `http://127.0.0.1:${port}`,
    taken,
    asked,
    forged,
    next,
    setBehaviour: (wanted) => {
      behaviour = wanted
    },
    down,
    up,
    stop: down,
  }
}

/** The code in the words of a text. */
export function codeIn(text: string): string | null {
  return /#(\w+)\s*$/.exec(text)?.[1] ?? /\b(\d{6})\b/.exec(text)?.[1] ?? null
}
