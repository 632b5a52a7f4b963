import type { Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import Koa, { type Middleware } from 'koa'
import { createLog, createMetrics, Refusal } from '../../src/base/index.ts'
import type { ReceiptDesk } from '../../src/delivery/index.ts'
import { createRequestLog } from '../../src/web/middleware/request-log.ts'
import { createReceipts } from '../../src/web/receipts.ts'
import { createRoutes, type RouteDeps } from '../../src/web/routes.ts'
import { freePorts } from '../support/ports.ts'

const seen: unknown[] = []
const lines: string[] = []
let url: string
let server: Server

beforeAll(async () => {
  const desk: ReceiptDesk = {
    sns: async (body) => {
      seen.push(body)
      return body === 'good' ? 'taken' : body === '' ? 'unreadable' : 'forged'
    },
    twilio: async (body, signature) => {
      seen.push([body, signature])
      return 'taken'
    },
    generic: null,
  }
  const log = createLog('info', { write: (line) => void lines.push(line) })
  const app = new Koa()
  app.use(createRequestLog({ log, metrics: createMetrics(), trustedProxies: 0 }))
  app.use(async (ctx, next) => {
    ctx.state.reference = 'DW-TEST'
    try {
      await next()
    } catch (error) {
      ctx.status = error instanceof Refusal ? error.status : ((error as { status?: number }).status ?? 500)
    }
  })
  app.use(createRoutes(withOnly({ receipts: createReceipts({ desk }) })))
  const [port] = await freePorts(1)
  url = `http://127.0.0.1:${port}`
  await new Promise<void>((resolve) => {
    server = app.listen(port, '127.0.0.1', resolve)
  })
})
afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())))

/** The real map of paths; what is behind the others is none of this file's business. */
function withOnly(deps: Pick<RouteDeps, 'receipts'>): RouteDeps {
  const nothing: Middleware = async () => {}
  const any = new Proxy({}, { get: () => nothing })
  const steps = {
    steps: any,
    otherChannel: any,
    work: any,
    secondFactor: any,
    rescue: any,
    help: any,
    linkPage: any,
    onward: any,
    consent: any,
  }
  const ofAccount = { rescue: any, guarded: () => nothing, fresh: () => nothing, strong: () => nothing }
  const screens = new Proxy({}, { get: () => any })
  const account = { ...ofAccount, signIn: any, signOut: any, notice: any, screens }
  const ofConsole = { rescue: any, page: () => nothing, guarded: () => nothing, signIn: any, signOut: any, first: any, screens }
  const pages = { dispatcher: any, account, console: ofConsole, ...steps }
  const guards = { serveAsset: nothing, sameSite: nothing, unlessGoneOn: nothing, bodyMaxBytes: 1024 }
  return { ...pages, ...guards, ...deps, trial: null, text: any } as unknown as RouteDeps
}

const post = (path: string, body: string, headers: Record<string, string> = { 'content-type': 'text/plain; charset=UTF-8' }) =>
  fetch(`${url}/receipts/${path}`, { method: 'POST', body, headers })

test('a receipt is answered without words; one that nobody signed, or that is none, as a problem for programs', async () => {
  expect((await post('sns', 'good')).status).toBe(204)
  const forged = await post('sns', 'bad')
  expect([forged.status, forged.headers.get('content-type')]).toEqual([403, 'application/problem+json'])
  expect(await forged.json()).toEqual({ type: 'about:blank', title: 'forged_request', status: 403, instance: 'DW-TEST' })
  expect((await post('sns', '')).status).toBe(400)
  expect((await post('delivery', 'good')).status).toBe(404)
})

test('its body is read exactly as it came, whatever type it is said to have', async () => {
  const body = '{"b": 1,  "a":"ü"}\n'
  for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded']) {
    await post('twilio', body, { 'content-type': type, 'x-twilio-signature': 'abc=' })
    expect(seen.at(-1)).toEqual([body, 'abc='])
  }
})

test.each([
  ['sns', 256],
  ['twilio', 16],
  ['delivery', 16],
])('R-157 a body that is too long is not read: at %s, of more than %d kB', async (desk, kilobytes) => {
  const before = seen.length
  expect((await post(desk, 'x'.repeat(kilobytes * 1024 + 1))).status).toBe(413)
  expect(seen).toHaveLength(before)
  expect((await post(desk, 'x'.repeat(kilobytes * 1024))).status).not.toBe(413)
})

test('R-065, R-177 the log names the paths of receipts and of every step by their patterns', async () => {
  const routeOf = async (path: string) => {
    await fetch(url + path, { method: 'POST' })
    return JSON.parse(lines.at(-1) ?? '').route
  }
  for (const step of ['text', 'digits', 'email', 'second', 'retry', 'work', 'answer', 'resend'])
    expect(await routeOf(`/sign-in/secret-uid/${step}`)).toBe(`/sign-in/:uid/${step}`)
  expect(await routeOf('/sign-in/secret-uid/link/secret-token')).toBe('/sign-in/:uid/link')
  expect(await routeOf('/sign-in/secret-uid/text-of-a-stranger')).toBe('/sign-in/:uid')
  for (const desk of ['sns', 'twilio', 'delivery']) expect(await routeOf(`/receipts/${desk}`)).toBe(`/receipts/${desk}`)
  expect(await routeOf('/receipts/of-a-stranger')).toBe('other')
})
