import type { Account } from '../accounts/index.ts'
import type { EventWho } from '../audit/index.ts'
import { addSeconds, type EmailAddress, maskAddress, newId, type PhoneNumber, Refusal, type Tx } from '../base/index.ts'
import type { LimitRequest } from '../limits/index.ts'
import type { Asker, Attempt } from '../signin/index.ts'
import type { RescueDeps } from './deps.ts'
import { type Grounds, groundsOf, isUnderWay, missingOf, provenIn, standsOn } from './proven.ts'
import type { Rescue } from './rescue.ts'
import type { Telling } from './tell.ts'

/** What this attempt may do about a rescue. */
export type MayRescue =
  | { may: 'now'; delaySeconds: number }
  /** Another address of the account is proven first; `proveOther` sends the code there. */
  | { may: 'prove'; channel: 'email' | 'sms'; masked: string }
  /** What was proven has not been the account's for long enough; another of its addresses would do, in a new sign-in. */
  | { may: 'address' }
  /** One was begun since this sign-in began, and ended: another one takes a new sign-in. */
  | { may: 'again' }
  /** Somebody said lately that it was not they who began one. */
  | { may: 'locked'; until: Date }
  /** It is switched off, or there is nothing to be rescued from. */
  | { may: 'never' }

/** What came of the wish to begin one. `waiting`: one waits already, and stays as it is. */
export type Begun = 'begun' | 'waiting' | 'again' | 'locked' | 'not_proven' | 'never'

/** One that an administrator begins. */
export interface BegunByAdmin {
  accountId: string
  /** As the trail names them. */
  actorId: string
  delaySeconds: number
  /** What the notice names in place of a device. */
  device: string
  /** Why, in the administrator's own words, for the trail; null where they gave none. */
  reason: string | null
  where: EventWho
}

