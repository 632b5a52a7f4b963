import { pino } from 'pino'
import { standardOutput } from './log-output.ts'
import { traceFields } from './tracing.ts'

/** A line, with its fields or without. No value is put into the line itself: what is hidden is looked for in fields. */
interface Say {
  (fields: object, line: string): void
  (line: string): void
}
export type Log = Record<'debug' | 'info' | 'warn' | 'error', Say>

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
const SECRETS: ReadonlySet<string> = new Set(SECRET_KEYS)
/** Where an error stands in a line; see `faultOf`. */
const FAULT = 'err'

/**
 * JSON lines on standard output. Secrets are kept out twice: callers do not pass them, and known keys are
 * hidden. Errors are logged by type, message and stack, with their causes. Where traces are made, a line names its own.
 */
export function createLog(level: string, destination: { write(line: string): void } = standardOutput()): Log {
  const options = {
    level,
    base: null,
    timestamp: createTimestamp(),
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => hideBelow(withTrace(fields)),
    },
    serializers: { [FAULT]: (error: unknown) => faultOf(error) },
    redact: { paths: SECRET_KEYS, censor: HIDDEN },
  }
  return pino(options, destination)
}

/** The time of a line, in ISO 8601; all but the milliseconds is written once for each second. */
function createTimestamp(): () => string {
  let second = Number.NaN
  let upToSecond = ''
  return () => {
    const now = Date.now()
    const milliseconds = now % 1000
    if (now - milliseconds !== second) {
      second = now - milliseconds
      upToSecond = new Date(second).toISOString().slice(0, -'000Z'.length)
    }
    return `,"time":"${upToSecond}${String(milliseconds).padStart(3, '0')}Z"`
  }
}

function withTrace(fields: Record<string, unknown>): Record<string, unknown> {
  const trace = traceFields()
  return trace === null ? fields : { ...trace, ...fields }
}

// pino hides the keys at the top. Its patterns for those one level down cost eight times what the rest of a line does,
// since they look into every value.
function hideBelow(fields: Record<string, unknown>): Record<string, unknown> {
  let hidden: Record<string, unknown> | null = null
  for (const key in fields) {
    const value = fields[key]
    if (typeof value !== 'object' || value === null || key === FAULT) continue
    const secrets = Object.keys(value).filter((name) => SECRETS.has(name))
    if (secrets.length === 0) continue
    hidden ??= { ...fields }
    hidden[key] = { ...value, ...Object.fromEntries(secrets.map((name) => [name, HIDDEN])) }
  }
  return hidden ?? fields
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
