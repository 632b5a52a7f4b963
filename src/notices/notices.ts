import type { Addresses } from '../accounts/index.ts'
import { type Address, addSeconds, type Clock, newId, type Secrets, type Tx } from '../base/index.ts'
import type { Composed, DueDelivery, MessageOrder } from '../delivery/index.ts'
import type { NoticeKind, Text } from '../text/index.ts'
import { type Addressees, addresseesOf, isToldEverywhere } from './addressees.ts'
import type { Notice, NoticeStore } from './notice.ts'
import { readToken, tokenOf } from './notice-token.ts'

/** A message that could not be handed over by then tells nothing new. */
const GIVE_UP_SECONDS = 86_400
/** One device is told of once in that time, however often it signs in. */
const DEVICE_AGAIN_SECONDS = 86_400
/** Of what is not told everywhere an account is sent so many texts in that time: they cost money, and it says when they go. */
const TEXTS_MAX = 5
const TEXTS_SECONDS = 86_400

export interface NoticesDeps {
  store: NoticeStore
  addresses: Pick<Addresses, 'ofAccountIn'>
  /** Queues a message in the caller's transaction. */
  queue(tx: Tx, order: MessageOrder): Promise<unknown>
  /** How people know an application; null when it is none any more. */
  appNameOf(clientId: string): Promise<string | null>
  secrets: Secrets
  text: Pick<Text, 'mail' | 'sms'>
  /** Whether text messages can be sent. */
  texts: boolean
  clock: Clock
  /** Where the people who run this service are asked for help (`HELP_CONTACT`): `mailto:…` or `https://…`. */
  helpContact?: string | null
  /** How long one can object: as long as a change of addresses can be stopped. */
  objectSeconds: number
  /** Links in messages come from here and from nowhere else. */
  issuer: string
}

/** What is to be told. */
export interface ToTell {
  accountId: string
  kind: NoticeKind
  /** What the words name. An application is named by `clientId`; its name is looked up when it is shown, as `app`. */
  values: Record<string, string>
  /** What an objection takes back. */
  undo: Record<string, string>
  device: string
  locale: string
  /** An address that was just proven: its owner knows. */
  not?: Address
  /** Of `device_new`: where it was, so that one place is told of once. */
  once?: string
  /** Until when it can be objected to, where that is another moment than that of every notice; null: there is nothing to object to. */
  until?: Date | null
}

export interface Notices {
  /**
   * Tells it by one mail to each email address, and by text where that is due, in the caller's transaction (see
   * `addresseesOf`). Texts are counted on their budget when they are sent: where it says no, the mails have gone anyway.
   * False when nobody is told: there is no address, or it is a device that was told of in the last 24 hours.
   */
  tell(tx: Tx, told: ToTell): Promise<boolean>
  /** What the token of a message's link speaks of; null when it is none, out of time, or was objected to. */
  byToken(token: string): Promise<(Notice & { objectUntil: Date }) | null>
  /** Single winner: from now on the notice is objected to. What that takes back is the caller's, in the same transaction. */
  object(tx: Tx, id: string): Promise<boolean>
  /** What the account was told of since that moment and can still be objected to, newest first; locked. */
  openSince(tx: Tx, accountId: string, since: Date): Promise<Notice[]>
  /** The words of a notice's mail or text, in the worker. Null when the notice went with its account, or was objected to. */
  compose(delivery: DueDelivery): Promise<Composed | null>
}

/** Messages about what was done to an account, each with a way to say "that was not me". */
export function createNotices(deps: NoticesDeps): Notices {
  const { store, secrets, clock, issuer } = deps
  const { host } = new URL(issuer)

  async function tell(tx: Tx, { locale, not, once, until, ...told }: ToTell): Promise<boolean> {
    const at = clock.now()
    const objectUntil = until === undefined ? addSeconds(at, deps.objectSeconds) : until
    const notice: Notice = { ...told, id: newId(), at, objectUntil, objectedAt: null }
    // At once: whom it is told is seldom nobody, and then nothing was told.
    const [{ emails, phones }, isNew] = await Promise.all([addressees(tx, told, at, not), added(tx, notice, once)])
    if (!isNew) return false
    if (emails.length + phones.length === 0) {
      await store.drop(tx, notice.id)
      return false
    }
    const usual = addSeconds(at, GIVE_UP_SECONDS)
    // While what it tells of can still be stopped, it is news.
    const giveUpAt = until && until > usual ? until : usual
    const order = { challengeId: null, noticeId: notice.id, message: 'notice', locale, giveUpAt } as const
    for (const target of emails) await deps.queue(tx, { ...order, channel: 'email', target })
    for (const target of phones) await deps.queue(tx, { ...order, channel: 'sms', target })
    return true
  }

  async function addressees(
    tx: Tx,
    { accountId, kind }: Pick<ToTell, 'accountId' | 'kind'>,
    at: Date,
    not: Address | undefined,
  ): Promise<Addressees> {
    const own = await deps.addresses.ofAccountIn(tx, accountId)
    const found = addresseesOf(own, { kind, at, not, settledSeconds: deps.objectSeconds, texts: deps.texts })
    const mayText = found.phones.length > 0 && (isToldEverywhere(kind) || (await textsLeft(tx, accountId, at)))
    return mayText ? found : { ...found, phones: [] }
  }

  async function textsLeft(tx: Tx, accountId: string, at: Date): Promise<boolean> {
    return (await store.texts(tx, accountId, addSeconds(at, -TEXTS_SECONDS))) < TEXTS_MAX
  }

  async function added(tx: Tx, notice: Notice, once: string | undefined): Promise<boolean> {
    if (once !== undefined) return store.addOnce(tx, notice, once, addSeconds(notice.at, -DEVICE_AGAIN_SECONDS))
    await store.add(tx, notice)
    return true
  }

  async function byToken(token: string): Promise<(Notice & { objectUntil: Date }) | null> {
    const id = readToken(secrets, token)
    const notice = id && (await store.find(id))
    if (!notice || notice.objectedAt || !notice.objectUntil || notice.objectUntil <= clock.now()) return null
    return { ...notice, objectUntil: notice.objectUntil, values: await named(notice.values) }
  }

  async function compose({ channel, noticeId, target, locale }: DueDelivery): Promise<Composed | null> {
    const notice = noticeId ? await store.find(noticeId) : null
    if (!notice || notice.objectedAt) return null
    const { id, kind, device, at, objectUntil: until } = notice
    if (channel === 'sms') {
      const link = until && `${issuer}/n/${tokenOf(secrets, id)}`
      return { channel, text: deps.text.sms('notice', { kind, link }, locale), facts: { link, code: null } }
    }
    const link = until && `${issuer}/account/notice/${tokenOf(secrets, id)}`
    // What is done for good is only mended by somebody who is asked.
    const contact = kind === 'rescue_completed' && deps.helpContact?.replace(/^mailto:/, '')
    const values = await named(notice.values)
    const shown = { kind, device, at, link, until, values, ...(contact && { contact }) }
    return {
      channel: 'email',
      ...deps.text.mail('notice', { ...shown, to: target, footer: host }, locale),
      facts: { link, code: null },
    }
  }

  async function named({ clientId, ...values }: Notice['values']): Promise<Record<string, string>> {
    return clientId === undefined ? values : { ...values, app: (await deps.appNameOf(clientId)) ?? clientId }
  }

  return {
    tell,
    byToken,
    object: (tx, id) => store.object(tx, id, clock.now()),
    openSince: (tx, accountId, since) => store.openSince(tx, accountId, since, clock.now()),
    compose,
  }
}
