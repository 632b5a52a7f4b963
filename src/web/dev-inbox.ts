import type { Middleware } from 'koa'
import { Refusal } from '../base/index.ts'
import type { InboxMessage } from '../delivery/index.ts'
import type { Text } from '../text/index.ts'
import type { Csrf } from './middleware/csrf.ts'
import { ASKED_HOST } from './middleware/origin-form.ts'

export interface DevInboxDeps {
  inbox: { list(): readonly InboxMessage[]; find(id: string): InboxMessage | null; empty(): void }
  text: Text
  csrf: Csrf
  issuer: string
}

const CSRF_SUBJECT = 'dev-inbox'
/** A mail brings its own inline style; nothing else may run or load. */
const MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

/** Trial mode only: what would have been mailed or texted, as a page, as JSON, and each mail as it is. */
export function createDevInbox({ inbox, text, csrf, issuer }: DevInboxDeps) {
  const { host } = new URL(issuer)
  /** A page of another name that leads to this address must not read codes (DNS rebinding). */
  const ownHost: Middleware = async (ctx, next) => {
    if (ctx.get(ASKED_HOST) !== host) throw new Refusal('not_found')
    await next()
  }

  const page: Middleware = (ctx) => {
    const messages = inbox.list().map(({ text: words, html, ...shown }) => {
      if (html === null) return { ...shown, text: words }
      return { ...shown, text: null, htmlUrl: `/dev/inbox/${shown.id}/html`, textUrl: `/dev/inbox/${shown.id}/text` }
    })
    ctx.set('Cache-Control', 'no-store')
    ctx.type = 'html'
    const empty = { action: '/dev/inbox/empty', csrf: csrf.tokenFor(CSRF_SUBJECT) }
    ctx.body = text.page('dev-inbox', { messages, empty }, text.chooseLocale(undefined, ctx.get('accept-language')))
  }

  const json: Middleware = (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.body = inbox.list()
  }

  const empty: Middleware = (ctx) => {
    csrf.check(ctx, CSRF_SUBJECT)
    inbox.empty()
    ctx.status = 303
    ctx.set('Location', '/dev/inbox')
  }

  const show: Middleware = (ctx) => {
    const mail = inbox.find(String(ctx.params.id))
    if (!mail) throw new Refusal('not_found')
    const part = ctx.params.part === 'html' ? 'html' : 'text'
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Content-Security-Policy', MAIL_POLICY)
    ctx.type = part === 'html' ? 'html' : 'text/plain; charset=utf-8'
    ctx.body = mail[part] ?? ''
  }

  return { ownHost, page, json, empty, show }
}
