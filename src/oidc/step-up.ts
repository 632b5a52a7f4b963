import type { Context } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Account } from '../accounts/index.ts'
import { type Clock, parseEmailAddress, parsePhoneNumber } from '../base/index.ts'
import { decide, type Level, type SecondFactor } from '../signin/index.ts'
import { type AcrNames, askedAcr, levelAsked, levelKept } from './acr.ts'
import { signerOf } from './claims.ts'
import { policyOf } from './client-metadata.ts'

/** A living session that a sign-in may be built on: only what is missing is asked for. */
export interface StepUp {
  accountId: string
  amr: readonly string[]
  level: Level
  /** When the oldest of its proofs was given. */
  at: Date
}

/** The part of the engine's session that says how somebody signed in. */
export interface SignedIn {
  accountId?: string | undefined
  acr?: string | undefined
  amr?: string[] | undefined
  loginTs?: number | undefined
}

export interface LevelDeps {
  clock: Clock
  /** What applications call the levels. */
  acrNames: AcrNames
  /** Where the client has no rule of its own. */
  secondFactor: SecondFactor
  /** Whether text messages can be sent. */
  texts: boolean
  /** Whether this browser was chosen not to be asked for a second factor. */
  deviceIsRemembered(ctx: Context, accountId: string): Promise<boolean>
}

/**
 * What a living session owes to this request, by the same table that rules a sign-in. What was asked for without
 * insisting was asked of the person in the sign-in that has just ended, and is not asked for again.
 */
export async function owedBy(ctx: KoaContextWithOIDC, deps: LevelDeps): Promise<ReturnType<typeof decide>> {
  const { session, account, client, params, result } = ctx.oidc
  if (!session?.accountId || !account || !client) return { next: 'enough' }
  const person = signerOf(account)
  const asked = levelAsked(askedAcr(params ?? {}), deps.acrNames)
  const acr = asked && !asked.essential && result?.login ? null : asked
  const requirement = { secondFactor: policyOf(client).secondFactor ?? deps.secondFactor, acr }
  const otherChannel = otherChannelOf(person, session.amr ?? [], deps.texts)
  const keptProven = session.amr?.some((value) => KEPT_AMR.includes(value)) ?? false
  // Whatever is owed is proven in a sign-in, which looks closer at what there is: one app stands for all.
  const { authenticators, passkeys } = person
  const own = { apps: authenticators, passkeys, demanded: authenticators > 0, recoveryCodes: 0 }
  const means = { ...own, otherChannel, keptProven, passkeyProven: session.amr?.includes('passkey') ?? false }
  const decided = (remembered: boolean) => decide(requirement, levelOfSession(session), { ...means, remembered })
  const owed = decided(false)
  // Looked up only where it makes a difference.
  if (owed.next === 'enough' || decided(true).next !== 'enough') return owed
  return decided(await deps.deviceIsRemembered(ctx as unknown as Context, person.id))
}

const KEPT_AMR: readonly string[] = ['otp', 'recovery_code', 'passkey']

export function levelOfSession(session: SignedIn): Level {
  return levelKept(session.acr) ?? 1
}

/** Whether the session is the one that the request means, and young enough for it. */
export function isMeant(
  params: Readonly<Record<string, unknown>>,
  session: SignedIn,
  person: Pick<Account, 'email' | 'phone'>,
  clock: Clock,
): boolean {
  const { login_hint, max_age } = params
  if (typeof login_hint === 'string' && !isOf(person, login_hint)) return false
  return max_age === undefined || ageSeconds(session, clock) <= Number(max_age)
}

export function ageSeconds({ loginTs }: SignedIn, clock: Clock): number {
  return Math.floor(clock.now().getTime() / 1000) - (loginTs ?? 0)
}

function isOf({ email, phone }: Pick<Account, 'email' | 'phone'>, hint: string): boolean {
  const number = parsePhoneNumber(hint, null)
  return (email !== null && parseEmailAddress(hint) === email) || (number.outcome === 'fit' && number.number === phone)
}

// The other one of the account's channels, of which the session says nothing.
function otherChannelOf({ email, phone }: Account, amr: readonly string[], texts: boolean): 'email' | 'sms' | null {
  if (email && !amr.some((value) => value.startsWith('email_'))) return 'email'
  return phone && texts && !amr.includes('sms') ? 'sms' : null
}
