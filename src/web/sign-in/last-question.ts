import type { Context } from 'koa'
import type { Interactions } from '../../oidc/index.ts'
import type { Attempt, Passkeys } from '../../signin/index.ts'
import type { Cookies } from '../cookies.ts'
import type { RescueWait } from './rescue-wait.ts'
import type { OpenVisit } from './visit.ts'

/** What a person is asked or told between the last proof and the application. */
export type LastQuestion =
  /** The application takes nobody yet who got back in by a rescue. */
  | { ask: 'rescue-wait'; until: Date }
  /** Somebody else is signed in here. */
  | { ask: 'account-switch'; other: string }
  /** They could have a passkey; `after`: the message that it would spare. */
  | { ask: 'passkey-offer'; after: 'email' | 'sms' }

export interface LastQuestionDeps {
  interactions: Pick<Interactions, 'presentAccount'>
  rescueWait: Pick<RescueWait, 'until'>
  /** Null where there are none. */
  passkeys: Pick<Passkeys, 'mayOffer'> | null
  cookies: Pick<Cookies, 'passkey'>
}

/** The first question that stands between a proven attempt and the application; null where none does. It changes nothing. */
export function createLastQuestion(deps: LastQuestionDeps) {
  async function lastQuestion(ctx: Context, visit: OpenVisit, attempt: Attempt): Promise<LastQuestion | null> {
    const { accountId } = attempt
    const until = accountId && (await deps.rescueWait.until(visit, accountId))
    if (until) return { ask: 'rescue-wait', until }
    const other = await deps.interactions.presentAccount(ctx)
    if (other && other !== accountId) return { ask: 'account-switch', other }
    const after = await offeredAfter(ctx, visit, attempt)
    return after && { ask: 'passkey-offer', after }
  }

  // Not to whoever the application asked more of, or who used no message that a passkey could spare; not to a browser that
  // cannot, or whose person does not want it.
  async function offeredAfter(ctx: Context, visit: OpenVisit, attempt: Attempt): Promise<'email' | 'sms' | null> {
    const message = attempt.proofs.find(({ kind }) => kind === 'email' || kind === 'sms')?.kind
    if (!deps.passkeys || !message || visit.requirement.acr || deps.cookies.passkey(ctx) !== 'possible') return null
    if (!(await deps.passkeys.mayOffer(attempt))) return null
    return message === 'sms' ? 'sms' : 'email'
  }

  return lastQuestion
}

export type FindLastQuestion = ReturnType<typeof createLastQuestion>
