import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Account } from '../accounts/index.ts'
import { addSeconds, type Clock } from '../base/index.ts'
import type { Level, Requirement } from '../signin/index.ts'
import { acrKept, askedAcr, levelAsked, levelKept } from './acr.ts'
import { personOf } from './claims.ts'
import { policyOf } from './client-metadata.ts'
import type { LevelDeps } from './step-up.ts'

/** What of a rescue concerns applications. */
export interface Recovery {
  /** For so long after it they are told of it, in the claim `recovered_at`. */
  toldSeconds: number
  /** By level: for so long since it was begun nobody who got back in by it is taken at this level, or above it. */
  waitSecondsByLevel: Readonly<Partial<Record<Level, number>>>
}

/** What decides whether an application takes somebody: its own wait, and what a sign-in to it must reach. */
export interface Asking extends Requirement {
  waitSeconds: number
}

/**
 * Until when an application takes nobody who got back in as this account did; null where it takes them by now, and for
 * whoever needed no rescue. What it merely wishes for keeps nobody out: it is told the lower level (`takenAcr`).
 */
export function heldUntil(
  account: Pick<Account, 'recoveryStartedAt'>,
  asking: Asking,
  recovery: Recovery,
  now: Date,
): Date | null {
  const until = account.recoveryStartedAt && addSeconds(account.recoveryStartedAt, holdSeconds(asking, recovery))
  return until && until > now ? until : null
}

/** For so long after a rescue began an application takes nobody who got back in by it; 0 where it holds nobody. */
export function holdSeconds({ waitSeconds, secondFactor, acr }: Asking, recovery: Recovery): number {
  const ruled: Level = secondFactor === 'required' ? 2 : 1
  const asked: Level = acr?.essential ? acr.level : 1
  return Math.max(waitSeconds, waitAt(Math.max(ruled, asked) as Level, recovery))
}

function waitAt(level: Level, { waitSecondsByLevel }: Recovery): number {
  const waits = Object.entries(waitSecondsByLevel).flatMap(([from, seconds]) => (Number(from) <= level ? [seconds] : []))
  return Math.max(0, ...waits)
}

/** Whether the application of this request does not take yet whoever is signed in. */
export function isHeld({ oidc }: KoaContextWithOIDC, deps: LevelDeps & { recovery: Recovery }): boolean {
  const { session, account, client, params = {} } = oidc
  if (!session?.accountId || !account || !client) return false
  const { secondFactor, rescueDelaySeconds = 0 } = policyOf(client)
  const acr = levelAsked(askedAcr(params), deps.acrNames)
  const asking = { waitSeconds: rescueDelaySeconds, secondFactor: secondFactor ?? deps.secondFactor, acr }
  return heldUntil(personOf(account), asking, deps.recovery, deps.clock.now()) !== null
}

/**
 * The `acr` of a session as it may be told: not above the level at which its person is taken already. An application
 * that reads the level from the token has it no sooner than one that asks for it.
 */
export function takenAcr(
  kept: string | undefined,
  account: object | undefined,
  { recovery, clock }: { recovery: Recovery; clock: Clock },
): string | undefined {
  const reached = levelKept(kept)
  if (!reached || !account) return kept
  const { recoveryStartedAt } = personOf(account)
  if (!recoveryStartedAt) return kept
  const isTaken = (level: Level) => addSeconds(recoveryStartedAt, waitAt(level, recovery)) <= clock.now()
  const levels = Array.from({ length: reached }, (_, at) => (reached - at) as Level)
  return acrKept(levels.find(isTaken) ?? 1)
}
