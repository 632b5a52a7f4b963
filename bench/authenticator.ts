import { generateSync } from 'otplib'

const STEP_SECONDS = 30

/** A person's authenticator app. */
export interface Authenticator {
  /** Whether there is a code that was not used yet and is good now: that of this half minute, or of the next. */
  hasCode(): boolean
  /** That code, which is used by it. Throws where there is none. */
  nextCode(): string
}

/** @param seed base32 */
export function createAuthenticator(seed: string, now: () => number = Date.now): Authenticator {
  let used = 0
  const presentStep = () => Math.floor(now() / 1000 / STEP_SECONDS)
  const hasCode = () => used <= presentStep()
  return {
    hasCode,
    nextCode() {
      if (!hasCode()) throw new Error('the app shows no code that was not used')
      used = Math.max(presentStep(), used + 1)
      return generateSync({ secret: seed, epoch: used * STEP_SECONDS, period: STEP_SECONDS, digits: 6, algorithm: 'sha1' })
    },
  }
}
