import { Counter, Gauge, Histogram } from 'prom-client'
import type { Metrics } from '../base/index.ts'

export interface DeliveryMetrics {
  /** One outcome of one try; `failed_over` when the next route was asked instead. */
  count(route: string, outcome: string, reason: string): void
  /** Seconds from the request for a message to its hand-over. */
  handedOver(route: string, seconds: number): void
  /** Messages that wait, in the whole deployment. */
  waiting(messages: number): void
}

/** Registers the room's metrics; no label holds an address or a domain. */
export function createDeliveryMetrics(registry: Metrics): DeliveryMetrics {
  const registers = [registry]
  const messages = new Counter({
    name: 'doorward_messages_total',
    help: 'Tries to hand a message over, by what came of them',
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
  const gauge = new Gauge({
    name: 'doorward_messages_waiting',
    help: 'Messages not yet handed over, in the whole deployment',
    registers,
  })
  const channel = 'email'
  return {
    count: (route, outcome, reason) => messages.inc({ channel, route, outcome, reason }),
    handedOver: (route, value) => seconds.observe({ channel, route }, value),
    waiting: (value) => gauge.set(value),
  }
}
