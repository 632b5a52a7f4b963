import { type Logger, pino } from 'pino'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'>

const HIDDEN = '[hidden]'
/** Keys whose value never reaches the log, at the top and one level down. */
const SECRET_KEYS = [
  'authorization',
  'cookie',
  'code',
  'token',
  'link',
  'secret',
  'password',
  'target',
  'email',
  'phone',
  'body',
  'address',
]

/**
 * JSON lines on standard output. Secrets are kept out twice: callers do not pass them, and known keys are
 * hidden. Errors are logged by type, message and stack, with their causes.
 */
export function createLog(level: string, destination?: { write(line: string): void }): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(Date.now()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: HIDDEN },
  }
  return destination ? pino(options, destination) : pino(options)
}
