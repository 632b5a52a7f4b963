import { refusals } from '../base/index.ts'
import { adminFaults } from './fault.ts'

/**
 * Every problem that the admin API answers with (RFC 9457), by the code that its `type` ends in: what operations say,
 * and what happens before and around them.
 */
export const apiProblems = {
  ...adminFaults,
  method_not_allowed: { status: refusals.method_not_allowed.status, title: 'This path does not know this method' },
  too_large: { status: refusals.too_large.status, title: 'The body is too large' },
  unsupported_media_type: { status: refusals.unsupported_media_type.status, title: 'The body must be application/json' },
  too_many_requests: { status: refusals.too_many_requests.status, title: 'Too many requests: wait a moment' },
  internal: { status: refusals.internal.status, title: 'Something failed here; nothing was done' },
  unavailable: { status: refusals.unavailable.status, title: 'Not at the moment: try again' },
} as const satisfies Readonly<Record<string, { status: number; title: string }>>

export type ApiProblemCode = keyof typeof apiProblems

export function isApiProblem(code: string): code is ApiProblemCode {
  return Object.hasOwn(apiProblems, code)
}
