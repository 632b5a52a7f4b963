import { Counter, Gauge, Histogram } from 'prom-client'
import type { Metrics } from '../base/index.ts'
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
  const registers = [registry]
  const messages = new Counter({
    name: 'doorward_messages_total',
    help: 'Tries to hand a message over, and receipts, by what came of them',
    labelNames: ['channel', 'route', 'outcome', 'reason'],
    registers,
  })
  const seconds = new Histogram({
    name: 'doorward_message_handover_seconds',
    help: 'Seconds from the request for a message to its hand-over to the next server',
    labelNames: ['channel', 'route'],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600],
    registers,
  })
  const waiting = new Gauge({
    name: 'doorward_messages_waiting',
    help: 'Messages not yet handed over, in the whole deployment',
    registers,
  })
  const breaker = new Gauge({
    name: 'doorward_route_breaker_open',
    help: '1 while this process passes the route over, since it failed too often in a row',
    labelNames: ['channel', 'route'],
    registers,
  })
  return {
    count: (channel, route, outcome, reason) => messages.inc({ channel, route, outcome, reason }),
    handedOver: (channel, route, value) => seconds.observe({ channel, route }, value),
    waiting: (value) => waiting.set(value),
    breaker: (channel, route, open) => breaker.set({ channel, route }, open ? 1 : 0),
  }
}
