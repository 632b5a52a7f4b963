/** Why an operation was not done. Each has its status, and the `type` of its problem ends in its code (RFC 9457). */
export const adminFaults = {
  bad_request: { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'Who you are was not proven' },
  insufficient_user_authentication: { status: 401, title: 'A younger or stronger proof is needed' }, // RFC 9470 §3
  insufficient_scope: { status: 403, title: 'The token lacks the scope' }, // RFC 6750 §3.1
  forbidden: { status: 403, title: 'Your role does not allow this' },
  not_found: { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'Something stands in the way' },
  owned_by_file: { status: 409, title: 'It is declared in the clients file: change it there' },
  last_administrator: { status: 409, title: 'The last administrator stays' },
  gone: { status: 410, title: 'It is over' },
  precondition_failed: { status: 412, title: 'It was changed meanwhile' }, // RFC 9110 §13.1.1
  invalid_input: { status: 422, title: 'The input is not right' },
  idempotency_mismatch: { status: 422, title: 'The Idempotency-Key was used with another request' },
} as const satisfies Readonly<Record<string, { status: number; title: string }>>

export type AdminFaultCode = keyof typeof adminFaults

/** One field that is not right, and why, in words. */
export interface FieldFault {
  /** Such as `redirect_uris[0]`; empty for the whole. */
  field: string
  words: string
}

/** Ends an operation: nothing of it was done. `detail` is for whoever asked, so it never holds internals. */
export class AdminFault extends Error {
  override name = 'AdminFault'
  readonly code: AdminFaultCode
  readonly status: number
  readonly detail: string
  readonly faults: readonly FieldFault[]

  constructor(code: AdminFaultCode, detail: string, faults: readonly FieldFault[] = []) {
    super(`${code}: ${detail}`)
    this.code = code
    this.status = adminFaults[code].status
    this.detail = detail
    this.faults = faults
  }
}
