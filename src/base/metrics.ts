import { Registry } from 'prom-client'

/** The registry of this process. Rooms register their own counters on it. */
export type Metrics = Registry

/** A fresh registry: one per process, so that tests can start several services side by side. */
export function createMetrics(): Metrics {
  return new Registry()
}
