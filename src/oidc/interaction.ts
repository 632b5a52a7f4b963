import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Account } from '../accounts/index.ts'
import type { AuditRow } from '../audit/index.ts'
import { type Clock, hashOf, type Tx } from '../base/index.ts'
import type { Level } from '../signin/index.ts'
import { type AcrNames, acrKept, askedAcr, levelAsked } from './acr.ts'
import { scopesOfClaims } from './claims.ts'
import { UNMET } from './claims-parameter.ts'
import type { MissingConsent } from './consent.ts'
import { type Asking, heldUntil, holdSeconds, type Recovery } from './hold.ts'
import { asksForWait, LEVEL_MISSING } from './prompts.ts'
import type { Look } from './read-ahead.ts'
import type { RecordStore } from './records.ts'
import { isMeant, levelOfSession, type StepUp } from './step-up.ts'
import type { UnitOfWork, Within } from './unit-of-work.ts'

/** What the engine waits for, as our screens need it. */
export interface InteractionView {
  uid: string
  /** `login` for every prompt that ends in a sign-in; `consent` for an agreement. */
  kind: 'login' | 'consent'
  /** The person was asked to make an account (`prompt=create`). */
  create: boolean
  clientId: string
  redirectUri: string
  loginHint: string | undefined
  uiLocales: string | undefined
  /** What is asked for: by scope, or by the names of claims that belong to it. */
  scopes: readonly string[]
  /** The APIs that it is asked for, by their resource indicators. */
  resources: readonly string[]
  /** Who is signed in in this browser, if anybody. */
  accountId: string | null
  missing: MissingConsent
  /** What the application asks of `acr`; null where every sign-in will do. */
  acr: { level: Level; essential: boolean } | null
  /** The application does not take yet whoever is signed in, since they got back in by a rescue: nothing else is missing. */
  waits: boolean
  /** The living session that the sign-in may be built on; null where it begins from nothing. */
  stepUp: StepUp | null
}

/** A finished proof, for the engine's session. */
export interface LoginResult {
  accountId: string
  amr: readonly string[]
  /** What the proofs are worth together. */
  level: Level
  /** When the oldest proof that counts was given. */
  at: Date
  /** The account whose session in this browser the person agreed to end; null where nobody was asked. */
  mayEnd: string | null
}

export interface Interactions {
  /** True when this request comes from the browser that the interaction was begun in (its signed cookie). */
  isSameBrowser(ctx: Context, uid: string): boolean
  /** The open interaction; null when it ended, expired, or its session changed hands. */
  find(uid: string): Promise<InteractionView | null>
  /** Whether an application that asks for this ever makes somebody wait who got back in by a rescue. */
  holdsAny(asking: Asking): boolean
  /**
   * Until when an application that asks for this takes nobody who got back in by a rescue as this account did; null where
   * it takes them.
   */
  heldUntil(account: Pick<Account, 'recoveryStartedAt'>, asking: Asking): Date | null
  /** Who is signed in in this browser now, whatever was so when the interaction began. */
  presentAccount(ctx: Context): Promise<string | null>
  /**
   * Writes in `tx` who is about to sign in there: from now on what ends all sessions of the account ends the interaction
   * too. False when it is gone.
   */
  claim(tx: Tx, uid: string, accountId: string): Promise<boolean>
  // Each of these stores the result and answers where the browser must go next. Throws when the interaction is gone.
  /**
   * Ends the session of `mayEnd` in this browser first, with what was granted to it; never that of anybody else. The
   * session says of a sign-in what this one proved, and nothing of those before it. Less than an essential `acr` is unmet.
   *
   * @param found by `find`, in the same request: it is not read again. Where it ended meanwhile nothing is stored.
   * @param within stores it in the transaction of a last look that has locked the interaction; never with a `mayEnd`.
   */
  finishLogin(ctx: Context, found: InteractionView, result: LoginResult, within?: Within): Promise<string>
  finishConsent(uid: string): Promise<string>
  abort(uid: string, error: string, description: string): Promise<string>
  /** What the application insists on cannot be had (OpenID Connect Core Error Code unmet_authentication_requirements). */
  unmet(uid: string): Promise<string>
}

type EngineInteraction = InstanceType<Provider['Interaction']>
type EngineSession = InstanceType<Provider['Session']>
type Result = Record<string, unknown>
type ResultOf = (interaction: EngineInteraction) => Result | Promise<Result>

const UNMET_RESULT = { error: 'unmet_authentication_requirements', error_description: UNMET }

