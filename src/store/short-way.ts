import { AsyncLocalStorage } from 'node:async_hooks'

/** Work that waits for a place, for each place. What is more goes by the queue, where other processes find it. */
const WAITING_FOR_EACH = 16

/** Runs work in this process, a few at once in each lane, without a job. Work that hangs keeps only its own lane. */
export interface ShortWay<Work> {
  /** Whether this lane takes one more: never before `open` and after `close`, nor while too many wait in it. */
  isOpen(lane: string): boolean
  /** Whether this lane has a place where one more would be begun at once. */
  hasPlace(lane: string): boolean
  open(): void
  /** Begins it in a moment, or when a place is free. After `close` it begins nothing: nobody would wait for its end. */
  take(lane: string, work: Work): void
  /** Takes no more. Settles when all that was taken has ended. */
  close(): Promise<void>
  /** Takes no more, and forgets what has not begun. */
  drop(): void
}

interface Lane<Work> {
  waiting: Work[]
  running: number
}

/**
 * @param atOnce in each lane
 * @param run never rejects
 */
export function createShortWay<Work>(atOnce: number, run: (work: Work) => Promise<void>): ShortWay<Work> {
  // Whose request the work comes from must not decide how patient it is, nor what its log lines are joined to.
  const outside = AsyncLocalStorage.snapshot()
  const lanes = new Map<string, Lane<Work>>()
  let taking = false
  let emptied = () => {}

  function laneOf(name: string): Lane<Work> {
    const lane = lanes.get(name) ?? { waiting: [], running: 0 }
    lanes.set(name, lane)
    return lane
  }

  function begin(lane: Lane<Work>): void {
    if (lane.running >= atOnce) return
    const [work] = lane.waiting.splice(0, 1)
    if (work === undefined) return
    lane.running++
    void run(work).finally(() => end(lane))
  }

  function end(lane: Lane<Work>): void {
    lane.running--
    begin(lane)
    if (isEmpty()) emptied()
  }

  const isEmpty = () => lanes.values().every(({ waiting, running }) => running === 0 && waiting.length === 0)

  return {
    isOpen: (name) => taking && laneOf(name).waiting.length < atOnce * WAITING_FOR_EACH,
    hasPlace: (name) => taking && laneOf(name).running + laneOf(name).waiting.length < atOnce,
    open() {
      taking = true
    },
    take(name, work) {
      if (!taking) return
      const lane = laneOf(name)
      lane.waiting.push(work)
      // Whoever asked for it is answered first.
      outside(() => setImmediate(begin, lane))
    },
    close() {
      taking = false
      return new Promise((resolve) => {
        emptied = resolve
        if (isEmpty()) resolve()
      })
    },
    drop() {
      taking = false
      for (const lane of lanes.values()) lane.waiting.splice(0)
    },
  }
}
