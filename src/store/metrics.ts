import type pg from 'pg'
import { counterIn, gaugeIn, histogramIn, type Metrics } from '../base/index.ts'

/** Counters, gauges and times of the database connection. */
export function createDatabaseMetrics(metrics: Metrics, pool: pg.Pool) {
  gaugeIn(metrics, 'doorward_database_connections', (gauge) => {
    gauge.set({ state: 'idle' }, pool.idleCount)
    gauge.set({ state: 'busy' }, pool.totalCount - pool.idleCount)
    gauge.set({ state: 'waiting' }, pool.waitingCount)
    gauge.set({ state: 'max' }, pool.options.max)
  })
  return {
    failures: counterIn(metrics, 'doorward_database_failures_total'),
    retries: counterIn(metrics, 'doorward_database_retries_total'),
    skew: gaugeIn(metrics, 'doorward_clock_skew_seconds'),
    wait: histogramIn(metrics, 'doorward_database_wait_seconds'),
    statement: histogramIn(metrics, 'doorward_database_statement_seconds'),
  }
}

export type DatabaseMetrics = ReturnType<typeof createDatabaseMetrics>
