import type { Context, Middleware } from 'koa'
import { Refusal, refusals } from '../base/index.ts'
import type { ReceiptDesk, Received } from '../delivery/index.ts'
import { stateOf } from './request.ts'

/** The most that a receipt may hold: Amazon SNS sends 256 kB at most, the others one short form or object. */
export const RECEIPT_MAX = { sns: '256kb', twilio: '16kb', generic: '16kb' } as const

const REFUSED = { forged: 'forged_request', unreadable: 'bad_request' } as const

/**
 * Where providers report what became of a message: 204 when it was taken, 403 when nobody we know signed it, 400 when
 * it is no receipt, as problems for programs (RFC 9457). A desk that is not set up does not exist. The handlers read
 * the body as text, exactly as it came.
 */
export function createReceipts({ desk }: { desk: ReceiptDesk }): Record<'sns' | 'twilio' | 'generic', Middleware> {
  return {
    sns: async (ctx) => {
      if (!desk.sns) throw new Refusal('not_found')
      answer(ctx, await desk.sns(bodyOf(ctx)))
    },
    twilio: async (ctx) => {
      if (!desk.twilio) throw new Refusal('not_found')
      answer(ctx, await desk.twilio(bodyOf(ctx), ctx.get('x-twilio-signature')))
    },
    generic: async (ctx) => {
      if (!desk.generic) throw new Refusal('not_found')
      const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) => ctx.get(`webhook-${name}`))
      answer(ctx, await desk.generic(bodyOf(ctx), { id: id ?? '', timestamp: timestamp ?? '', signature: signature ?? '' }))
    },
  }
}

function bodyOf(ctx: Context): string {
  const { body } = ctx.request as { body?: unknown }
  return typeof body === 'string' ? body : ''
}

function answer(ctx: Context, received: Received): void {
  ctx.set('Cache-Control', 'no-store')
  if (received === 'taken') {
    ctx.status = 204
    return
  }
  const title = REFUSED[received]
  const { status } = refusals[title]
  ctx.status = status
  ctx.body = JSON.stringify({ type: 'about:blank', title, status, instance: stateOf(ctx).reference })
  ctx.type = 'application/problem+json'
}
