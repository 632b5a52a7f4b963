import { type Clock, inSpan, type Log } from '../base/index.ts'
import type { Channel } from '../text/index.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import type { DeliveryMetrics } from './metrics.ts'
import { createPlaces } from './places.ts'
import { type Route, type SendResult, UNANSWERED } from './route.ts'

export type RoutedResult = SendResult & { route: string }

/** No route was asked, since each has failed too often just now. */
const BREAKER_OPEN = 'breaker_open'
/** No route was asked, since each takes its time for as many messages as it is given at once. */
const ROUTE_BUSY = 'route_busy'

interface SendDeps<M> {
  channel: Channel
  /** In order of preference. */
  routes: readonly Route<M>[]
  /** How many messages a route is given at once. */
  atOnceMax: number
  metrics: DeliveryMetrics
  clock: Clock
  log: Log
}

/**
 * Asks the routes in order until one accepts or refuses the message. A message that may have arrived by one route
 * (`UNANSWERED`) goes to no other in the same try. A route whose breaker is open is passed over at once, and one that has
 * all that it is given at once after a second. Without a route the message is deferred. What is told of a failure is what the last route said that was asked.
 */
export function createSend<M>(deps: SendDeps<M>): (message: M) => Promise<RoutedResult> {
  const { channel, metrics, log } = deps
  const guarded = deps.routes.map((route) => ({
    route,
    breaker: breakerOf(deps, route.name),
    places: createPlaces(deps.atOnceMax),
  }))

  return async (message) => {
    let said: RoutedResult = { kind: 'deferred', reason: 'no_route', route: 'none' }
    let asked = false
    for (const [index, { route, breaker, places }] of guarded.entries()) {
      const leave = await places.take()
      const result = leave && breaker.enter() ? await safely(route, message) : null
      leave?.()
      if (result) account(breaker, result)
      const passedOver = leave ? BREAKER_OPEN : ROUTE_BUSY
      if (result || !asked) said = { ...(result ?? { kind: 'deferred', reason: passedOver }), route: route.name }
      asked ||= result !== null
      if (result && isFinal(result)) return said
      const reason = result?.kind === 'deferred' ? result.reason : passedOver
      if (index < guarded.length - 1) metrics.count(channel, route.name, 'failed_over', reason)
    }
    return said
  }

  // A route that throws has a fault of ours in it; whether the message left is not known.
  async function safely(route: Route<M>, message: M): Promise<SendResult> {
    const fields = { 'doorward.channel': channel, 'doorward.route': route.name }
    try {
      return await inSpan({ name: `hand over ${channel}`, kind: 'client', fields }, async (span) => {
        const result = await route.send(message)
        span.say('doorward.outcome', result.kind)
        if (result.kind !== 'accepted') span.say('doorward.reason', result.reason)
        return result
      })
    } catch (error) {
      log.error({ channel, route: route.name, fault: error instanceof Error ? error.name : 'unknown' }, 'a route failed')
      return { kind: 'deferred', reason: UNANSWERED }
    }
  }
}

function isFinal(result: SendResult): boolean {
  return result.kind !== 'deferred' || result.reason === UNANSWERED
}

// A recipient who is refused or has to wait says nothing against the route: else strangers could shut it.
function account(breaker: Breaker, result: SendResult): void {
  if (result.kind === 'deferred' && !result.recipientOnly) breaker.failed()
  else breaker.worked()
}

function breakerOf<M>({ channel, metrics, clock, log }: SendDeps<M>, route: string): Breaker {
  metrics.breaker(channel, route, false)
  return createBreaker(clock, (open) => {
    metrics.breaker(channel, route, open)
    if (open) log.error({ channel, route }, 'a route failed too often in a row: it is passed over for a while')
    else log.info({ channel, route }, 'a route works again')
  })
}
