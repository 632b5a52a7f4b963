import type { OutputOf } from '../../../admin/index.ts'
import type { ConsoleMessage } from '../../../text/index.ts'
import { PATHS } from '../paths.ts'
import { momentOf } from './called.ts'

/** Messages of the catalogue that have words; another one goes by its name. */
const KNOWN: Readonly<Record<string, string>> = {
  'sign-in': 'sign_in',
  'no-account': 'no_account',
  'account-closed': 'account_closed',
  'prove-address': 'prove_address',
  notice: 'notice',
  invitation: 'invitation',
}

/** Why an address takes no messages, as far as there are words for it. */
const SUPPRESSED = ['bounced', 'complained', 'opted_out', 'unreachable']

/** A message as lists show it. What it is called is what is known: delivered only where a receipt says so. */
export function messageRow(one: OutputOf<'messages.get'>): ConsoleMessage {
  const standing = one.delivered_at ? 'delivered' : one.state
  return {
    id: one.message_id,
    channel: one.channel,
    what: KNOWN[one.message] ?? null,
    name: one.message,
    to: one.to,
    standing: standing === 'deferred' && !one.next_try_at ? 'expired' : standing,
    at: momentOf(one.delivered_at ?? (one.state === 'handed_over' ? one.handed_over_at : one.next_try_at)),
    createdAt: new Date(one.created_at),
    url: messagePath(one.message_id),
  }
}

export function messagePath(id: string, what?: 'retry' | 'lift'): string {
  const path = `${PATHS.messages}/${encodeURIComponent(id)}`
  return what ? `${path}/${what}` : path
}

export function suppressedWords(reason: string): string {
  return SUPPRESSED.includes(reason) ? reason : 'other'
}
