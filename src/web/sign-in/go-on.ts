import type { Context } from 'koa'
import { Refusal } from '../../base/index.ts'
import type { Interactions } from '../../oidc/index.ts'
import type { Devices, FactorOutcome } from '../../signin/index.ts'
import type { Cookies } from '../cookies.ts'
import { refusalOf } from './refusal-of.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface GoOnDeps {
  visits: Pick<Visits, 'seeOther'>
  interactions: Pick<Interactions, 'unmet'>
  devices: Pick<Devices, 'rememberSeconds'>
  cookies: Pick<Cookies, 'setDevice'>
}

/** Where a browser goes after an answer: to the application, to the next screen, or no further. */
export function createGoOn({ visits, interactions, devices, cookies }: GoOnDeps) {
  return async (ctx: Context, { uid }: OpenVisit, outcome: FactorOutcome): Promise<void> => {
    if (outcome.token) cookies.setDevice(ctx, outcome.token, devices.rememberSeconds)
    if (outcome.outcome === 'refused') throw new Refusal(refusalOf(outcome.reason))
    if (outcome.outcome === 'unmet') return visits.seeOther(ctx, await interactions.unmet(uid))
    visits.seeOther(ctx, outcome.outcome === 'proven' ? `/sign-in/${uid}/continue` : `/sign-in/${uid}`)
  }
}
