import type { Context, Middleware } from 'koa'
import { type Accounts, handleOf } from '../../accounts/index.ts'
import { type Clock, maskAddress } from '../../base/index.ts'
import type { Interactions } from '../../oidc/index.ts'
import { type Attempt, nextStep } from '../../signin/index.ts'
import type { Csrf } from '../middleware/csrf.ts'
import type { Finish } from './finish.ts'
import type { FindLastQuestion } from './last-question.ts'
import type { PasskeyScreens } from './passkeys.ts'
import { provenChallenges } from './proven-challenges.ts'
import type { RescueWait } from './rescue-wait.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface ContinueDeps {
  visits: Visits
  interactions: Interactions
  rescueWait: Pick<RescueWait, 'draw' | 'until'>
  csrf: Csrf
  /** Null where there are none. */
  passkeyScreens: Pick<PasskeyScreens, 'drawOffer'> | null
  accounts: Pick<Accounts, 'find'>
  lastQuestion: FindLastQuestion
  finish: Finish
  clock: Clock
}

/**
 * From a proven attempt on to the application: where something is asked first, and where a browser comes back to whose
 * sign-in stopped between the last proof and its session.
 */
export function createContinue(deps: ContinueDeps) {
  const { visits, interactions, rescueWait, finish } = deps

  const go: Middleware = async (ctx) => {
    const visit = await visits.loadOpen(ctx)
    const attempt = provenAttempt(visit, deps.clock.now())
    if (!attempt) return visits.seeOther(ctx, `/sign-in/${visit.uid}`)
    const question = await deps.lastQuestion(ctx, visit, attempt)
    if (question?.ask === 'rescue-wait') return rescueWait.draw(ctx, visit, question.until)
    if (question?.ask === 'account-switch') return askSwitch(ctx, visit, attempt, question.other)
    if (question?.ask === 'passkey-offer') return deps.passkeyScreens?.drawOffer(ctx, visit, question.after)
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
    const waits = attempt?.accountId ? await rescueWait.until(visit, attempt.accountId) : null
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

  /** Which account the question is about, as part of its form's address. It says nothing about the account. */
  function markOf(visit: OpenVisit, accountId: string | null): string {
    return deps.csrf.tokenFor(`${visit.uid}\n${accountId}`).slice(0, 22)
  }

  return { go, press, switchAccount, keep, leave, other }
}

// One proof of two opens nothing: what is enough, only the next step says.
function provenAttempt(visit: OpenVisit, now: Date): Attempt | null {
  const step = nextStep(visit.attempts[0] ?? null, now)
  return visit.interaction.kind === 'login' && step.screen === 'gone-on' ? step.attempt : null
}
