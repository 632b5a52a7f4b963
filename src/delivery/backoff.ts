import { addSeconds, hashOf } from '../base/index.ts'

const DELAYS_SECONDS = [5, 15, 30, 60]
const DELAY_SECONDS_MAX = 60

/**
 * When to try again after `tries` tries: 5, 15, 30, then 60 seconds, each moved by up to a fifth either way so
 * that mails which failed together do not return together. `null` when that would be after `giveUpAt`.
 * The shift follows from id and count: the same for every worker that computes it.
 */
export function nextTryAt(delivery: { id: string; tries: number; giveUpAt: Date }, now: Date): Date | null {
  const base = DELAYS_SECONDS[delivery.tries - 1] ?? DELAY_SECONDS_MAX
  const share = Buffer.from(hashOf(`${delivery.id}/${delivery.tries}`), 'base64url').readUInt16BE(0) / 0xffff
  const at = addSeconds(now, base * (0.8 + 0.4 * share))
  return at < delivery.giveUpAt ? at : null
}
