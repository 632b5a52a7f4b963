import type { Middleware } from 'koa'
import { type Clock, maskAddress, Refusal } from '../../base/index.ts'
import { type Attempt, type Flow, nextStep, type Outcome, type Prover, typedChallenge } from '../../signin/index.ts'
import type { Cookies } from '../cookies.ts'
import { field } from '../request.ts'
import type { GoOn } from './go-on.ts'
import type { PasskeyScreens } from './passkeys.ts'
import { say } from './said.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface StepDeps {
  visits: Visits
  flow: Flow
  prover: Prover
  cookies: Cookies
  goOn: GoOn
  /** Null where there are none. */
  passkeyScreens: Pick<PasskeyScreens, 'notePossible'> | null
  clock: Clock
}

/** The forms of a sign-in by one method. Steps never call steps: each ends in a redirect. */
export function createSteps(deps: StepDeps) {
  const { visits, flow, prover, cookies, goOn } = deps
  const home = (uid: string) => `/sign-in/${uid}`

  const identify: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    // A field that people do not see: what fills it is a program.
    if (field(ctx, 'website') !== '') throw new Refusal('bad_request')
    deps.passkeyScreens?.notePossible(ctx)
    await begin(ctx, visit, field(ctx, 'identifier'))
  }

  /** Starts again with the address that began the newest attempt, which the person need not type twice. */
  const again: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const challenge = visit.attempts[0] && typedChallenge(visit.attempts[0])
    if (!challenge) return visits.seeOther(ctx, home(visit.uid))
    await begin(ctx, visit, challenge.target)
  }

  async function begin(ctx: Parameters<Middleware>[0], visit: OpenVisit, typed: string): Promise<void> {
    const offer = flow.readIdentifier(typed, visit.asker().countries, visit.methods)
    if (offer === null) say(cookies, ctx, visit.uid, 'address_invalid', typed)
    else if (offer === 'unfit') say(cookies, ctx, visit.uid, 'phone_unfit', typed)
    else {
      const purpose = { interactionUid: visit.uid, clientId: visit.interaction.clientId }
      const begun = await flow.start(purpose, offer, visit.requirement, visit.asker())
      if (begun === 'closed') say(cookies, ctx, visit.uid, 'texts_closed')
    }
    visits.seeOther(ctx, home(visit.uid))
  }

  const answer: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
    if (step.screen !== 'wait') return visits.seeOther(ctx, home(visit.uid))
    const outcome = await prover.answerCode(step.attempt, step.challenge, field(ctx, 'code'), visit.asker())
    if (outcome.outcome === 'wrong' || outcome.outcome === 'unreadable') say(cookies, ctx, visit.uid, 'wrong')
    return goOn(ctx, visit, outcome)
  }

  const link: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const token = String(ctx.params.token)
    const found = prover.findByLink(visit.attempts, token)
    const outcome: Outcome = found
      ? await prover.answerLink(found.attempt, found.challenge, token, visit.asker())
      : { outcome: 'ended' }
    // Expired or replaced: the link's own page says so. Used by a press before this one: that one goes on.
    if (outcome.outcome === 'ended') {
      const [newest] = await flow.history(visit.uid)
      return visits.seeOther(ctx, newest?.state === 'proven' ? home(visit.uid) : ctx.path)
    }
    return goOn(ctx, visit, outcome)
  }

  const resend = sendingBy(flow.resend)
  /** To an address that refused messages before. */
  const retry = sendingBy(flow.retry)

  function sendingBy(send: Flow['resend']): Middleware {
    return async (ctx) => {
      const visit = await visits.loadPosted(ctx, 'login')
      const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
      if (step.screen === 'wait') await send(step.attempt, step.challenge, visit.asker())
      visits.seeOther(ctx, home(visit.uid))
    }
  }

  const restart: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const [attempt] = visit.attempts
    if (attempt) await flow.restart(attempt)
    visits.seeOther(ctx, ctx.query.another === undefined ? home(visit.uid) : `${home(visit.uid)}?another=1`)
  }

  return { identify, answer, link, resend, retry, restart, again }
}

/** The address that an attempt began with, as the pages show it. */
export function maskedTyped(attempt: Attempt): string {
  const challenge = typedChallenge(attempt)
  return challenge ? maskAddress(challenge.target) : ''
}
