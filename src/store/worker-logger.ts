import { Logger } from 'graphile-worker'
import type { Log } from '../base/index.ts'

const LEVELS: Record<string, 'error' | 'warn' | 'debug'> = { error: 'error', warning: 'warn', info: 'debug', debug: 'debug' }

// Meant so: a job holds a connection while it asks the database, and most of its time it waits for somebody else.
const FEWER_CONNECTIONS = /maxPoolSize.*smaller than concurrency/

/** The queue's own lines, in our log. What it calls information is of use to nobody but its developers. */
export function workerLogger(log: Log): Logger {
  return new Logger(() => (level, message) => {
    const ours = FEWER_CONNECTIONS.test(message) ? 'debug' : (LEVELS[level] ?? 'debug')
    log[ours]({ part: 'queue' }, message)
  })
}
