import { counterIn, gaugeIn, histogramIn, type Metrics } from '../base/index.ts'
import type { Pool } from './pool.ts'

/** Counters, gauges and times of the database connection. */
export function createDatabaseMetrics(metrics: Metrics, counts: Pool['counts']) {
  gaugeIn(metrics, 'doorward_database_connections', (gauge) => {
    for (const [state, count] of Object.entries(counts())) gauge.set({ state }, count)
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
