import type { Context } from 'koa'
import type { EventWho } from '../audit/index.ts'
import { ipSubject } from '../limits/index.ts'
import type { RequestState } from '../oidc/index.ts'
import { deviceName } from '../signin/index.ts'
import type { AppView } from '../text/index.ts'

/** What the server keeps for one request, under `ctx.state`. */
export interface WebState extends RequestState {
  /** Address of the client, counted from the trusted proxies. */
  ip: string
  /** The pattern of the path, where whoever serves it knows it; for the log. */
  route?: string
  /** Where a refused person can go back to, when that is known. */
  app?: AppView
}

/** The request's own state. */
export function stateOf(ctx: Context): WebState {
  return ctx.state as WebState
}

/**
 * A place for one value of each request. It hangs on the request itself: a `WeakMap` holds its values through each collection of
 * new objects, whether their keys live or not, and with them whatever request they reach.
 */
export function onRequest<T>(name: string): { get(ctx: Context): T | undefined; set(ctx: Context, value: T | undefined): void } {
  const key = Symbol(name)
  const held = (ctx: Context) => ctx.state as Record<symbol, T | undefined>
  return {
    get: (ctx) => held(ctx)[key],
    set(ctx, value) {
      held(ctx)[key] = value
    },
  }
}

/** Who asks, for the audit trail. */
export function whoOf(ctx: Context): EventWho {
  const { reference, ip } = stateOf(ctx)
  return { requestId: reference, ip, device: deviceName(ctx.get('user-agent')) }
}

/** The network a request comes from, for counting. */
export function networkOf(ctx: Context): string {
  return ipSubject(stateOf(ctx).ip)
}

/** One text field of a parsed form body; arrays and objects are nobody's input. */
export function field(ctx: Context, name: string): string {
  const body = (ctx.request as { body?: unknown }).body
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return ''
  const value = (body as Record<string, unknown>)[name]
  return typeof value === 'string' ? value : ''
}
