import type { Middleware } from 'koa'
import { maskEmail, Refusal } from '../../base/index.ts'
import type { Challenge } from '../../factors/index.ts'
import type { Attempt, Flow, Outcome, Prover } from '../../signin/index.ts'
import type { Cookies } from '../cookies.ts'
import { field } from '../request.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface StepDeps {
  visits: Visits
  flow: Flow
  prover: Prover
  cookies: Cookies
}

/** What the page after a wrong code must say. */
export const WRONG = 'wrong'
/** The same for an identifier that no method can use; what was typed follows. */
export const INVALID = 'invalid:'

const TYPED_MAX = 254

/** Every form of a sign-in. Steps never call steps: each ends in a redirect to the dispatcher. */
export function createSteps(deps: StepDeps) {
  const { visits, flow, prover, cookies } = deps
  const home = (uid: string) => `/sign-in/${uid}`

  const identify: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    // A field that people do not see: what fills it is a program.
    if (field(ctx, 'website') !== '') throw new Refusal('bad_request')
    const typed = field(ctx, 'identifier')
    const offer = flow.readIdentifier(typed)
    if (offer) await flow.start({ interactionUid: visit.uid, clientId: visit.interaction.clientId }, offer, visit.asker)
    else cookies.setFlash(ctx, visit.uid, INVALID + Buffer.from(typed.slice(0, TYPED_MAX)).toString('base64url'))
    visits.seeOther(ctx, home(visit.uid))
  }

  const answer: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const [attempt] = visit.attempts
    const challenge = attempt?.challenges[0]
    if (!attempt || !challenge) return visits.seeOther(ctx, home(visit.uid))
    const outcome = await prover.answerCode(attempt, challenge, field(ctx, 'code'), visit.asker)
    if (outcome.outcome === 'wrong' || outcome.outcome === 'unreadable') cookies.setFlash(ctx, visit.uid, WRONG)
    return goOn(ctx, visit, outcome)
  }

  const link: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const token = String(ctx.params.token)
    const found = prover.findByLink(visit.attempts, token)
    const outcome: Outcome = found
      ? await prover.answerLink(found.attempt, found.challenge, token, visit.asker)
      : { outcome: 'ended' }
    // Expired or replaced: the link's own page says so. Used by a press before this one: that one goes on.
    if (outcome.outcome === 'ended') {
      const [newest] = await flow.history(visit.uid)
      return visits.seeOther(ctx, newest?.state === 'proven' ? home(visit.uid) : ctx.path)
    }
    return goOn(ctx, visit, outcome)
  }

  const resend: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const [attempt] = visit.attempts
    const challenge = attempt?.challenges[0]
    if (attempt?.state === 'open' && challenge) await flow.resend(attempt, challenge, visit.asker)
    visits.seeOther(ctx, home(visit.uid))
  }

  const restart: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const [attempt] = visit.attempts
    if (attempt) await flow.restart(attempt)
    visits.seeOther(ctx, home(visit.uid))
  }

  /** Starts again with the address of the newest attempt, which the person need not type twice. */
  const again: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const challenge = newestChallenge(visit.attempts)
    const offer = challenge && flow.readIdentifier(challenge.target)
    if (offer) await flow.start({ interactionUid: visit.uid, clientId: visit.interaction.clientId }, offer, visit.asker)
    visits.seeOther(ctx, home(visit.uid))
  }

  function goOn(ctx: Parameters<Middleware>[0], visit: OpenVisit, outcome: Outcome): void {
    if (outcome.outcome === 'refused') throw new Refusal('not_invited')
    // Only the tab whose button was pressed goes on to the application.
    visits.seeOther(ctx, outcome.outcome === 'proven' ? `${home(visit.uid)}/continue` : home(visit.uid))
  }

  return { identify, answer, link, resend, restart, again }
}

/** The challenge whose address the person used last. */
export function newestChallenge(attempts: readonly Attempt[]): Challenge | undefined {
  return attempts[0]?.challenges[0]
}

/** Its address as the pages show it. */
export function maskedTarget(challenge: Challenge): string {
  return maskEmail(challenge.target)
}