/** How a rescue begins. */
export function createBegin(deps: RescueDeps, tell: Telling) {
  const { store, policy, clock, audit, addresses, transact } = deps

  /** What this attempt may do, for its page; `account` is the attempt's. */
  async function may(attempt: Attempt, account: Account, asker: Asker): Promise<MayRescue> {
    const now = clock.now()
    if (!concerns(attempt, account, now)) return { may: 'never' }
    const until = await store.lockedUntil(account.id)
    if (until && until > now) return { may: 'locked', until }
    if (await store.begunSince(null, account.id, attempt.createdAt)) return { may: 'again' }
    const grounds = groundsIn(await addresses.ofAccount(account.id), account, now)
    const missing = missingOf(grounds, attempt)
    if (missing === 'address') return { may: 'address' }
    const to = missing && grounds[missing === 'email' ? 'emails' : 'phones'][0]
    if (to) return { may: 'prove', channel: missing, masked: maskAddress(to.address) }
    return { may: 'now', delaySeconds: await delayFor(account.id, asker) }
  }

  /** Sends a code to the address that is still to be proven. Throws `Refusal('too_many_requests')`. */
  async function proveOther(attempt: Attempt, asker: Asker): Promise<void> {
    const account = attempt.accountId && (await deps.accounts.find(attempt.accountId))
    const now = clock.now()
    if (!account || !concerns(attempt, account, now)) return
    const grounds = groundsIn(await addresses.ofAccount(account.id), account, now)
    const missing = missingOf(grounds, attempt)
    if (missing !== 'email' && missing !== 'sms') return
    const email = (grounds.emails[0]?.address ?? null) as EmailAddress | null
    const phone = (grounds.phones[0]?.address ?? null) as PhoneNumber | null
    await deps.startOnFile(attempt, { email, phone }, missing, asker)
  }

  /**
   * Begins one for the attempt's account, whose addresses the attempt has proven: nothing else names an account.
   * Of several at once a single one begins, and the person is told once. A sign-in begins one at most, and an account so
   * many as `LIMITS` says: each is told everywhere, by texts as well. Throws `Refusal('too_many_requests')`.
   */
  async function begin(attempt: Attempt, asker: Asker): Promise<Begun> {
    const account = attempt.accountId && (await deps.accounts.find(attempt.accountId))
    if (!account || !concerns(attempt, account, clock.now())) return 'never'
    const before = await store.waiting(account.id)
    if (before && before.lapsesAt > clock.now()) return 'waiting'
    if (await store.begunSince(null, account.id, attempt.createdAt)) return 'again'
    const delaySeconds = await delayFor(account.id, asker)
    const counted = [{ limit: 'rescue', subject: account.id }] as const
    await take(counted, attempt, asker)
    const begun = await beginCounted(attempt, account, delaySeconds, asker)
    if (begun !== 'begun') await deps.limits.giveBack(counted)
    return begun
  }

  async function take(counted: readonly LimitRequest[], { clientId }: Attempt, asker: Asker): Promise<void> {
    const taken = await deps.limits.take(counted)
    if (taken.ok) return
    const { limit, retryAfterSeconds } = taken
    await audit.note('limit.reached', { ...asker.who, clientId, detail: { limit, retryAfterSeconds } })
    throw new Refusal('too_many_requests', { retryAfterSeconds })
  }

  function beginCounted(attempt: Attempt, account: Account, delaySeconds: number, asker: Asker): Promise<Begun> {
    return transact(async (tx): Promise<Begun> => {
      if (!(await deps.attempts.require(tx, attempt.id, attempt.requirement))) return 'not_proven'
      const now = clock.now()
      const locked = await store.lockAccount(tx, account.id)
      if (!locked?.stays) return 'never'
      if (locked.lockedUntil && locked.lockedUntil > now) return 'locked'
      if (missingOf(groundsIn(await addresses.ofAccountIn(tx, account.id), account, now), attempt)) return 'not_proven'
      const waiting = await store.waitingIn(tx, account.id, 'locked')
      if (waiting && waiting.lapsesAt > now) return 'waiting'
      if (await store.begunSince(tx, account.id, attempt.createdAt)) return 'again'
      const address = provenIn(attempt, 'email') ?? provenIn(attempt, 'sms')
      const { clientId } = attempt
      const who = { ...asker.who, clientId, attemptId: attempt.id, accountId: account.id }
      const by = { accountId: account.id, startedBy: null, clientId, address, device: asker.device }
      return (await add(tx, by, delaySeconds, who, locked.locale ?? attempt.locale)) ? 'begun' : 'waiting'
    })
  }

  /**
   * An administrator begins one: after the wait the person proves an address and sets up another factor by themselves,
   * so that nobody else learns or chooses a secret. No lock holds it up. `not_proven`: no address of the account
   * could be proven for it. The caller holds the account's row.
   */
  async function beginByAdmin(tx: Tx, { accountId, actorId, delaySeconds, device, reason, where }: BegunByAdmin): Promise<Begun> {
    const locked = await store.lockAccount(tx, accountId)
    if (!policy.on || !locked?.stays) return 'never'
    const by = { accountId, startedBy: actorId, clientId: '', address: null, device }
    const begun = { address: null, startedAt: clock.now() }
    const held = { ...policy, accountCreatedAt: locked.createdAt }
    if (!standsOn(await addresses.ofAccountIn(tx, accountId), begun, held, clock.now())) return 'not_proven'
    return (await add(tx, by, delaySeconds, { ...where, accountId, actorId }, locked.locale, reason)) ? 'begun' : 'waiting'
  }

  async function add(
    tx: Tx,
    by: Pick<Rescue, 'accountId' | 'startedBy' | 'clientId' | 'address' | 'device'>,
    delaySeconds: number,
    who: EventWho,
    locale: string | null,
    reason: string | null = null,
  ): Promise<boolean> {
    const now = clock.now()
    const opensAt = addSeconds(now, delaySeconds)
    const halfwayAt = addSeconds(now, Math.floor(delaySeconds / 2))
    const moments = { startedAt: now, halfwayAt, opensAt, lapsesAt: addSeconds(opensAt, policy.windowSeconds) }
    const rescue: Rescue = { id: newId(), ...by, ...moments, opensTold: false }
    await endLapsed(tx, by.accountId, now)
    if (!(await store.add(tx, rescue))) return false
    await audit.record(tx, 'rescue.started', { ...who, detail: { waitSeconds: delaySeconds, ...(reason && { reason }) } })
    await tell(tx, rescue, 'rescue_started', { locale })
    return true
  }

  // Its time is over, and nobody has come by to end it yet.
  async function endLapsed(tx: Tx, accountId: string, now: Date): Promise<void> {
    const old = await store.waitingIn(tx, accountId, 'locked')
    if (!old || old.lapsesAt > now) return
    if (await store.end(tx, old.id, 'lapsed', 'clock', now)) await audit.record(tx, 'rescue.lapsed', { accountId })
  }

  function groundsIn(all: Parameters<typeof groundsOf>[0], account: Account, now: Date): Grounds {
    return groundsOf(all, account.createdAt, policy, now)
  }

  async function delayFor(accountId: string, asker: Asker): Promise<number> {
    const known = await deps.devices.isRemembered(asker.deviceToken, accountId)
    return known ? policy.knownDelaySeconds : policy.delaySeconds
  }

  // a sign-in that is asked for a factor, of an account that has one and is to stay.
  function concerns(attempt: Attempt, account: Account, now: Date): boolean {
    const asked = isUnderWay(attempt, now) && attempt.asks === 'second'
    const mine = attempt.accountId === account.id
    const stays = account.state === 'active' && account.closingAt === null
    return policy.on && asked && mine && stays && account.authenticators + account.passkeys > 0
  }

  return { may, proveOther, begin, beginByAdmin }
}
