import { type Log, Refusal } from '../base/index.ts'

/** What cannot be counted is refused: nothing is sent, guessed or spent uncounted. */
export async function orUnavailable<T>(log: Log, counting: Promise<T>): Promise<T> {
  try {
    return await counting
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    log.error({ err: cause }, 'limits cannot be counted')
    throw new Refusal('unavailable', { cause })
  }
}
