import { addSeconds, type Tx } from '../base/index.ts'
import { messageView } from '../delivery/index.ts'
import { type Challenge, isOnFile } from '../factors/index.ts'
import type { LimitRequest } from '../limits/index.ts'
import type { RefusedWhy } from '../text/index.ts'
import type { Attempt } from './attempt.ts'
import type { Asker, FlowDeps } from './deps.ts'
import { createPhases } from './phases.ts'

/** Further messages of a challenge, whatever it is for, and what its page may say of them. */
export function createResend(deps: Omit<FlowDeps, 'accounts'>) {
  const { store, transact, clock, policy } = deps
  const { takeForMessage, queueMessage } = createPhases(deps)

  /** Sends the same link and code once more, if one is due; the caller shows the same page either way. */
  async function resend(attempt: Attempt, challenge: Challenge, asker: Asker): Promise<void> {
    if (!resendDue(challenge, clock.now())) return
    await sendAgain(attempt, challenge, asker, policy.resendWaitSeconds)
  }

  /**
   * The person says that their address takes messages again: one goes out despite what is remembered. It is forgotten
   * when they prove that it arrived. Anything else that is asked for here is a resend.
   */
  async function retry(attempt: Attempt, challenge: Challenge, asker: Asker): Promise<void> {
    if (challenge.state !== 'open' || challenge.expiresAt <= clock.now()) return
    if (!mayRetry(challenge)) return resend(attempt, challenge, asker)
    const allow = (tx: Tx, messageId: string) => deps.delivery.allow(tx, challenge.targetKey, messageId)
    await sendAgain(attempt, challenge, asker, RETRY_WAIT_SECONDS, allow)
  }

  /** Whether the newest message was refused for what is remembered of the address, and another one may go. */
  function mayRetry(challenge: Challenge): boolean {
    const message = challenge.newest && messageView(challenge.newest)
    const remembered = message?.state === 'refused' && REMEMBERED.includes(message.why)
    return remembered && !isOnFile(challenge) && resendState(challenge).left > 0
  }

  async function sendAgain(
    attempt: Attempt,
    challenge: Challenge,
    asker: Asker,
    waitSeconds: number,
    also?: (tx: Tx, messageId: string) => Promise<void>,
  ): Promise<void> {
    const now = clock.now()
    const taken: LimitRequest[] = await takeForMessage(attempt.clientId, challenge, challenge.knownBrowser, asker)
    const added = await transact(async (tx) => {
      const allowed = { messagesMax: policy.messagesMax, notAfter: addSeconds(now, -waitSeconds) }
      if (!(await store.addMessage(tx, challenge.id, allowed, now))) return false
      const message = await queueMessage(tx, attempt, challenge)
      await also?.(tx, message.id)
      return true
    })
    if (!added) await deps.limits.giveBack(taken)
  }

  /** How many messages are left, and in how many seconds the next may go. */
  function resendState(challenge: Challenge): { left: number; waitSeconds: number } {
    const due = addSeconds(challenge.lastSentAt, policy.resendWaitSeconds).getTime()
    return {
      left: Math.max(0, policy.messagesMax - challenge.messages),
      waitSeconds: Math.max(0, Math.ceil((due - clock.now().getTime()) / 1000)),
    }
  }

  /**
   * Which code the page may take now: five wrong ones close it for this challenge; an address under attack takes
   * the long one only.
   */
  function codeForm(challenge: Challenge): 'short' | 'long' | 'closed' {
    if (challenge.tries >= policy.triesMax) return 'closed'
    return challenge.shortCode && challenge.failures < policy.failuresMax ? 'short' : 'long'
  }

  function resendDue(challenge: Challenge, now: Date): boolean {
    const { left, waitSeconds } = resendState(challenge)
    return challenge.state === 'open' && challenge.expiresAt > now && left > 0 && waitSeconds === 0
  }

  return { resend, mayRetry, retry, resendState, codeForm }
}

/** Refusals that hold for the next message too, until the person says otherwise. */
const REMEMBERED: readonly RefusedWhy[] = ['bounced', 'opted_out', 'unreachable']

/** Two presses of one button are one. */
const RETRY_WAIT_SECONDS = 5