/** The engine's interactions: found, read and finished. Nothing else in our screens knows the engine. */
export function createInteractions(deps: {
  provider(): Provider
  work: UnitOfWork<AuditRow>
  store: Pick<RecordStore, 'claim'>
  clock: Clock
  acrNames: AcrNames
  recovery: Recovery
  accounts: { find(id: string): Promise<Account | null> }
}): Interactions {
  const { clock, acrNames } = deps
  const looks = new WeakMap<InteractionView, Look>()

  function isSameBrowser(ctx: Context, uid: string): boolean {
    const cookie = ctx.cookies.get(deps.provider().cookieName('interaction'), { signed: true })
    return cookie === uid
  }

  async function load(uid: string): Promise<{ interaction: EngineInteraction; session: EngineSession | null } | null> {
    const provider = deps.provider()
    const interaction = await provider.Interaction.find(uid)
    if (!interaction) return null
    const origin = interaction.session
    if (!origin?.uid) return { interaction, session: null }
    const session = await provider.Session.findByUid(origin.uid)
    return session && session.accountId === origin.accountId ? { interaction, session } : null
  }

  async function find(uid: string): Promise<InteractionView | null> {
    let view: InteractionView | null = null
    await deps.work.run(async () => {
      const loaded = await load(uid)
      if (!loaded) return
      view = { ...viewOf(loaded.interaction, acrNames), stepUp: await stepUpOf(loaded.interaction, loaded.session) }
      const look = deps.work.current()?.known.look
      if (look) looks.set(view, look)
    })
    return view
  }

  // Only where the level is all that is missing: who must sign in anew, or as somebody else, begins from nothing.
  async function stepUpOf({ prompt, params }: EngineInteraction, session: EngineSession | null): Promise<StepUp | null> {
    if (!session?.accountId || prompt.reasons.length === 0) return null
    if (prompt.name !== 'login' || !prompt.reasons.every((reason) => reason === LEVEL_MISSING)) return null
    const account = await deps.accounts.find(session.accountId)
    if (account?.state !== 'active' || !isMeant(params, session, account, clock)) return null
    const at = new Date((session.loginTs ?? 0) * 1000)
    return { accountId: account.id, amr: session.amr ?? [], level: levelOfSession(session), at }
  }

  const presentSession = (ctx: Context) => deps.provider().Session.get(ctx as unknown as KoaContextWithOIDC)

  // The session goes, and with it what was granted to it (see records.ts). Nobody is signed out who was not named.
  async function endOther(ctx: Context, interaction: EngineInteraction, accountId: string, mayEnd: string | null): Promise<void> {
    const session = await presentSession(ctx)
    if (!session.accountId || session.accountId === accountId) return
    if (session.accountId !== mayEnd) throw new InteractionGone('another account has signed in meanwhile')
    await session.destroy()
    interaction.session = undefined
  }

  async function finish(uid: string, resultOf: ResultOf, look: Look | null = null, within?: Within): Promise<string> {
    let result: Result = {}
    let next: string | undefined
    const store = async () => {
      const current = deps.work.current()
      if (current) current.known.look = look
      const interaction = (await load(uid))?.interaction
      if (!interaction) return
      result = await resultOf(interaction)
      interaction.result = 'error' in result ? result : { ...interaction.lastSubmission, ...result }
      await interaction.save(interaction.exp - Math.floor(clock.now().getTime() / 1000))
      next = interaction.returnTo
    }
    const outcome = await deps.work.run(store, within)
    if (next !== undefined && outcome === 'written') return next
    // The same button pressed twice: the first press has done it.
    const done = await load(uid)
    if (done && sameLogin(done.interaction.result, result)) return done.interaction.returnTo
    throw new InteractionGone('the interaction is gone')
  }

  function finishLogin(ctx: Context, found: InteractionView, result: LoginResult, within?: Within): Promise<string> {
    const { accountId, amr, level, at, mayEnd } = result
    const login = { accountId, amr: [...amr], acr: acrKept(level), ts: Math.floor(at.getTime() / 1000), remember: true }
    const resultOf: ResultOf = async (interaction) => {
      const asked = levelAsked(askedAcr(interaction.params), acrNames)
      if (asked?.essential && level < asked.level) return UNMET_RESULT
      await endOther(ctx, interaction, accountId, mayEnd)
      return { login, create: {}, select_account: {} }
    }
    return finish(found.uid, resultOf, looks.get(found), within)
  }

  const abort: Interactions['abort'] = (uid, error, description) => finish(uid, () => ({ error, error_description: description }))

  return {
    isSameBrowser,
    find,
    holdsAny: (asking) => holdSeconds(asking, deps.recovery) > 0,
    heldUntil: (account, asking) => heldUntil(account, asking, deps.recovery, clock.now()),
    presentAccount: async (ctx) => (await presentSession(ctx)).accountId ?? null,
    claim: (tx, uid, accountId) => deps.store.claim(tx, hashOf(uid), accountId),
    finishLogin,
    finishConsent: (uid) => finish(uid, () => ({ consent: {} })),
    abort,
    unmet: (uid) => finish(uid, () => UNMET_RESULT),
  }
}

/** The interaction ended between two steps. */
export class InteractionGone extends Error {
  override name = 'InteractionGone'
}

function sameLogin(done: EngineInteraction['result'], wanted: Record<string, unknown>): boolean {
  const login = wanted.login as { accountId?: string } | undefined
  return login?.accountId !== undefined && done?.login?.accountId === login.accountId
}

function viewOf(interaction: EngineInteraction, acrNames: AcrNames): Omit<InteractionView, 'stepUp'> {
  const { params, prompt } = interaction
  const missing = prompt.details as MissingConsent
  const text = (name: string) => (typeof params[name] === 'string' ? (params[name] as string) : undefined)
  return {
    uid: interaction.uid,
    kind: prompt.name === 'consent' ? 'consent' : 'login',
    create: prompt.name === 'create',
    clientId: text('client_id') ?? '',
    redirectUri: text('redirect_uri') ?? '',
    loginHint: text('login_hint'),
    uiLocales: text('ui_locales'),
    scopes: [...new Set([...(text('scope')?.split(' ') ?? []), ...scopesOfClaims(missing.missingOIDCClaims ?? [])])],
    resources: [params.resource ?? []].flat().map(String),
    accountId: interaction.session?.accountId ?? null,
    waits: prompt.name === 'login' && asksForWait(prompt.reasons),
    missing,
    acr: levelAsked(askedAcr(params), acrNames),
  }
}
