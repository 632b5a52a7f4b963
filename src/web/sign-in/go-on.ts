import type { Context } from 'koa'
import { Refusal } from '../../base/index.ts'
import type { Interactions } from '../../oidc/index.ts'
import type { Devices, FactorOutcome } from '../../signin/index.ts'
import type { Cookies } from '../cookies.ts'
import type { Finish } from './finish.ts'
import type { FindLastQuestion } from './last-question.ts'
import { refusalOf } from './refusal-of.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface GoOnDeps {
  visits: Pick<Visits, 'seeOther'>
  interactions: Pick<Interactions, 'unmet'>
  devices: Pick<Devices, 'rememberSeconds'>
  cookies: Pick<Cookies, 'setDevice'>
  lastQuestion: FindLastQuestion
  finish: Finish
}

/**
 * Where a browser goes after an answer: to the application, to the next screen, or no further. Only the tab whose button
 * was pressed goes on. The proof is kept by now: what fails from here on is done once more by `…/continue`.
 */
export function createGoOn({ visits, interactions, devices, cookies, lastQuestion, finish }: GoOnDeps) {
  return async (ctx: Context, visit: OpenVisit, outcome: FactorOutcome): Promise<void> => {
    const { uid } = visit
    if (outcome.token) cookies.setDevice(ctx, outcome.token, devices.rememberSeconds)
    if (outcome.outcome === 'refused') throw new Refusal(refusalOf(outcome.reason))
    if (outcome.outcome === 'unmet') return visits.seeOther(ctx, await interactions.unmet(uid))
    if (outcome.outcome !== 'proven') return visits.seeOther(ctx, `/sign-in/${uid}`)
    const { attempt } = outcome
    if (await lastQuestion(ctx, visit, attempt)) return visits.seeOther(ctx, `/sign-in/${uid}/continue`)
    return finish(ctx, visit, attempt, null)
  }
}

export type GoOn = ReturnType<typeof createGoOn>
