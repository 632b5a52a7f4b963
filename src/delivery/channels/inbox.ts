import { type Clock, newId } from '../../base/index.ts'
import type { InboxMessage, MailRoute, OutgoingMail, OutgoingText, SendResult, TextRoute } from '../route.ts'

export interface Inbox {
  routes: { email: MailRoute; sms: TextRoute }
  /** Newest first. */
  list(): readonly InboxMessage[]
  find(id: string): InboxMessage | null
  empty(): void
}

/** For trial mode: routes that keep the newest `keep` messages in memory and send nothing anywhere. */
export function createInbox(deps: { clock: Clock; keep?: number }): Inbox {
  const keep = deps.keep ?? 200
  let messages: readonly InboxMessage[] = []

  function take(shown: Omit<InboxMessage, 'id' | 'at' | 'code' | 'link'>, facts: OutgoingMail['facts']): SendResult {
    const kept = { ...shown, id: newId(), at: deps.clock.now(), code: facts?.code ?? null, link: facts?.link ?? null }
    messages = [kept, ...messages].slice(0, keep)
    return { kind: 'accepted' }
  }

  async function sendMail({ to, subject, text, html, locale, facts }: OutgoingMail): Promise<SendResult> {
    return take({ channel: 'email', to, subject, text, html, locale }, facts)
  }

  async function sendText({ to, text, locale, facts }: OutgoingText): Promise<SendResult> {
    return take({ channel: 'sms', to, subject: null, text, html: null, locale }, facts)
  }

  function empty(): void {
    messages = []
  }

  const inMemory = { name: 'inbox', deadlineSeconds: 1, close: async () => {} }
  return {
    routes: { email: { ...inMemory, send: sendMail }, sms: { ...inMemory, send: sendText } },
    list: () => messages,
    find: (id) => messages.find((message) => message.id === id) ?? null,
    empty,
  }
}
