import { decodeJwt } from 'jose'
import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { askedAcr, levelAsked } from './acr.ts'
import { personOf } from './claims.ts'
import { unmetAcr } from './claims-parameter.ts'
import { isHeld, type Recovery } from './hold.ts'
import { ageSeconds, isMeant, type LevelDeps, levelOfSession, owedBy } from './step-up.ts'

const { Check, Prompt, base } = interactionPolicy

/** Why a login was asked for: the session is the right one, and proves too little. */
export const LEVEL_MISSING = 'level_missing'

/** Why a login was asked for: its person got back in by a rescue, and the application waits longer. */
const RESCUE_HOLDS = 'rescue_holds'

/** Whether that is why an interaction is there, and not because somebody is to sign in anew. */
export function asksForWait(reasons: readonly string[]): boolean {
  return reasons.includes(RESCUE_HOLDS) && reasons.every((reason) => reason === RESCUE_HOLDS || reason === LEVEL_MISSING)
}

/**
 * When the engine stops for a person: its own rules for `login` and `consent`, and
 * - `create` (Initiating User Registration via OpenID Connect 1.0) and `select_account`, which both lead to the
 *   first page of a sign-in;
 * - a living session whose account may no longer sign in is asked like no session;
 * - a living session whose person got back in by a rescue, and whom the application does not take yet;
 * - a living session that proves less than the application, the policy or the person's own factors ask for.
 *
 * The engine's own rules for an essential `acr` compare texts: they would refuse a higher level for a lower one, and ask
 * without end for what cannot be had.
 */
export function createPrompts(deps: LevelDeps & { recovery: Recovery }) {
  const policy = base()
  policy.add(new Prompt({ name: 'create', requestable: true }), 0)
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 1)
  const login = policy.get('login')
  if (!login) throw new Error('the engine has no login prompt')
  login.checks.remove('essential_acr')
  login.checks.remove('essential_acrs')
  const add = (reason: string, why: string, asks: (ctx: KoaContextWithOIDC) => boolean | Promise<boolean>) =>
    login.checks.add(new Check(reason, why, 'login_required', asks))

  add('account_unavailable', 'End-User authentication is required', (ctx) => {
    const { session, account } = ctx.oidc
    return Boolean(session?.accountId) && account === undefined
  })
  add('proof_too_old', 'End-User authentication could not be obtained', (ctx) => proofIsTooOld(ctx, deps))
  add(RESCUE_HOLDS, 'this application does not take yet whoever got back in by a rescue', (ctx) => isHeld(ctx, deps))
  add(LEVEL_MISSING, 'more than the session proves is required', (ctx) => levelIsMissing(ctx, deps))
  return policy
}

async function levelIsMissing(ctx: KoaContextWithOIDC, deps: LevelDeps): Promise<boolean> {
  const { session, account, params = {}, prompts, result } = ctx.oidc
  if (!session?.accountId || !account) return false // asked for by other reasons
  refuseAnotherSubject(ctx)
  const asked = levelAsked(askedAcr(params), deps.acrNames)
  // Never a second round, never a lower level.
  if (result?.login && asked?.essential && levelOfSession(session) < asked.level) throw unmetAcr()
  const owed = await owedBy(ctx, deps)
  const present =
    prompts.size === 0 && params.id_token_hint === undefined && isMeant(params, session, personOf(account), deps.clock)
  if (owed.next === 'unmet' && present) throw unmetAcr()
  return owed.next !== 'enough'
}

// OpenID Connect Core §3.1.2.1: a sign-in as somebody else than the application asked for ends with an error. The engine
// looks at the hint when the request comes in, its signature too, and not at all when the person comes back.
function refuseAnotherSubject({ oidc }: KoaContextWithOIDC): void {
  const { session, result, params, claims } = oidc
  if (!result?.login) return
  const hinted = typeof params?.id_token_hint === 'string' ? decodeJwt(params.id_token_hint).sub : undefined
  const named = (claims.id_token?.sub as { value?: unknown } | null | undefined)?.value
  const another = (sub: unknown) => sub !== undefined && sub !== session?.accountId
  if (another(hinted) || another(named)) throw new errors.LoginRequired('another End-User signed in than the one asked for')
}

// A sign-in that was built on a living session brings that session's age: when `max_age` has passed over it, all is
// asked for. One from its beginning is never too old for the request that asked for it.
function proofIsTooOld({ oidc }: KoaContextWithOIDC, { clock }: LevelDeps): boolean {
  const { session, result, params, entities } = oidc
  const begun = entities.Interaction
  if (!session || !result?.login || params?.max_age === undefined || begun?.prompt.name === 'consent') return false
  return (session.loginTs ?? 0) < (begun?.iat ?? 0) && ageSeconds(session, clock) > Number(params.max_age)
}
