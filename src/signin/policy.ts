import type { Proof } from '../base/index.ts'

/**
 * How much was proven, as `acr` says it: 1 one proof; 2 two proofs by different means, such as email and text, or a
 * recovery code in place of a lost factor; 3 a proof and an authenticator. Email and text together are no NIST AAL2
 * so that they stay below an authenticator.
 */
export type Level = 1 | 2 | 3

/** Whether a second factor is asked for: never by policy, where the person has one, or always. */
export type SecondFactor = 'off' | 'optional' | 'required'

/** What one sign-in must reach. Kept with the attempt from its begin. */
export interface Requirement {
  /** The client's own rule, else the one for all. */
  secondFactor: SecondFactor
  /** What the application asked for. Essential: never less. */
  acr: { level: Level; essential: boolean } | null
}

/** What a person has to go on with, besides what was proven. */
export interface Means {
  /** Authenticators that were proven once. */
  authenticators: number
  recoveryCodes: number
  /** The channel of another proven address of the account, of which nothing was proven in this sign-in. */
  otherChannel: 'email' | 'sms' | null
  /** This browser was chosen not to be asked again. */
  remembered: boolean
  /** An authenticator, or a recovery code in its place, is among what was proven. */
  keptProven: boolean
}

/** A way to give the second proof. */
export type SecondMethod = 'totp' | 'recovery' | 'email' | 'sms'

export type Decision =
  | { next: 'enough' }
  | { next: 'second'; methods: readonly SecondMethod[] }
  /** There is nothing to ask for yet: the person sets up an authenticator. */
  | { next: 'enrol' }
  /** An essential level cannot be met: the application is told so. */
  | { next: 'unmet' }

const BY_METHOD: Readonly<Record<SecondMethod, Level>> = { totp: 3, recovery: 2, email: 2, sms: 2 }

/** What the proofs are worth together. Proofs of one kind count once. */
export function levelOf(proofs: readonly Proof[]): Level {
  const kinds = new Set(proofs.map(({ kind }) => kind))
  const least = Math.max(1, ...proofs.map(({ level }) => level)) as Level
  if (kinds.size < 2) return least
  return kinds.has('totp') ? 3 : (Math.max(2, least) as Level)
}

/**
 * The one table: what is needed, what was reached, what there is. A factor that the person enrolled is asked for even
 * where no policy wants one, and then another channel does not stand in for it. A remembered device takes the
 * place of that, and never of what the application asked for. Asked without insisting, nobody is made to enrol, and
 * the application is told the lower level.
 */
export function decide(requirement: Requirement, reached: Level, means: Means): Decision {
  const byPolicy: Level = requirement.secondFactor === 'required' || means.authenticators > 0 ? 2 : 1
  const owed: Level = means.remembered ? 1 : byPolicy
  const asked: Level = requirement.acr?.level ?? 1
  const needed = Math.max(owed, asked) as Level
  const owesOwn = means.authenticators > 0 && !means.keptProven && !means.remembered
  if (reached >= needed && !owesOwn) return { next: 'enough' }

  const methods = waysOf(means).filter((method) => BY_METHOD[method] >= needed)
  if (methods.length > 0) return { next: 'second', methods }
  if (owed > reached || requirement.acr?.essential) {
    return requirement.secondFactor === 'off' ? unmetOr(owed > reached) : { next: 'enrol' }
  }
  return { next: 'enough' }
}

/** The same without what the application merely wishes for; null where it wishes for nothing, or insists. */
export function withoutWish(requirement: Requirement): Requirement | null {
  return requirement.acr && !requirement.acr.essential ? { ...requirement, acr: null } : null
}

// A demand of a factor that is enrolled always finds it; so only an application can ask for what cannot be had.
function unmetOr(owed: boolean): Decision {
  return owed ? { next: 'enrol' } : { next: 'unmet' }
}

function waysOf({ authenticators, recoveryCodes, otherChannel }: Means): SecondMethod[] {
  if (authenticators > 0) return recoveryCodes > 0 ? ['totp', 'recovery'] : ['totp']
  return otherChannel ? [otherChannel] : []
}
