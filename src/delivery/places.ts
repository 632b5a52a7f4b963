/** Places of which each is taken by one at a time. */
export interface Places {
  /** Answers what gives the place back; null where none came free in a moment. */
  take(): Promise<(() => void) | null>
}

const WAIT_MS = 1000

/** So many places. Whoever finds none waits for a second, in turn. */
export function createPlaces(count: number): Places {
  const waiting = new Set<() => void>()
  let free = count

  function give(): void {
    const [next] = waiting
    if (!next) free++
    else next()
  }

  function once(): () => void {
    let given = false
    return () => {
      if (!given) give()
      given = true
    }
  }

  function take(): Promise<(() => void) | null> {
    if (free > 0) {
      free--
      return Promise.resolve(once())
    }
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        waiting.delete(called)
        resolve(null)
      }, WAIT_MS)
      const called = () => {
        clearTimeout(late)
        waiting.delete(called)
        resolve(once())
      }
      waiting.add(called)
    })
  }

  return { take }
}
