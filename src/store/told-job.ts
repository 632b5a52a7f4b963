import { counterIn, histogramIn, inSpan, type Metrics, traceparent } from '../base/index.ts'

/** Where a job's payload keeps the trace in which it was added. It names no person. */
const TRACE = 'traceparent'

/** The payload of a new job, with the trace that it will follow where there is one. */
export function withTrace(payload: Record<string, string>): Record<string, string> {
  const trace = traceparent()
  return trace === null ? payload : { ...payload, [TRACE]: trace }
}

/**
 * Runs one try of a job as a span of its own, linked to what added it, and counts it. Work that comes from a timetable
 * (`every`) is housekeeping and makes a span too, so that a slow one is seen.
 */
export function createJobTeller(metrics: Metrics) {
  const jobs = counterIn(metrics, 'doorward_jobs_total')
  const seconds = histogramIn(metrics, 'doorward_job_seconds')

  return async (
    task: string,
    attempt: number,
    payload: Record<string, string>,
    work: (payload: Record<string, string>) => Promise<void>,
  ): Promise<void> => {
    const { [TRACE]: follows, ...ids } = payload
    const fields = { 'doorward.task': task, 'doorward.attempt': attempt }
    const began = performance.now()
    let outcome = 'failed'
    try {
      await inSpan({ name: `job ${task}`, kind: 'consumer', fields, follows }, () => work(ids))
      outcome = 'done'
    } finally {
      jobs.inc({ task, outcome })
      seconds.observe({ task }, (performance.now() - began) / 1000)
    }
  }
}
