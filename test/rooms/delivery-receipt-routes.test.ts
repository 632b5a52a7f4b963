import type { Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import bodyParser from '@koa/bodyparser'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import { Refusal } from '../../src/base/index.ts'
import type { ReceiptDesk } from '../../src/delivery/index.ts'
import { createReceipts, RECEIPT_MAX } from '../../src/web/receipts.ts'
import { freePorts } from '../support/ports.ts'

const seen: unknown[] = []
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
  const receipts = createReceipts({ desk })
  const whole = bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['*/*'] },
    textLimit: RECEIPT_MAX,
  }) as unknown as Middleware
  const router = new Router()
  for (const [path, handler] of Object.entries(receipts)) router.post(`/receipts/${path}`, whole as never, handler as never)
  const app = new Koa()
  app.use(async (ctx, next) => {
    ctx.state.reference = 'DW-TEST'
    try {
      await next()
    } catch (error) {
      ctx.status = error instanceof Refusal ? error.status : ((error as { status?: number }).status ?? 500)
    }
  })
  app.use(router.routes() as unknown as Middleware)
  const [port] = await freePorts(1)
  url = `http://127.0.0.1:${port}`
  await new Promise<void>((resolve) => {
    server = app.listen(port, '127.0.0.1', resolve)
  })
})
afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())))

const post = (path: string, body: string, headers: Record<string, string> = { 'content-type': 'text/plain; charset=UTF-8' }) =>
  fetch(`${url}/receipts/${path}`, { method: 'POST', body, headers })

test('a receipt is answered without words; one that nobody signed, or that is none, as a problem for programs', async () => {
  expect((await post('sns', 'good')).status).toBe(204)
  const forged = await post('sns', 'bad')
  expect([forged.status, forged.headers.get('content-type')]).toEqual([403, 'application/problem+json'])
  expect(await forged.json()).toEqual({ type: 'about:blank', title: 'forged_request', status: 403, instance: 'DW-TEST' })
  expect((await post('sns', '')).status).toBe(400)
  expect((await post('generic', 'good')).status).toBe(404)
})

test('its body is read exactly as it came, whatever type it is said to have', async () => {
  const body = '{"b": 1,  "a":"ü"}\n'
  for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded']) {
    await post('twilio', body, { 'content-type': type, 'x-twilio-signature': 'abc=' })
    expect(seen.at(-1)).toEqual([body, 'abc='])
  }
})

test('a body that is too long is not read', async () => {
  const before = seen.length
  expect((await post('sns', 'x'.repeat(300 * 1024))).status).toBe(413)
  expect(seen).toHaveLength(before)
})
