import type { Proof } from '../base/index.ts'

/**
 * How much was proven, as `acr` says it: 1 one proof; 2 two proofs by different means, such as email and text, or a
 * recovery code in place of a lost factor; 3 a proof and an authenticator app; 4 a passkey with user verification, or
 * with another proof, which nobody can be talked out of. Email and text together are no NIST AAL2, so that they stay below an authenticator.
 */
export type Level = 1 | 2 | 3 | 4

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
  /** Authenticator apps that were proven once. */
  apps: number
  passkeys: number
  /** A second factor of their own is asked for in every sign-in: they have an app, or want it for their passkeys. */
  demanded: boolean
  recoveryCodes: number
  /** The channel of another proven address of the account, of which nothing was proven in this sign-in. */
  otherChannel: 'email' | 'sms' | null
  /** This browser was chosen not to be asked again. */
  remembered: boolean
  /** An app, a passkey, or a recovery code in its place, is among what was proven. */
  keptProven: boolean
  /** A passkey is. */
  passkeyProven: boolean
  /** Nothing was proven but what may be somebody else's by now. */
  doubtful?: boolean
}

/** A way to give the second proof. */
export type SecondMethod = 'passkey' | 'totp' | 'recovery' | 'email' | 'sms'

/** What can be set up in a sign-in. */
export type Enrollable = 'passkey' | 'totp'

export type Decision =
  | { next: 'enough' }
  | { next: 'second'; methods: readonly SecondMethod[] }
  /** There is nothing to ask for yet: the person sets up one of these. */
  | { next: 'enrol'; methods: readonly Enrollable[] }
  /** An essential level cannot be met: the application is told so. */
  | { next: 'unmet' }

const BY_METHOD: Readonly<Record<SecondMethod, Level>> = { passkey: 4, totp: 3, recovery: 2, email: 2, sms: 2 }

/** What the proofs are worth together. Proofs of one kind count once. */
export function levelOf(proofs: readonly Proof[]): Level {
  const kinds = new Set(proofs.map(({ kind }) => kind))
  const passkey = proofs.find(({ kind }) => kind === 'passkey')
  if (passkey && (kinds.size > 1 || passkey.level === 2)) return 4
  const least = Math.max(1, ...proofs.map(({ level }) => level)) as Level
  if (kinds.size < 2) return least
  return kinds.has('totp') ? 3 : (Math.max(2, least) as Level)
}

/**
 * The one table: what is needed, what was reached, what there is. A factor that the person enrolled is asked for even
 * where no policy wants one, and then another channel does not stand in for it. A passkey that was set up to skip
 * the message alone is no such factor: it is one once its person says that it is to be asked for. A remembered device
 * takes the place of that, and never of what the application asked for. Asked without insisting, nobody is made to enrol,
 * and the application is told the lower level. What may be somebody else's by now is worth nothing alone: then any other
 * proof is asked for, whatever the policy, and where there is none (no methods) nothing goes on; nobody sets one up by it.
 */
export function decide(requirement: Requirement, reached: Level, means: Means): Decision {
  const byPolicy: Level = requirement.secondFactor === 'required' || means.demanded ? 2 : 1
  const owed: Level = means.remembered ? 1 : byPolicy
  const asked: Level = requirement.acr?.level ?? 1
  const needed = Math.max(owed, asked) as Level
  if (means.doubtful) return { next: 'second', methods: waysBeyondDoubt(means, needed) }
  const owesOwn = means.demanded && !means.keptProven && !means.remembered
  if (reached >= needed && !owesOwn) return { next: 'enough' }

  const methods = waysOf(means).filter((method) => worthOf(method, means) >= needed)
  if (methods.length > 0) return { next: 'second', methods }
  // Whatever else is wished for, and cannot be met.
  if (owesOwn) return { next: 'second', methods: waysOf(means) }
  if (owed > reached || requirement.acr?.essential) {
    if (requirement.secondFactor === 'off' && owed <= reached) return { next: 'unmet' }
    // nobody sets up a stronger factor before they have shown the one they have, whatever a remembered browser does.
    if (means.demanded && !means.keptProven) return { next: 'second', methods: waysOf(means) }
    // Nor anything before they have met what policy asks for anyway: to ask for more is to be asked for no less.
    const first = owed > reached ? waysOf(means).filter((method) => worthOf(method, means) >= owed) : []
    return first.length > 0 ? { next: 'second', methods: first } : { next: 'enrol', methods: enrollable(requirement) }
  }
  return { next: 'enough' }
}

/** The same without what the application merely wishes for; null where it wishes for nothing, or insists. */
export function withoutWish(requirement: Requirement): Requirement | null {
  return requirement.acr && !requirement.acr.essential ? { ...requirement, acr: null } : null
}

// Those that are enough for all, else any.
function waysBeyondDoubt(means: Means, needed: Level): SecondMethod[] {
  const ways = waysOf(means)
  const enough = ways.filter((method) => worthOf(method, means) >= needed)
  return enough.length > 0 ? enough : ways
}

/** What may be set up: where phishing must be kept out no app will do. */
export function enrollable({ acr }: Requirement): readonly Enrollable[] {
  return acr && acr.level > BY_METHOD.totp ? ['passkey'] : ['passkey', 'totp']
}

// What a method makes of a sign-in: with a passkey that was proven anything else is two factors, one of which nobody
// can be talked out of.
function worthOf(method: SecondMethod, { passkeyProven }: Means): Level {
  return passkeyProven ? 4 : BY_METHOD[method]
}

function waysOf(means: Means): SecondMethod[] {
  const { apps, passkeys, demanded, recoveryCodes, otherChannel, keptProven, passkeyProven } = means
  const own: SecondMethod[] = [
    ...(passkeys > 0 && !passkeyProven ? ['passkey' as const] : []),
    ...(apps > 0 ? ['totp' as const] : []),
  ]
  // A code that stands for a factor that was lost is none beside one that was just shown.
  if (demanded && recoveryCodes > 0 && !passkeyProven) own.push('recovery')
  return otherChannel && (!demanded || (keptProven && passkeyProven)) ? [...own, otherChannel] : own
}
