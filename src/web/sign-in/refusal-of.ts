import type { RefusalCode } from '../../base/index.ts'
import type { Outcome } from '../../signin/index.ts'

type Reason = Extract<Outcome, { outcome: 'refused' }>['reason']

/** What a person is told who has proven an address and yet may not come in. */
export function refusalOf(reason: Reason): RefusalCode {
  return reason === 'signup_closed' ? 'not_invited' : reason
}
