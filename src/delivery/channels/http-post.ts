import { isLoopback } from '../index.ts'
import { UNANSWERED } from '../route.ts'
import { connectFault } from './connect-fault.ts'

const ANSWER_BYTES_MAX = 16 * 1024

/** What came of one request. `text` is the beginning of the answer's body. */
export type Posted =
  | { outcome: 'answered'; status: number; text: string }
  /** Nothing has left. */
  | { outcome: 'not_sent'; reason: string; operator: boolean }
  /** The request may have been taken. */
  | { outcome: typeof UNANSWERED }

/** Reads the address of a provider. Throws in words, without the address, unless it is https, or http on this machine. */
export function readProviderUrl(setting: string, text: string): URL {
  const url = URL.parse(text)
  if (!url || !['https:', 'http:'].includes(url.protocol)) throw new Error(`${setting} is no https:// address`)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new Error(`${setting} must be https:// unless it leads to this machine`)
  }
  if (url.username || url.password) throw new Error(`${setting} must not hold a user or password`)
  return url
}

/**
 * Posts once: no redirect is followed, no second try is made, TLS is verified, and all of it ends within
 * `deadlineSeconds`. The connection is not kept: one that the provider had closed meanwhile would leave it open whether
 * the message was taken.
 */
export async function postOnce(
  url: URL,
  request: { headers: Readonly<Record<string, string>>; body: string; deadlineSeconds: number },
): Promise<Posted> {
  const signal = AbortSignal.timeout(request.deadlineSeconds * 1000)
  const headers = { ...request.headers, connection: 'close' }
  try {
    const answer = await fetch(url, { method: 'POST', headers, body: request.body, redirect: 'manual', signal })
    return { outcome: 'answered', status: answer.status, text: await beginningOf(answer) }
  } catch (error) {
    const fault = connectFault((error as { cause?: unknown }).cause)
    return fault ? { outcome: 'not_sent', ...fault } : { outcome: UNANSWERED }
  }
}

// The status has said what counts: a body that breaks off or never ends changes nothing about it.
async function beginningOf(answer: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const part of answer.body ?? []) {
      parts.push(part)
      bytes += part.byteLength
      if (bytes > ANSWER_BYTES_MAX) break
    }
  } catch {
    // What has arrived is enough.
  }
  return Buffer.concat(parts).subarray(0, ANSWER_BYTES_MAX).toString('utf8')
}

/** The members of a JSON object; none of anything else. */
export function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** What a provider calls a message, if it is a name: visible ASCII, 200 characters at most. */
export function nameOf(value: unknown): string | null {
  return typeof value === 'string' && /^[\x21-\x7e]{1,200}$/.test(value) ? value : null
}
