import type { Context, Middleware } from 'koa'
import { type Accounts, handleOf } from '../../accounts/index.ts'
import { type Address, type Clock, maskAddress, type Proof, Refusal, type Transact } from '../../base/index.ts'
import type { Interactions } from '../../oidc/index.ts'
import { type Attempt, type Flow, isKept, type KnownBrowsers, levelOf, nextStep } from '../../signin/index.ts'
import type { Cookies } from '../cookies.ts'
import type { Csrf } from '../middleware/csrf.ts'
import type { PasskeyScreens } from './passkeys.ts'
import type { RescueWait } from './rescue-wait.ts'
import { provenChallenges } from './steps.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface ContinueDeps {
  visits: Visits
  interactions: Interactions
  flow: Pick<Flow, 'stands'>
  rescueWait: RescueWait
  csrf: Csrf
  /** Null where there are none. */
  passkeyScreens: Pick<PasskeyScreens, 'showOffer'> | null
  accounts: Pick<Accounts, 'find' | 'signedIn'>
  knownBrowsers: KnownBrowsers
  cookies: Cookies
  transact: Transact
  clock: Clock
}

/** From a proven attempt on to the application. */
export function createContinue(deps: ContinueDeps) {
  const { visits, interactions, rescueWait } = deps

  /** Where the tab goes whose button was pressed. Asks first when somebody else is signed in here. */
  const go: Middleware = async (ctx) => {
    const visit = await visits.loadOpen(ctx)
    const attempt = provenAttempt(visit, deps.clock.now())
    if (!attempt) return visits.seeOther(ctx, `/sign-in/${visit.uid}`)
    if (attempt.accountId && (await rescueWait.show(ctx, visit, attempt.accountId))) return
    const other = await interactions.presentAccount(ctx)
    if (other && other !== attempt.accountId) return askSwitch(ctx, visit, attempt, other)
    if (await deps.passkeyScreens?.showOffer(ctx, visit, attempt)) return
    return finish(ctx, visit, attempt, null)
  }

  /** The same by a button: after a crash between proof and session, or from a tab that waited. */
  const press: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    visits.seeOther(ctx, `/sign-in/${visit.uid}/continue`)
  }

  /** The person agrees that the other account ends in this browser. */
  const switchAccount: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const attempt = provenAttempt(visit, deps.clock.now())
    const present = await interactions.presentAccount(ctx)
    const waits = attempt?.accountId ? await rescueWait.waits(visit, attempt.accountId) : false
    // The form speaks of one account. Should another one be signed in by now, that one is asked about.
    if (!attempt || waits || ctx.query.of !== markOf(visit, present)) {
      return visits.seeOther(ctx, `/sign-in/${visit.uid}/continue`)
    }
    return finish(ctx, visit, attempt, present)
  }

  /** The person stays who they are here: the application is told that nobody new signed in. */
  const keep: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    visits.seeOther(ctx, await interactions.abort(visit.uid, 'access_denied', 'the person kept the account that is signed in'))
  }

  /** The person gives up a second proof, and goes back to the application. */
  const leave: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    visits.seeOther(ctx, await interactions.abort(visit.uid, 'access_denied', 'the person went back'))
  }

  /** At consent: somebody else wants to sign in. The application is led back and may ask again. */
  const other: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'consent')
    visits.seeOther(ctx, await interactions.abort(visit.uid, 'access_denied', 'the person wants to use another account'))
  }

  async function askSwitch(ctx: Context, visit: OpenVisit, attempt: Attempt, otherId: string): Promise<void> {
    const proven = provenChallenges(attempt)[0]
    visits.show(ctx, visit, 'account-switch', {
      other: await maskedHandle(otherId),
      // A passkey or a living session names no address.
      masked: proven ? maskAddress(proven.target) : await maskedHandle(attempt.accountId ?? ''),
      goOn: visits.form(visit, `switch?of=${markOf(visit, otherId)}`),
      keep: visits.form(visit, 'keep'),
    })
  }

  async function maskedHandle(accountId: string): Promise<string> {
    const account = await deps.accounts.find(accountId)
    const handle = account && handleOf(account)
    return handle ? maskAddress(handle) : ''
  }

  async function finish(ctx: Context, visit: OpenVisit, attempt: Attempt, mayEnd: string | null): Promise<void> {
    const { accountId, proofs } = attempt
    if (!accountId) throw new Error('a proven attempt has no account')
    if (!(await claim(visit, attempt, accountId))) return visits.seeOther(ctx, `/sign-in/${visit.uid}`)
    // The oldest proof that counts: `max_age` must never be met by a younger one beside it.
    const at = new Date(Math.min(...proofs.map((proof) => new Date(proof.at).getTime())))
    const login = { accountId, amr: amrOf(proofs), level: levelOf(proofs), at, mayEnd }
    const next = await interactions.finishLogin(ctx, visit.interaction, login)
    const targets = await knownBy(attempt, accountId)
    const known = targets.reduce((cookie, target) => deps.knownBrowsers.remember(cookie, target), deps.cookies.known(ctx))
    if (known) deps.cookies.setKnown(ctx, known)
    visits.seeOther(ctx, next)
  }

  /** What this browser is known by from now on: the addresses that were proven, or whom a passkey says it is. */
  async function knownBy(attempt: Attempt, accountId: string): Promise<Address[]> {
    const proven = provenChallenges(attempt).map(({ target }) => target)
    if (proven.length > 0 || !attempt.proofs.some(({ kind }) => kind === 'passkey')) return proven
    const account = await deps.accounts.find(accountId)
    return [account?.email, account?.phone].flatMap((address) => address ?? [])
  }

  /**
   * The last look before a session is made. What ends all of an account either finds the attempt, which then stands no
   * more, or waits for this and finds the interaction, which then is gone when its result is to be written.
   */
  async function claim(visit: OpenVisit, attempt: Attempt, accountId: string): Promise<boolean> {
    const claimed = await claimAtOnce(visit, attempt, accountId)
    // What was asked at once was undone together; that the attempt stands no more is kept.
    if (!claimed) await deps.transact((tx) => deps.flow.stands(tx, attempt))
    return claimed
  }

  /** All three in one message, in the order in which their rows are locked; false and nothing written unless each holds. */
  async function claimAtOnce(visit: OpenVisit, attempt: Attempt, accountId: string): Promise<boolean> {
    try {
      return await deps.transact(async (tx) => {
        const look = [deps.flow.stands(tx, attempt), interactions.claim(tx, visit.uid, accountId)] as const
        const [stands, claimed, isActive] = await Promise.all([...look, deps.accounts.signedIn(tx, accountId)])
        if (!stands || !claimed) throw new Undone()
        // suspended or closed meanwhile.
        if (!isActive) throw new Refusal('account_closed')
        return true
      })
    } catch (error) {
      if (error instanceof Undone) return false
      throw error
    }
  }

  /** Which account the question is about, as part of its form's address. It says nothing about the account. */
  function markOf(visit: OpenVisit, accountId: string | null): string {
    return deps.csrf.tokenFor(`${visit.uid}\n${accountId}`).slice(0, 22)
  }

  return { go, press, switchAccount, keep, leave, other }
}

/** Rolls the last look back. */
class Undone extends Error {
  override name = 'Undone'
}

/**
 * RFC 8176 §2: a second factor makes `mfa`, as does a passkey that is two by itself; two channels are `mca` and no second
 * factor.
 */
function amrOf(proofs: readonly Proof[]): string[] {
  const two = proofs.length > 1 || proofs.some(({ level }) => level === 2)
  const kept = proofs.some((proof) => isKept(proof))
  return [...new Set(proofs.flatMap((proof) => proof.amr)), ...(two ? [kept ? 'mfa' : 'mca'] : [])]
}

// One proof of two opens nothing: what is enough, only the next step says.
function provenAttempt(visit: OpenVisit, now: Date): Attempt | null {
  const step = nextStep(visit.attempts[0] ?? null, now)
  return visit.interaction.kind === 'login' && step.screen === 'gone-on' ? step.attempt : null
}
