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
