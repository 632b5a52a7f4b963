import type { Deaths } from '../../accounts/index.ts'
import type { Audit } from '../../audit/index.ts'
import { type Address, isEmail } from '../../base/index.ts'
import type { Delivery, MessageFilter, MessageReaderStore, MessageRow } from '../../delivery/index.ts'
import type { Cursors } from '../cursor.ts'
import { AdminFault } from '../fault.ts'
import type { ChangeCall, Handlers } from '../operation.ts'
import { mayTouch } from '../people/guard.ts'
import type { RoleStore } from '../people/stores.ts'
import type { messageOperations } from '../specs/messages.ts'
import { addressOf, keyOfMessage, markOfMessage, messageRowView } from './message-row-view.ts'

interface MessageHandlerDeps {
  store: MessageReaderStore
  delivery: Pick<Delivery, 'again' | 'suppressed' | 'lift'>
  deaths: Pick<Deaths, 'revive'>
  roles: Pick<RoleStore, 'ofAddress'>
  /** The keyed hash by which an address is remembered. */
  addressKey(address: Address): string
  cursors: Cursors
  audit: Pick<Audit, 'record'>
}

/** Messages: what was sent to whom, sending it again, and addresses that take none. */
export function createMessageHandlers(deps: MessageHandlerDeps): Handlers<typeof messageOperations> {
  const { store, delivery, cursors, audit } = deps

  async function retry({ tx, actor, now }: ChangeCall, id: string): Promise<MessageRow> {
    const before = thatIsThere(await store.findIn(tx, id, now))
    const channel = await delivery.again(tx, id)
    if (channel) await audit.record(tx, 'message.retried', { ...actor.who, detail: { deliveryId: id, channel } })
    else if (!before.mayGoAgain) {
      throw new AdminFault('conflict', 'It was sent, or what it is for has ended, or its address takes no messages.')
    }
    return thatIsThere(await store.findIn(tx, id, now))
  }

  return {
    async 'messages.list'({ now }, input) {
      const { to, channel, state, limit, cursor } = input
      const filter: MessageFilter = { targets: to === undefined ? undefined : [addressOf(to, 'to')], channel, state }
      const before = cursor === undefined ? null : markOfMessage(cursors.open('messages.list', input, cursor))
      const rows = await store.list(filter, before, limit + 1, now)
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      const next = last ? cursors.seal('messages.list', input, keyOfMessage(last)) : null
      return { items: items.map(messageRowView), next }
    },

    async 'messages.get'({ now }, { message_id }) {
      return messageRowView(thatIsThere(await store.find(message_id, now)))
    },

    async 'messages.retry'(call, { message_id }) {
      return messageRowView(await retry(call, message_id))
    },

    async 'suppressions.get'(_call, input) {
      const address = addressOf(input.address, 'address')
      const known = await delivery.suppressed(address)
      return { address, reason: known?.reason ?? null, since: known?.since.toISOString() ?? null }
    },

    async 'suppressions.lift'({ tx, actor }, input) {
      const address = addressOf(input.address, 'address')
      // It opens the account again: of whoever administers, to those alone who decide who does.
      mayTouch(actor, { role: await deps.roles.ofAddress(tx, isEmail(address) ? 'email' : 'phone', address) })
      const lifted = await delivery.lift(tx, deps.addressKey(address))
      // Whoever lets it take messages again answers for whose it is.
      const revived = await deps.deaths.revive(tx, address, { ...actor.who, accountId: null })
      if (!lifted && !revived) {
        throw new AdminFault('not_found', 'This address takes messages: nothing is remembered of it.')
      }
      const channel = isEmail(address) ? 'email' : 'sms'
      await audit.record(tx, 'suppression.lifted', { ...actor.who, detail: { channel } })
      return { done: true }
    },
  }
}

function thatIsThere(row: MessageRow | null): MessageRow {
  if (!row) throw new AdminFault('not_found', 'There is no such message: they are kept for 30 days.')
  return row
}
