import type { Context, Middleware } from 'koa'
import helmet from 'koa-helmet'
import { stateOf } from '../request.ts'

const HSTS_SECONDS = 2 * 365 * 24 * 3600
const FORM_ACTION = /form-action 'self'/

/**
 * Headers of every answer, errors and the engine's own pages included. The policy stands before the engine
 * runs, since the engine adds the hash of its own script to a policy that is there already.
 *
 * Chromium applies `form-action` to a form's whole redirect chain: a page whose form ends at an application names
 * that application, and https, where the application may lead further.
 */
export function createSecurityHeaders(secure: boolean): Middleware {
  const headers = securityHeaders(secure)
  return async (ctx, next) => {
    for (const [name, value] of headers) ctx.res.setHeader(name, value)
    await next()
    widenFormAction(ctx)
  }
}

/** Their names and values, before anything is added to them. */
export function securityHeaders(secure: boolean): readonly (readonly [string, string])[] {
  const say = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: false,
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: secure ? { maxAge: HSTS_SECONDS, includeSubDomains: true } : false,
  }) as unknown as Middleware
  // They are the same for every answer: helmet says them once, to an answer that only writes them down.
  const said = new Map<string, string>()
  const res = { setHeader: (name: string, value: string) => said.set(name, value), removeHeader: () => {} }
  void say({ req: {}, res } as unknown as Context, async () => {})
  if (said.size === 0) throw new Error('the security headers are not known when the server begins')
  return [...said]
}

function widenFormAction(ctx: Context): void {
  const sources = new Set((stateOf(ctx).formTargets ?? []).flatMap(sourceOf))
  if (sources.size === 0) return
  const policy = ctx.response.get('Content-Security-Policy')
  ctx.set('Content-Security-Policy', policy.replace(FORM_ACTION, `form-action 'self' ${[...sources, 'https:'].join(' ')}`))
}

// A registered redirect address as a source: its origin, or for a native application its scheme.
function sourceOf(uri: string): string[] {
  const url = URL.parse(uri)
  if (!url) return []
  const source = url.protocol === 'http:' || url.protocol === 'https:' ? url.origin : url.protocol
  return /^[a-z][a-z0-9+.-]*:(?:\/\/[a-z0-9.:[\]-]+)?$/i.test(source) ? [source] : []
}
