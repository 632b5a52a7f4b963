import type pg from 'pg'
import { Counter, Gauge } from 'prom-client'
import type { Metrics } from '../base/index.ts'

/** Counters and gauges of the database connection. */
export function createDatabaseMetrics(metrics: Metrics, pool: pg.Pool) {
  const registers = [metrics]
  new Gauge({
    name: 'doorward_database_connections',
    help: 'Connections of the pool by state; waiting counts requests for one.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'idle' }, pool.idleCount)
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount)
      this.set({ state: 'waiting' }, pool.waitingCount)
    },
  })
  return {
    failures: new Counter({
      name: 'doorward_database_failures_total',
      help: 'Statements and transactions that ended because the database could not be asked.',
      registers,
    }),
    retries: new Counter({
      name: 'doorward_database_retries_total',
      help: 'Transactions tried again after a serialization failure or a deadlock.',
      registers,
    }),
    skew: new Gauge({
      name: 'doorward_clock_skew_seconds',
      help: 'Clock of the database less clock of this process.',
      registers,
    }),
  }
}
