/** One look at the process under load. Sizes are megabytes. */
export interface Look {
  /** Since the load began. */
  minutes: number
  rssMb: number
  /** What V8 holds on to, dead or alive, and what it took for that. */
  heapMb: number
  heapTotalMb: number
  externalMb: number
  /** Sockets, timers and what else keeps the loop alive. */
  handles: number
}

/** How much a size grows in an hour, by the straight line that fits best. Not a number for fewer than two looks. */
export function growthPerHour(looks: readonly Look[], size: (look: Look) => number): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const at = looks.map(({ minutes }) => minutes / 60)
  const sizes = looks.map(size)
  const [middle, level] = [mean(at), mean(sizes)]
  const spread = at.reduce((sum, hours) => sum + (hours - middle) ** 2, 0)
  return at.reduce((sum, hours, index) => sum + (hours - middle) * ((sizes[index] ?? 0) - level), 0) / spread
}

/** The last two thirds: before, caches fill and V8 finds the size that it works in. */
function settled(looks: readonly Look[]): readonly Look[] {
  return looks.slice(Math.floor(looks.length / 3))
}

/** What a window left when it was smallest: between two collections the heap says little. */
export function leastOf(looks: readonly [Look, ...Look[]]): Look {
  const least = (size: (look: Look) => number) => Math.min(...looks.map(size))
  const last = looks.at(-1) ?? looks[0]
  return {
    minutes: last.minutes,
    rssMb: last.rssMb,
    heapMb: least(({ heapMb }) => heapMb),
    heapTotalMb: last.heapTotalMb,
    externalMb: least(({ externalMb }) => externalMb),
    handles: last.handles,
  }
}

export interface Verdict {
  flat: boolean
  rssPerHour: number
  heapPerHour: number
  handlesPerHour: number
  words: string
}

/** What living memory may grow by in an hour, in megabytes: less than the line's own error over an hour. */
const HEAP_MAX = 8
const RSS_MAX = 16
const HANDLES_MAX = 20

export function verdictOf(looks: readonly Look[]): Verdict {
  const last = settled(looks)
  const rssPerHour = growthPerHour(last, ({ rssMb }) => rssMb)
  const heapPerHour = growthPerHour(last, ({ heapMb }) => heapMb)
  const handlesPerHour = growthPerHour(last, ({ handles }) => handles)
  const flat = rssPerHour <= RSS_MAX && heapPerHour <= HEAP_MAX && handlesPerHour <= HANDLES_MAX
  const signed = (value: number) => `${value > 0 ? '+' : ''}${value.toFixed(1)}`
  return {
    ...{ flat, rssPerHour, heapPerHour, handlesPerHour },
    words: `${flat ? 'flat' : 'NOT flat'}: an hour adds ${signed(rssPerHour)} MB resident (at most ${RSS_MAX}), ${signed(heapPerHour)} MB of heap (at most ${HEAP_MAX}), ${signed(handlesPerHour)} handles (at most ${HANDLES_MAX})`,
  }
}
