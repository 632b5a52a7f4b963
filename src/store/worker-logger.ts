import { Logger } from 'graphile-worker'
import type { Log } from '../base/index.ts'

const LEVELS: Record<string, 'error' | 'warn' | 'debug'> = { error: 'error', warning: 'warn', info: 'debug', debug: 'debug' }

/** The queue's own lines, in our log. What it calls information is of use to nobody but its developers. */
export function workerLogger(log: Log): Logger {
  return new Logger(() => (level, message) => log[LEVELS[level] ?? 'debug']({ part: 'queue' }, message))
}
