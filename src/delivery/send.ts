import type { Log } from '../base/index.ts'
import type { DeliveryMetrics } from './metrics.ts'
import { type MailRoute, type OutgoingMail, type SendResult, UNANSWERED } from './route.ts'

export type RoutedResult = SendResult & { route: string }

/**
 * Asks the routes in order until one accepts or refuses the mail. A mail that may have arrived by one route
 * (`UNANSWERED`) goes to no other in the same try. Without a route the mail is deferred.
 */
export async function sendByRoutes(
  deps: { routes: readonly MailRoute[]; metrics: DeliveryMetrics; log: Log },
  mail: OutgoingMail,
): Promise<RoutedResult> {
  let last: RoutedResult = { kind: 'deferred', reason: 'no_route', route: 'none' }
  for (const [index, route] of deps.routes.entries()) {
    const result = await safely(route, mail, deps.log)
    last = { ...result, route: route.name }
    if (result.kind !== 'deferred' || result.reason === UNANSWERED) return last
    if (index < deps.routes.length - 1) deps.metrics.count(route.name, 'failed_over', result.reason)
  }
  return last
}

// A route that throws has a fault of ours in it; whether the mail left is not known.
async function safely(route: MailRoute, mail: OutgoingMail, log: Log): Promise<SendResult> {
  try {
    return await route.send(mail)
  } catch (error) {
    log.error({ route: route.name, fault: error instanceof Error ? error.name : 'unknown' }, 'mail route failed')
    return { kind: 'deferred', reason: UNANSWERED }
  }
}
