// The security and reliability requirements: what each says, which file carries it, and why some need no test of
// ours. Whether one is met is not written here: it is when a test's title begins with its number.
import { abuse } from './requirements/abuse.ts'
import { browser } from './requirements/browser.ts'
import { emailSignIn } from './requirements/email-sign-in.ts'
import { faults } from './requirements/faults.ts'
import { identity } from './requirements/identity.ts'
import { operation } from './requirements/operation.ts'
import { outbound } from './requirements/outbound.ts'
import { promises } from './requirements/promises.ts'
import { protocol } from './requirements/protocol.ts'
import { secondFactors } from './requirements/second-factors.ts'

/** One requirement. At most one of the two reasons is given. */
export interface Requirement {
  /** What the service promises, in one line. */
  says: string
  /** Files that carry it, from the top of the project. */
  code?: readonly string[]
  /** Why the engine keeps it by itself, as it is configured here. */
  byEngine?: string
  /** Why it does not apply to this product. */
  notApplicable?: string
  /** What is still missing: of one that is open, or beyond the tests of one that is met. */
  note?: string
}

/** By number: `R-001`, `S-1`, `F-01`. */
export type Requirements = Readonly<Record<string, Requirement>>

/** All requirements, by the sections of the page. */
export const sections: readonly { title: string; requirements: Requirements }[] = [
  { title: 'Protocol', requirements: protocol },
  { title: 'Sign-in by link and code', requirements: emailSignIn },
  { title: 'Addresses and accounts', requirements: identity },
  { title: 'Second factors and recovery', requirements: secondFactors },
  { title: 'Sessions, cookies, browser', requirements: browser },
  { title: 'Abuse', requirements: abuse },
  { title: 'Outbound requests and addresses given by clients', requirements: outbound },
  { title: 'Secrets, keys, logs, templates, administration', requirements: operation },
  { title: 'Promises of reliability', requirements: promises },
  { title: 'Faults that are tried', requirements: faults },
]
