import type { Context } from 'koa'
import type { Accounts } from '../../accounts/index.ts'
import type { Clock } from '../../base/index.ts'
import type { Interactions } from '../../oidc/index.ts'
import type { OpenVisit, Visits } from './visit.ts'

export interface RescueWaitDeps {
  visits: Pick<Visits, 'show' | 'form'>
  interactions: Pick<Interactions, 'heldUntil' | 'holdsAny'>
  accounts: Pick<Accounts, 'find'>
  clock: Clock
}

/** An application that waits longer after a rescue than the rescue itself: until then it takes nobody who got back in so. */
export function createRescueWait({ visits, interactions, accounts, clock }: RescueWaitDeps) {
  /** Null where nobody is made to wait. */
  async function until(visit: OpenVisit, accountId: string): Promise<Date | null> {
    const asking = { ...visit.requirement, waitSeconds: visit.rescueWaitSeconds }
    if (!interactions.holdsAny(asking)) return null
    const account = await accounts.find(accountId)
    return account && interactions.heldUntil(account, asking)
  }

  /** True when the page that says so was drawn. */
  async function show(ctx: Context, visit: OpenVisit, accountId: string): Promise<boolean> {
    const end = await until(visit, accountId)
    if (end) draw(ctx, visit, end)
    return end !== null
  }

  function draw(ctx: Context, visit: OpenVisit, end: Date): void {
    visits.show(ctx, visit, 'rescue-wait', {
      until: end,
      now: clock.now(),
      leave: visits.form(visit, 'leave'),
      restart: visits.form(visit, 'restart?another=1'),
    })
  }

  return { until, show, draw }
}

export type RescueWait = ReturnType<typeof createRescueWait>
