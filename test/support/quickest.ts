const ROUNDS = 7

/**
 * What some work takes, in milliseconds: the best of several rounds. It says what the work is, whatever else the machine does
 * meanwhile.
 */
export async function quickestMs(work: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    await work()
    best = Math.min(best, performance.now() - began)
  }
  return best
}
