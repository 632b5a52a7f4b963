import { createChallenge, verifySolution } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { z } from 'zod'
import { addSeconds, type Clock, randomFrom, type Secrets } from '../base/index.ts'

/**
 * Proof of work before a message is sent: the browser computes for a second what costs whoever asks for
 * thousands of texts hours. All is bound to a subject, the id of the challenge whose message is held.
 */
export interface ProofOfWork {
  /** A challenge for `subject` as JSON, as the ALTCHA protocol (v2) writes it. Good for ten minutes. */
  challengeFor(subject: string): Promise<string>
  /**
   * Whether a challenge of `subject` is solved; anything else that is sent answers false. What it is for happens once,
   * so that a solution need not be remembered.
   */
  check(subject: string, solution: string): Promise<boolean>
}

const ALGORITHM = 'PBKDF2/SHA-256'
/** Iterations of one step. The service does one step when it makes a challenge (1 ms), and none when it checks one. */
const STEP_ITERATIONS = 4000
/**
 * Steps until the solution, drawn evenly, so that nobody can begin with the likelier ones. On average a million
 * iterations: measured in Chromium, a quarter of a second on a desktop, one second (two at most) at a quarter of its speed.
 */
const STEPS_MAX = 500
const CHALLENGE_SECONDS = 10 * 60
const SOLUTION_CHARACTERS_MAX = 2000

const Payload = z.object({
  challenge: z.object({
    parameters: z.strictObject({
      algorithm: z.string(),
      cost: z.number(),
      expiresAt: z.number(),
      keyLength: z.number(),
      keyPrefix: z.string(),
      keySignature: z.string(),
      nonce: z.string(),
      salt: z.string(),
    }),
    signature: z.string(),
  }),
  solution: z.object({ counter: z.number(), derivedKey: z.string() }),
})

/** Proof of work by the ALTCHA protocol, without a third party. */
export function createProofOfWork(deps: { secrets: Secrets; clock: Clock }): ProofOfWork {
  const { secrets, clock } = deps

  async function challengeFor(subject: string): Promise<string> {
    const challenge = await createChallenge({
      ...keysOf(subject, secrets.currentId),
      algorithm: ALGORITHM,
      cost: STEP_ITERATIONS,
      counter: randomFrom(1, STEPS_MAX + 1),
      deriveKey,
      expiresAt: addSeconds(clock.now(), CHALLENGE_SECONDS),
    })
    return JSON.stringify(challenge)
  }

  async function check(subject: string, solution: string): Promise<boolean> {
    const payload = readPayload(solution)
    if (!payload) return false
    const { parameters } = payload.challenge
    const endsAt = new Date(parameters.expiresAt * 1000)
    if (!(endsAt > clock.now())) return false
    // Also by an older secret: an instance that has not learned of the newest one may have made it.
    for (const id of secrets.ids) {
      const { verified } = await verifySolution({ ...payload, ...keysOf(subject, id), deriveKey })
      if (verified) return true
    }
    return false
  }

  // The subject stands in the keys: it is bound without being shown.
  function keysOf(subject: string, secretId: string) {
    const key = (what: string) => secrets.hmac('proof-of-work', `${what}\n${subject}`, secretId).toString('base64url')
    return { hmacSignatureSecret: key('challenge'), hmacKeySignatureSecret: key('solution') }
  }

  return { challengeFor, check }
}

function readPayload(solution: string): z.infer<typeof Payload> | null {
  if (solution.length > SOLUTION_CHARACTERS_MAX) return null
  try {
    return Payload.safeParse(JSON.parse(Buffer.from(solution, 'base64').toString('utf8'))).data ?? null
  } catch {
    return null
  }
}
