import { setTimeout as sleep } from 'node:timers/promises'
import { newId } from '../base/index.ts'

/** Waits so many milliseconds; an aborted signal ends it early. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, signal ? { signal } : {}).catch(() => {})
}

/** Anything between half of it and one and a half, so that those who met do not meet again. */
export function jittered(milliseconds: number): number {
  return milliseconds * (0.5 + Buffer.from(newId(), 'base64url').readUInt16BE() / 0xffff)
}

/** Waits for `work`, and no longer than so many milliseconds. True when it ended by itself. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const ended = new AbortController()
  await Promise.race([work.finally(() => ended.abort()), pause(milliseconds, ended.signal)])
  return ended.signal.aborted
}
