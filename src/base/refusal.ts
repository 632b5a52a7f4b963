/**
 * Why a request ends without being served. Each code has its page text under `refusal.<code>` in the locales
 * and its HTTP status here; a test proves that none lacks its words.
 */
export const refusals = {
  bad_request: { status: 400 },
  sign_in_not_open: { status: 400 },
  forged_request: { status: 403 },
  application_off: { status: 403 },
  not_invited: { status: 403 },
  account_closed: { status: 403 },
  address_waits: { status: 403 },
  not_found: { status: 404 },
  method_not_allowed: { status: 405 },
  too_large: { status: 413 },
  unsupported_media_type: { status: 415 },
  too_many_requests: { status: 429 },
  internal: { status: 500 },
  unavailable: { status: 503 },
} as const

export type RefusalCode = keyof typeof refusals

/** Ends a request. What a person may know is in `code`; `cause` is for the log only. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly code: RefusalCode
  readonly status: number
  readonly retryAfterSeconds: number | undefined

  constructor(code: RefusalCode, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(code, { cause: options.cause })
    this.code = code
    this.status = refusals[code].status
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
