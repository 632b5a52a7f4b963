import type { Context, Middleware } from 'koa'
import type { Audit } from '../../audit/index.ts'
import { addSeconds, type Clock } from '../../base/index.ts'
import type { Challenge } from '../../factors/index.ts'
import { type Flow, HELD_WAIT_SECONDS, nextStep, type ProofOfWork } from '../../signin/index.ts'
import type { Cookies } from '../cookies.ts'
import { field, whoOf } from '../request.ts'
import { countDown } from './count-down.ts'
import { heard, say } from './said.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface WorkDeps {
  visits: Visits
  flow: Pick<Flow, 'release' | 'restart'>
  proofOfWork: ProofOfWork
  cookies: Cookies
  audit: Pick<Audit, 'note'>
  clock: Clock
}

/** Proof of work before a message that costs money: the browser computes, or the person waits. */
export function createWork(deps: WorkDeps) {
  const { visits, proofOfWork, cookies } = deps

  async function show(ctx: Context, visit: OpenVisit, challenge: Challenge): Promise<void> {
    const left = addSeconds(challenge.chosenAt, HELD_WAIT_SECONDS).getTime() - deps.clock.now().getTime()
    visits.show(ctx, visit, 'proof-of-work', {
      challenge: await proofOfWork.challengeFor(challenge.id),
      form: visits.form(visit, 'work'),
      waitSeconds: countDown(left / 1000),
      early: heard(cookies, ctx, visit.uid, ['early']) !== null,
      restart: visits.form(visit, 'restart'),
    })
  }

  /** The challenge is released once, whatever solves it; so a solution need not be remembered. */
  const answer: Middleware = async (ctx) => {
    const visit = await visits.loadPosted(ctx, 'login')
    const step = nextStep(visit.attempts[0] ?? null, deps.clock.now())
    if (step.screen === 'proof-of-work') {
      const solution = field(ctx, 'solution')
      const worked = solution !== '' && (await proofOfWork.check(step.challenge.id, solution))
      if (solution !== '' && !worked) await deps.audit.note('proof_of_work.refused', { ...whoOf(ctx), detail: {} })
      const released = await deps.flow.release(step.attempt, step.challenge, worked ? 'work' : 'wait', visit.asker())
      if (released === 'early') say(cookies, ctx, visit.uid, 'early')
      if (released === 'closed') {
        await deps.flow.restart(step.attempt)
        say(cookies, ctx, visit.uid, 'texts_closed')
      }
    }
    visits.seeOther(ctx, `/sign-in/${visit.uid}`)
  }

  return { show, answer }
}

export type Work = ReturnType<typeof createWork>
