import { type Addresses, createDeaths, type Deaths } from './accounts/index.ts'
import type { Audit } from './audit/index.ts'
import { type Clock, maskAddress, type Secrets } from './base/index.ts'
import type { Clients } from './clients/index.ts'
import type { Config } from './config/index.ts'
import type { Composed, Delivery, DueDelivery } from './delivery/index.ts'
import { createInvitationMail, createNotices, type InvitationMail, type Notices } from './notices/index.ts'
import { appViewOf } from './oidc/index.ts'
import { createDeathStore, createInvitationStore, createNoticeStore, type Database } from './store/index.ts'
import type { Text } from './text/index.ts'

/** What the rest of the house has built by then. */
interface TellingNeeds {
  config: Config
  db: Database
  addresses: Addresses
  clients: Pick<Clients, 'find'>
  secrets: Secrets
  audit: Audit
  text: Text
  clock: Clock
  /** Messages go by it; it is built later, since it asks for their words. */
  delivery(): Pick<Delivery, 'queue'>
}

/** Builds what tells people of their accounts without having been asked, and of addresses that are told nothing any more. */
export function telling(needs: TellingNeeds) {
  const { config, db, addresses, clients, secrets, audit, text, clock } = needs
  const { issuer, texts } = config
  const queue: Delivery['queue'] = (tx, order) => needs.delivery().queue(tx, order)
  const appOf = async (clientId: string) => {
    const client = await clients.find(clientId)
    return client && appViewOf(client)
  }
  const notices: Notices = createNotices({
    ...{ store: createNoticeStore(db), addresses, secrets, text, texts, clock, issuer, queue },
    ...{ objectSeconds: config.addressHoldSeconds, helpContact: config.helpContact },
    appNameOf: async (clientId) => (await appOf(clientId))?.name ?? null,
  })
  const invitationMail: InvitationMail = createInvitationMail({
    ...{ store: createInvitationStore(db), text, clock, issuer, queue, appOf },
  })
  const deaths: Deaths = createDeaths({
    ...{ store: createDeathStore(), audit, clock },
    tell(tx, { accountId, locale: own }, address) {
      const locale = own ?? text.locales[0] ?? ''
      const told = { kind: 'address_dead', values: { address: maskAddress(address) }, undo: {}, until: null } as const
      return notices.tell(tx, { ...told, accountId, device: text.say('notice.by_service', {}, locale), locale, not: address })
    },
  })

  /** The words of a message that answers no challenge. */
  async function compose(due: DueDelivery): Promise<Composed | null> {
    return due.message === 'invitation' ? invitationMail.compose(due) : notices.compose(due)
  }

  return { notices, invitationMail, deaths, compose }
}
