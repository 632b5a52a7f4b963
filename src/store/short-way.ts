import { AsyncLocalStorage } from 'node:async_hooks'

/** Work that waits for a place, for each place. What is more goes by the queue, where other processes find it. */
const WAITING_FOR_EACH = 4

/** Runs work in this process, a few at once, without a job. */
export interface ShortWay<Work> {
  /** Whether one more is taken: never before `open` and after `close`, nor while too many wait. */
  isOpen(): boolean
  open(): void
  /** Begins it in a moment, or when a place is free. */
  take(work: Work): void
  /** Takes no more. Settles when all that was taken has ended. */
  close(): Promise<void>
  /** Forgets what has not begun. */
  drop(): void
}

/** @param run never rejects */
export function createShortWay<Work>(atOnce: number, run: (work: Work) => Promise<void>): ShortWay<Work> {
  // Whose request the work comes from must not decide how patient it is, nor what its log lines are joined to.
  const outside = AsyncLocalStorage.snapshot()
  const waiting: Work[] = []
  let taking = false
  let running = 0
  let emptied = () => {}

  function begin(): void {
    if (running >= atOnce) return
    const [work] = waiting.splice(0, 1)
    if (work === undefined) return
    running++
    void run(work).finally(end)
  }

  function end(): void {
    running--
    begin()
    if (running === 0) emptied()
  }

  return {
    isOpen: () => taking && waiting.length < atOnce * WAITING_FOR_EACH,
    open() {
      taking = true
    },
    take(work) {
      waiting.push(work)
      // Whoever asked for it is answered first.
      outside(() => setImmediate(begin))
    },
    close() {
      taking = false
      return new Promise((resolve) => {
        emptied = resolve
        if (running === 0 && waiting.length === 0) resolve()
      })
    },
    drop() {
      waiting.splice(0)
    },
  }
}
