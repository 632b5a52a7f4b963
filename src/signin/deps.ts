import type { Accounts } from '../accounts/index.ts'
import type { Audit, EventWho } from '../audit/index.ts'
import type { Clock, PhoneNumber, Secrets, Transact } from '../base/index.ts'
import type { Delivery } from '../delivery/index.ts'
import type { Factor } from '../factors/index.ts'
import type { Guesses, Limits } from '../limits/index.ts'
import type { AttemptStore } from './attempt.ts'
import type { KnownBrowsers } from './known-browser.ts'

/** Numbers of the policy, in seconds and pieces. */
export interface SignInPolicy {
  codeTtlSeconds: number
  codeCapSeconds: number
  messagesMax: number
  triesMax: number
  failuresMax: number
  resendWaitSeconds: number
  /** Before which messages a proof of work is always asked for. A breaker may ask for it besides. */
  proofOfWork: 'off' | 'texts' | 'always'
}

/** What the budget says about text messages. Both throw `Refusal('unavailable')` when it cannot be read. */
export interface Texts {
  /**
   * Whether a text may be asked for now: `proof` wants a proof of work first. It reads only; the money is counted
   * before the text is sent. Without a number: whether any text may. Strangers cannot use up what a known browser may.
   */
  gate(number: PhoneNumber | null, clientId: string, knownBrowser: boolean): Promise<'open' | 'proof' | 'closed'>
  /** A code that was texted there was typed. */
  proven(number: PhoneNumber): Promise<void>
}

export interface FlowDeps {
  store: AttemptStore
  transact: Transact
  factors: ReadonlyMap<string, Factor>
  /** Null where no texts can be sent. */
  texts: Texts | null
  delivery: Pick<Delivery, 'queue' | 'allow' | 'lift'>
  limits: Limits
  guesses: Guesses
  accounts: Pick<Accounts, 'byEmail'>
  knownBrowsers: KnownBrowsers
  audit: Audit
  secrets: Secrets
  clock: Clock
  policy: SignInPolicy
}

/** Who asks: the browser and the request, as the server sees them. */
export interface Asker {
  ipSubject: string
  /** Value of the known-browser cookie. */
  knownCookie: string | undefined
  device: string
  locale: string
  /** Where a number without a country code may be from, likeliest first. */
  countries: readonly string[]
  /** Value of the remembered-device cookie. */
  deviceToken: string | undefined
  who: EventWho
}

/** For what the person signs in. */
export interface Purpose {
  interactionUid: string
  clientId: string
}
