import { join } from 'node:path'
import { createAddresses, createDeaths } from '../../src/accounts/index.ts'
import { createAudit } from '../../src/audit/index.ts'
import { type Address, addSeconds, createMetrics, createSecrets, type EmailAddress, newId } from '../../src/base/index.ts'
import type { Composed, DueDelivery, OutgoingText } from '../../src/delivery/index.ts'
import { createNotices, type Notices, type ToTell } from '../../src/notices/index.ts'
import { afterCommit, createAddressStore, createAuditStore, createDeathStore, createNoticeStore } from '../../src/store/index.ts'
import { createText } from '../../src/text/index.ts'
import { query } from '../support/database.ts'
import { onEnd, START, stage } from './delivery-stage.ts'
import { open, silent } from './store-support.ts'

const ISSUER = 'https://id.northwind.example'
const HELP_CONTACT = 'mailto:help@northwind.example'
export const HOLD_SECONDS = 3 * 86_400
export const MARIA = 'maria@fabrikam.example' as EmailAddress
/** An address that was the account's by then gets every notice. */
export const OLD = addSeconds(START, -HOLD_SECONDS)
export const OLD_SECRET = 'the secret of last year, which is long enough'
const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} })

/** The room with real mails on a database of its own, seen by two instances. */
export async function house(withSecrets: readonly string[] = [OLD_SECRET]) {
  let notices: Notices
  const texted: OutgoingText[] = []
  const send = async (text: OutgoingText) => {
    texted.push(text)
    return { kind: 'accepted' } as const
  }
  const around = await stage({
    compose: (due: DueDelivery): Promise<Composed | null> => notices.compose(due),
    died: (tx, address, saidOf) => deaths.died(tx, address, saidOf),
    textRoutes: [{ name: 'carrier', deadlineSeconds: 5, send, close: async () => {} }],
  })
  const { db, clock, delivery, url } = around
  const other = open(url)
  onEnd(() => other.close())
  const audit = createAudit({ store: createAuditStore(db), afterCommit, clock, log: silent, metrics: createMetrics() })
  const roomOn = (on: typeof db, secrets = withSecrets): Notices =>
    createNotices({
      addresses: createAddresses({ store: createAddressStore(on), audit, clock, phoneProofAgeSeconds: 86_400 }),
      ...{ store: createNoticeStore(on), text, texts: true, clock, issuer: ISSUER, objectSeconds: HOLD_SECONDS },
      helpContact: HELP_CONTACT,
      queue: delivery.queue,
      appNameOf: async (clientId) => (clientId === 'shop' ? 'Fabrikam Shop' : null),
      secrets: createSecrets(secrets),
    })
  notices = roomOn(db)
  const deaths = createDeaths({
    ...{ store: createDeathStore(), audit, clock },
    tell: (tx, { accountId }, address) => {
      const by = { accountId, device: 'This service', locale: 'en', not: address, until: null }
      return notices.tell(tx, { kind: 'address_dead', values: {}, undo: {}, ...by })
    },
  })
  const accountId = await newAccount(url)
  await addAddress(url, accountId, MARIA)
  const told = (changes: Partial<ToTell> = {}): ToTell => ({
    ...{
      accountId,
      kind: 'factor_removed',
      values: { name: 'Phone' },
      undo: { credentialId: 'c-1' },
      device: 'Firefox on Linux',
    },
    locale: 'en',
    ...changes,
  })
  const tell = (changes?: Partial<ToTell>) => db.transact((tx) => notices.tell(tx, told(changes)))
  /** Tells it and answers the token that stands in its mail. */
  const tokenBy = async (changes?: Partial<ToTell>): Promise<string> => {
    await tell(changes)
    await around.work()
    const mail = await around.mailbox.nextNotice(MARIA)
    return (mail.objection ?? '').slice(`${ISSUER}/account/notice/`.length)
  }
  const count = async (table: string) => Number((await query<{ n: string }>(url, `select count(*) as n from ${table}`))[0]?.n)
  return { ...around, texted, deaths, notices, roomOn, other, accountId, told, tell, tokenBy, count }
}

export async function newAccount(url: string): Promise<string> {
  const id = newId()
  await query(url, `insert into account (id, profile, locale, created_at) values ($1, '{}', 'en', $2)`, [id, START])
  return id
}

/** The account's from `usableFrom` on. */
export async function addAddress(
  url: string,
  accountId: string,
  address: Address,
  usableFrom = OLD,
  kind = 'email',
): Promise<void> {
  await query(
    url,
    `insert into address (kind, canonical, account_id, usable_from, proven_at, created_at) values ($1, $2, $3, $4, $5, $5)`,
    [kind, address, accountId, usableFrom, OLD],
  )
}
