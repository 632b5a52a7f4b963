import { counterIn, gaugeIn, histogramIn, type Metrics } from '../base/index.ts'
import type { Channel } from '../text/index.ts'

export interface DeliveryMetrics {
  /**
   * One outcome of one try; `failed_over` when the next route was asked instead; `delivered` and `bounced` when a
   * receipt said so.
   */
  count(channel: Channel, route: string, outcome: string, reason: string): void
  /** Seconds from the request for a message to its hand-over. */
  handedOver(channel: Channel, route: string, seconds: number): void
  /** Messages that wait, in the whole deployment. */
  waiting(messages: number): void
  /** Whether this process passes a route over. */
  breaker(channel: Channel, route: string, open: boolean): void
}

/** Registers the room's metrics; no label holds an address, a number or a domain. */
export function createDeliveryMetrics(registry: Metrics): DeliveryMetrics {
  const messages = counterIn(registry, 'doorward_messages_total')
  const seconds = histogramIn(registry, 'doorward_message_handover_seconds')
  const waiting = gaugeIn(registry, 'doorward_messages_waiting')
  const breaker = gaugeIn(registry, 'doorward_route_breaker_open')
  return {
    count: (channel, route, outcome, reason) => messages.inc({ channel, route, outcome, reason }),
    handedOver: (channel, route, value) => seconds.observe({ channel, route }, value),
    waiting: (value) => waiting.set(value),
    breaker: (channel, route, open) => breaker.set({ channel, route }, open ? 1 : 0),
  }
}
