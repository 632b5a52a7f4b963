import { type Clock, newId } from '../../base/index.ts'
import type { InboxMail, MailRoute, OutgoingMail, SendResult } from '../route.ts'

export interface Inbox {
  route: MailRoute
  /** Newest first. */
  list(): readonly InboxMail[]
  find(id: string): InboxMail | null
  empty(): void
}

/** For trial mode: a route that keeps the newest `keep` mails in memory and sends nothing anywhere. */
export function createInbox(deps: { clock: Clock; keep?: number }): Inbox {
  const keep = deps.keep ?? 200
  let mails: readonly InboxMail[] = []

  async function send(mail: OutgoingMail): Promise<SendResult> {
    const { to, subject, text, html, locale, facts } = mail
    const kept = {
      id: newId(),
      to,
      subject,
      text,
      html,
      locale,
      at: deps.clock.now(),
      code: facts?.code ?? null,
      link: facts?.link ?? null,
    }
    mails = [kept, ...mails].slice(0, keep)
    return { kind: 'accepted' }
  }

  function empty(): void {
    mails = []
  }

  return {
    route: { name: 'inbox', deadlineSeconds: 1, send, close: async () => {} },
    list: () => mails,
    find: (id) => mails.find((mail) => mail.id === id) ?? null,
    empty,
  }
}
