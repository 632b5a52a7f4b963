import { Refusal } from '../base/index.ts'

// SQLSTATE classes and codes (PostgreSQL Appendix A) that say "not now" and nothing about the statement:
// connection exceptions, no resources, operator intervention, read-only server, locks and time-outs; and roles or
// databases that are not there (yet).
const UNAVAILABLE_STATE = /^(08...|53...|57P0.|25006|25P03|55P03|57014|28P01|28000|3D000)$/
const UNAVAILABLE_SYSTEM =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|ETIMEDOUT|ENOTFOUND|EPIPE|EAI_AGAIN|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOENT)$/
// The driver's own words, which carry no code.
const UNAVAILABLE_WORDS =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|connection error and is not queryable|after calling end on the pool|Client was closed|timeout expired/i
const PRISMA_UNAVAILABLE = /^P10(00|01|02|03|08|17)$|^P20(24|37)$/
// After these the connection itself is whole and may serve the next one.
const CONNECTION_LIVES_ON = /^(55P03|57014)$/

interface Coded {
  code?: unknown
  message?: unknown
  routine?: unknown
  cause?: unknown
  errors?: unknown
  meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } }
}

const codeOf = (error: unknown): string => {
  const { code: outer, meta } = (error ?? {}) as Coded
  const code = meta?.driverAdapterError?.cause?.originalCode ?? outer // Prisma keeps the server's code beneath one of its own
  return typeof code === 'string' ? code : ''
}

/** The database cannot be asked at the moment: a fault of the way to it, not of the statement. */
function isUnavailable(error: unknown): boolean {
  const code = codeOf(error)
  if (UNAVAILABLE_STATE.test(code) || UNAVAILABLE_SYSTEM.test(code) || PRISMA_UNAVAILABLE.test(code)) return true
  const { message, errors } = (error ?? {}) as Coded
  if (Array.isArray(errors) && errors.some(isUnavailable)) return true // every address of a name was tried
  return typeof message === 'string' && UNAVAILABLE_WORDS.test(message)
}

/** The transaction lost against another one and may simply be tried again. */
export function isRetryable(error: unknown): boolean {
  return /^(40001|40P01)$/.test(codeOf(error)) || isStalePlan(error)
}

/** A migration changed a table under a prepared statement: the next connection prepares it anew. */
export function isStalePlan(error: unknown): boolean {
  return codeOf(error) === '0A000' && (error as Coded).routine === 'RevalidateCachedQuery'
}

/** The server answers, and takes no writes: it became a replica. */
export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === '25006' || (error instanceof Refusal && codeOf(error.cause) === '25006')
}

/** False when the connection must not serve anybody again: broken, read-only, or with stale plans. */
export function connectionLivesOn(error: unknown): boolean {
  if (error instanceof Refusal) return error.cause === undefined || connectionLivesOn(error.cause)
  if (isStalePlan(error)) return false
  return !isUnavailable(error) || CONNECTION_LIVES_ON.test(codeOf(error))
}

/** What leaves the store: `Refusal('unavailable')` for what is not the statement's fault, else the error itself. */
export function translated(error: unknown): unknown {
  if (error instanceof Refusal || !isUnavailable(error)) return error
  return new Refusal('unavailable', { cause: error })
}

/** One line for the operator: what is wrong with the way to the database, without address of persons or secrets. */
export function describeFailure(error: unknown): string {
  const { message, errors } = (error ?? {}) as Coded
  if (Array.isArray(errors) && errors.length > 0) return describeFailure(errors[0])
  const text = typeof message === 'string' && message !== '' ? message : String(error)
  const code = codeOf(error)
  return code && !text.includes(code) ? `${text} (${code})` : text
}
