import { type Logger, pino } from 'pino'
import { traceFields } from './tracing.ts'

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
 * hidden. Errors are logged by type, message and stack, with their causes. Where traces are made, a line names its own.
 */
export function createLog(level: string, destination?: { write(line: string): void }): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(Date.now()).toISOString()}"`,
    mixin: traceFields,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => faultOf(error) },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: HIDDEN },
  }
  return destination ? pino(options, destination) : pino(options)
}

const CAUSES_MAX = 5

// Only what helps to find a fault. Drivers hang values of rows on their errors (`detail`, `where`): never those.
function faultOf(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'object' ? HIDDEN : String(error)
  const { name, message, stack, cause } = error
  const errorCode = (error as { code?: unknown }).code
  return {
    type: name,
    message,
    ...(typeof errorCode === 'string' ? { errorCode } : {}),
    stack,
    ...(cause !== undefined && depth < CAUSES_MAX ? { cause: faultOf(cause, depth + 1) } : {}),
  }
}
