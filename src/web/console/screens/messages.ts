import type { Context, Middleware } from 'koa'
import { AdminFault, type InputOf } from '../../../admin/index.ts'
import { wordsOf } from '../guards.ts'
import { PATHS, queryOf, withQuery } from '../paths.ts'
import { type ConsoleVisit, may } from '../visit.ts'
import { momentOf } from './called.ts'
import { choicesOf, chosenOf } from './choices.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { messagePath, messageRow, suppressedWords } from './message-rows.ts'

const STATES = ['queued', 'sending', 'deferred', 'handed_over', 'refused', 'expired'] as const
const CHANNELS = ['email', 'sms'] as const

/** What was sent to whom, how far it came, and what can be done about it. */
export function createMessageScreens({ visits, shell, admin }: ConsoleScreenDeps) {
  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const to = queryOf(ctx, 'to').trim()
    const state = chosenOf(STATES, queryOf(ctx, 'state'))
    const channel = chosenOf(CHANNELS, queryOf(ctx, 'channel'))
    const filter = { ...(to && { to }), ...(state && { state }), ...(channel && { channel }) }
    const found = await find(ctx, visit, filter)
    visits.show(ctx, visit, 'console-messages', {
      shell: shell.of(ctx, visit, 'messages'),
      action: PATHS.messages,
      to,
      fault: found.fault,
      channels: choicesOf(CHANNELS, channel),
      states: choicesOf(STATES, state),
      messages: found.items.map(messageRow),
      moreUrl: found.next && withQuery(PATHS.messages, { ...filter, cursor: found.next }),
      filtered: Object.keys(filter).length > 0,
    })
  }

  /** What was typed may be no address: that is told at its field. */
  async function find(ctx: Context, { actor }: ConsoleVisit, filter: InputOf<'messages.list'>) {
    const cursor = queryOf(ctx, 'cursor')
    try {
      return { ...(await admin.perform('messages.list', actor, { ...filter, ...(cursor && { cursor }) })), fault: null }
    } catch (error) {
      if (!(error instanceof AdminFault) || error.code !== 'invalid_input') throw error
      return { items: [], next: null, fault: wordsOf(error) }
    }
  }

  const one: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const message = await load(ctx, visit)
    const { reason, since } = await admin.perform('suppressions.get', visit.actor, { address: message.to })
    const id = message.message_id
    const withTo = withQuery(PATHS.messages, { to: message.to })
    visits.show(ctx, visit, 'console-message', {
      shell: shell.of(ctx, visit, 'messages'),
      message: messageRow(message),
      tries: message.tries,
      route: message.route,
      reason: message.reason,
      suppressed: reason === null ? null : { reason: suppressedWords(reason), since: momentOf(since) },
      retry: message.can_retry && may(visit, 'messages.retry') ? visits.form(visit, messagePath(id, 'retry')) : null,
      liftUrl: reason !== null && may(visit, 'suppressions.lift') ? messagePath(id, 'lift') : null,
      toUrl: withTo,
      backUrl: PATHS.messages,
    })
  }

  const retry: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const id = idOf(ctx)
    await admin.perform('messages.retry', visit.actor, { message_id: id })
    shell.done(ctx, messagePath(id), 'messages.said.retried')
  }

  const askLift: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const message = await load(ctx, visit)
    const { reason } = await admin.perform('suppressions.get', visit.actor, { address: message.to })
    const back = messagePath(message.message_id)
    if (reason === null) return visits.seeOther(ctx, back)
    visits.show(ctx, visit, 'console-lift', {
      shell: shell.of(ctx, visit, 'messages'),
      address: message.to,
      reason: suppressedWords(reason),
      form: visits.form(visit, messagePath(message.message_id, 'lift')),
      backUrl: back,
    })
  }

  const lift: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const message = await load(ctx, visit)
    await admin.perform('suppressions.lift', visit.actor, { address: message.to })
    shell.done(ctx, messagePath(message.message_id), 'messages.said.lifted')
  }

  function load(ctx: Context, { actor }: ConsoleVisit) {
    return admin.perform('messages.get', actor, { message_id: idOf(ctx) })
  }

  return { list, one, retry, askLift, lift }
}

/** Where a form of one message stands. */
export function messagePage(ctx: Context): string {
  return messagePath(idOf(ctx))
}

function idOf(ctx: Context): string {
  return String(ctx.params.message)
}
