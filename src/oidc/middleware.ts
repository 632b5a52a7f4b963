import type { Context, Middleware, Next } from 'koa'
import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { AuditRow } from '../audit/index.ts'
import { Refusal } from '../base/index.ts'
import { letGoOnceSent } from './let-go.ts'
import type { RequestState } from './pages.ts'
import type { StoredForm } from './stored-form.ts'
import type { UnitOfWork } from './unit-of-work.ts'

interface MiddlewareDeps {
  provider(): Provider
  work: UnitOfWork<AuditRow>
  form: Pick<StoredForm, 'idOf'>
}

/** The engine for one request, inside its unit of work; what the engine leaves amiss in an answer is put right here. */
export function createMiddleware({ provider, work, form }: MiddlewareDeps): Middleware {
  return async (ctx, next) => {
    const walk = { passedOn: false }
    const outcome = await work.run(() => throughEngine(ctx, walk))
    if (walk.passedOn) return next()
    letGoOnceSent(ctx)
    if (outcome === 'lost') answerLost(ctx)
    else tidy(ctx)
    return undefined
  }

  async function throughEngine(ctx: Context, walk: { passedOn: boolean }): Promise<void> {
    const engine = provider()
    const [serve] = engine.middleware as unknown as [(ctx: Context, next: Next) => Promise<void>]
    await serve(ctx, passOn(walk))
    if (walk.passedOn) return
    const current = work.current()
    forgetNobodysSession(ctx, engine.cookieName('session'), (id) => current?.forget({ model: 'Session', id: form.idOf(id) }))
    if (switchesAccount(ctx)) {
      current?.discard()
      askFirst(ctx)
    }
    // What the engine wrote before it failed or refused is not to be: a refused client keeps the token it came with.
    if (ctx.status >= 500) current?.discard()
    else if (ctx.status >= 400) current?.keepEnds()
  }
}

function passOn(walk: { passedOn: boolean }): Next {
  return async () => {
    walk.passedOn = true
  }
}

/**
 * A cookie whose session has ended makes the engine begin one of nobody: a row for whoever asks, and a cookie that may
 * arrive after that of a sign-in in another tab and put it out. Neither is written, unless a form hangs on it.
 */
function forgetNobodysSession(ctx: Context, cookieName: string, forget: (id: string) => void): void {
  const { session } = engineOf(ctx)
  if (!session) return
  const ofNobody = !session.accountId && !session.state
  if (ofNobody) forget(session.jti)
  if (!ofNobody && ctx.status < 400) return
  const cookies = ([] as string[]).concat((ctx.response.get('Set-Cookie') as string | string[]) || [])
  const isNew = (cookie: string) =>
    (cookie.startsWith(`${cookieName}=`) || cookie.startsWith(`${cookieName}.sig=`)) && !/expires=Thu, 01 Jan 1970/i.test(cookie)
  const kept = cookies.filter((cookie) => !isNew(cookie))
  if (kept.length > 0) ctx.set('Set-Cookie', kept)
  else ctx.remove('Set-Cookie')
}

// where a sign-in meets another account's session, the engine draws a page that ends that one by itself.
function switchesAccount(ctx: Context): boolean {
  const { route, session } = engineOf(ctx)
  return route === 'resume' && String(session?.state?.postLogoutRedirectUri ?? '').endsWith(ctx.path)
}

function askFirst(ctx: Context): void {
  ctx.remove('Set-Cookie')
  seeOther(ctx, `/sign-in/${ctx.path.slice(ctx.path.lastIndexOf('/') + 1)}/continue`)
}

function answerLost(ctx: Context): void {
  const { route } = engineOf(ctx)
  ctx.remove('Set-Cookie')
  // The session changed while it was read: the browser asks once more with the cookie it has by now.
  if ((route === 'authorization' || route === 'resume') && ctx.method === 'GET') {
    seeOther(ctx, ctx.url)
    return
  }
  // The button pressed twice: the first press has signed out.
  if (route === 'end_session_confirm') {
    seeOther(ctx, '/logout/success')
    return
  }
  if (route !== 'token') throw new Refusal('sign_in_not_open')
  // RFC 6749 §5.2: of several parallel uses of one code or refresh token, all but one are invalid.
  ctx.remove('Location')
  ctx.remove('Content-Type')
  ctx.set('Cache-Control', 'no-store')
  ctx.status = 400
  ctx.body = { error: 'invalid_grant', error_description: 'grant request is invalid' }
}

function tidy(ctx: Context): void {
  const { route, session, params, entities, issuer } = engineOf(ctx)
  // The second press of the button, or a second tab's: nobody is signed in here any more.
  if ((ctx.state as RequestState).signedOutBefore) {
    seeOther(ctx, '/logout/success')
    return
  }
  // RFC 7009 §2.2: an empty 200. Koa would call it text, which common clients take for a fault.
  if (route === 'revocation' && ctx.status === 200) ctx.remove('Content-Type')
  // RFC 9110 §11.6.1: a 401 names a way in. The engine does so only where a header was sent.
  if (ctx.status === 401 && !ctx.response.get('WWW-Authenticate')) ctx.set('WWW-Authenticate', `Basic realm="${issuer}"`)
  // Addresses that the engine has not yet compared with the registered ones are nobody's.
  if (ctx.type !== 'text/html' || ctx.status >= 400) return
  const targets = [
    params?.redirect_uri,
    params?.post_logout_redirect_uri,
    entities?.Interaction?.params?.redirect_uri,
    session?.state?.postLogoutRedirectUri,
  ]
  const state = ctx.state as RequestState
  const known = targets.filter((uri): uri is string => typeof uri === 'string')
  state.formTargets = [...(state.formTargets ?? []), ...known]
}

function seeOther(ctx: Context, path: string): void {
  ctx.remove('Content-Type')
  ctx.set('Cache-Control', 'no-store')
  ctx.set('Location', path)
  ctx.body = null
  ctx.status = 303
}

// Absent where the engine did not come to it.
function engineOf(ctx: Context): Partial<KoaContextWithOIDC['oidc']> {
  return (ctx as unknown as { oidc?: KoaContextWithOIDC['oidc'] }).oidc ?? {}
}
