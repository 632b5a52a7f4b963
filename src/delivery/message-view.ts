import { type Address, domainOf, isEmail } from '../base/index.ts'
import type { MessageView, RefusedWhy } from '../text/index.ts'
import type { NewestDelivery } from './store.ts'

/** What a page says for a reason of ours; what a mail server said for good is `rejected`. */
const WHY: Readonly<Record<string, RefusedWhy>> = {
  bounced: 'bounced',
  complained: 'bounced',
  opted_out: 'opted_out',
  unreachable: 'unreachable',
  no_budget: 'no_budget',
}

/** The state of a message as the waiting page says it: never more than the next server, or a receipt, said. */
export function messageView(newest: NewestDelivery): MessageView {
  const domain = mailDomain(newest.target)
  if (newest.state === 'handed_over') {
    if (newest.deliveredAt) return { state: 'delivered', at: newest.deliveredAt, domain }
    return { state: 'handed_over', at: newest.handedAt ?? newest.dueAt }
  }
  if (newest.state === 'refused') {
    return { state: 'refused', why: WHY[newest.reason ?? ''] ?? (newest.channel === 'sms' ? 'unreachable' : 'rejected'), domain }
  }
  // Nothing more will be tried: late for good, so that the page offers what else there is.
  if (newest.state === 'expired') return { state: 'deferred', nextAt: null, domain }
  // While a later try is under way the page keeps saying that the message is late.
  return newest.reason === null ? { state: 'queued' } : { state: 'deferred', nextAt: newest.dueAt, domain }
}

/** The domain of a mail's address; empty for a text. */
export function mailDomain(target: Address | ''): string {
  return target !== '' && isEmail(target) ? domainOf(target) : ''
}
