import type { Audit, EventWho } from '../audit/index.ts'
import { type Address, addSeconds, newSecret, type Secrets, sameText, type Transact, type Tx } from '../base/index.ts'
import { AdminFault } from './fault.ts'

/** How long the link for the first administrator is good. */
const LINK_SECONDS = 24 * 60 * 60
const PATH = '/admin/first/'

/** What the deployment knows of its first administrator. */
export interface FirstAdministratorState {
  /** The link is derived from it; null before the first start. */
  nonce: string | null
  expiresAt: Date | null
  /** There was a first administrator, or one was named: there is no link any more. */
  closed: boolean
}

export interface FirstAdministratorStore {
  state(): Promise<FirstAdministratorState>
  /** The same, and until `tx` ends nobody else reads it so or changes it. Closed, too, once an account is an administrator. */
  lock(tx: Tx): Promise<FirstAdministratorState>
  setLink(tx: Tx, nonce: string, expiresAt: Date): Promise<void>
  /** Single winner: of all who claim, and of all who close, one finds it open. True for that one. */
  close(tx: Tx, now: Date): Promise<boolean>
  /** The account that this address opens now; null where there is none. */
  accountOf(tx: Tx, address: Address, now: Date): Promise<string | null>
  /** Makes the account an administrator, and locks it. `not_active`: it is suspended, or about to be deleted. */
  makeAdministrator(tx: Tx, accountId: string, now: Date): Promise<'made' | 'was_one' | 'not_active'>
}

export interface FirstAdministratorDeps {
  store: FirstAdministratorStore
  secrets: Pick<Secrets, 'ids' | 'hmac'>
  issuer: string
  transact: Transact
}

/** A link by which somebody becomes the first administrator. The address is a secret. */
export interface FirstLink {
  url: string
  expiresAt: Date
}

/** What a link is worth: `closed` for everybody once there is an administrator. */
export type LinkState = 'open' | 'ended' | 'closed'

/**
 * The link for the first administrator: printed by every instance at its start, the same one by all of them,
 * since it follows from SECRETS and from a number in the database that none of them shows.
 */
function createFirstLink({ store, secrets, issuer, transact }: FirstAdministratorDeps) {
  const tokenOf = (nonce: string, secretId?: string) => secrets.hmac('admin-link', nonce, secretId).toString('base64url')

  /** The link as it stands, or a new one where the last has ended; null once there is an administrator. */
  async function linkFor(now: Date): Promise<FirstLink | null> {
    return transact(async (tx) => {
      const { nonce, expiresAt, closed } = await store.lock(tx)
      if (closed) {
        await store.close(tx, now)
        return null
      }
      if (nonce && expiresAt && expiresAt > now) return { url: urlOf(nonce), expiresAt }
      const fresh = { nonce: newSecret(), expiresAt: addSeconds(now, LINK_SECONDS) }
      await store.setLink(tx, fresh.nonce, fresh.expiresAt)
      return { url: urlOf(fresh.nonce), expiresAt: fresh.expiresAt }
    })
  }

  const urlOf = (nonce: string) => `${issuer}${PATH}${tokenOf(nonce)}`

  let closedForEver = false // and asked of nobody any more

  /** What a token is worth now. It changes nothing. */
  async function judge(token: string, now: Date): Promise<LinkState> {
    if (closedForEver) return 'closed'
    const state = worth(await store.state(), token, now)
    closedForEver = state === 'closed'
    return state
  }

  function worth({ nonce, expiresAt, closed }: FirstAdministratorState, token: string, now: Date): LinkState {
    if (closed) return 'closed'
    // Of every key: while SECRETS are changed, instances of both kinds print links.
    const good = nonce !== null && secrets.ids.some((id) => sameText(tokenOf(nonce, id), token))
    return good && expiresAt !== null && expiresAt > now ? 'open' : 'ended'
  }

  return { linkFor, judge, worth }
}

export interface GrantDeps {
  audit: Pick<Audit, 'record'>
  /** Leaves an invitation with the role of an administrator; whoever proves the address first takes it up. */
  invite(tx: Tx, address: Address, who: EventWho, now: Date): Promise<{ expiresAt: Date }>
}

/** What became of `grant-admin`. */
export type Granted = { outcome: 'made' | 'was_one'; accountId: string } | { outcome: 'invited'; expiresAt: Date }

/** How an installation gets its first administrator: by the link, or by whoever holds the database. */
export function createFirstAdministrator(deps: FirstAdministratorDeps & GrantDeps) {
  const { store, audit } = deps
  const link = createFirstLink(deps)

  /**
   * Takes the link up: the account is the first administrator from then on. Single winner over all instances; everybody
   * else is told `closed`. Throws `AdminFault`, so that the transaction takes it back, where the account may not sign in.
   */
  async function claim(tx: Tx, asked: { token: string; accountId: string; who: EventWho; now: Date }): Promise<LinkState> {
    const { token, accountId, now } = asked
    const state = link.worth(await store.lock(tx), token, now)
    if (state !== 'open') return state
    if (!(await store.close(tx, now))) return 'closed'
    if ((await store.makeAdministrator(tx, accountId, now)) === 'not_active') throw notActive('unauthorized')
    const who = { ...asked.who, accountId, actorId: accountId }
    await audit.record(tx, 'administrator.first', who)
    await audit.record(tx, 'administrator.granted', { ...who, detail: { role: 'admin' } })
    return 'open'
  }

  /**
   * For the command line, where whoever holds the database and its secrets decides: makes the person of an address an
   * administrator, or leaves an invitation where nobody has it yet. Closes the link. Throws `AdminFault`.
   */
  async function grant(address: Address, who: EventWho, now: Date): Promise<Granted> {
    return deps.transact(async (tx): Promise<Granted> => {
      await store.lock(tx)
      const accountId = await store.accountOf(tx, address, now)
      const made = accountId === null ? null : await store.makeAdministrator(tx, accountId, now)
      if (made === 'not_active') throw notActive('conflict')
      await store.close(tx, now)
      if (accountId === null || made === null) {
        return { outcome: 'invited', ...(await deps.invite(tx, address, who, now)) }
      }
      if (made === 'made') await audit.record(tx, 'administrator.granted', { ...who, accountId, detail: { role: 'admin' } })
      return { outcome: made, accountId }
    })
  }

  return { linkFor: link.linkFor, judge: link.judge, claim, grant }
}

export type FirstAdministrator = ReturnType<typeof createFirstAdministrator>

function notActive(code: 'conflict' | 'unauthorized'): AdminFault {
  return new AdminFault(code, 'This account is suspended, or about to be deleted: it cannot administer.')
}
