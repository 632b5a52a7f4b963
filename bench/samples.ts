/** What one round of one operation at one server gave. Times are milliseconds, CPU and bytes are for each operation. */
export interface Sample {
  operations: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** Not a number where another provider does not say which process it is. */
  serverCpuMs: number
  postgresCpuMs: number
  walBytes: number
  /** How busy the clients' own process was, 0 to 1: near 1 it is they who are measured. */
  clientsBusy: number
}

/** Not a number where there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

export const medianOf = (samples: readonly Sample[], name: keyof Sample) => median(samples.map((sample) => sample[name]))

/** Median, and in brackets the least and the most of the rounds. */
export function spread(samples: readonly Sample[], name: keyof Sample, digits: number): string {
  const values = samples.map((sample) => sample[name])
  if (values.length === 0 || values.some(Number.isNaN)) return '–'
  const shown = (value: number) => value.toFixed(digits)
  return `${shown(median(values))} (${shown(Math.min(...values))}–${shown(Math.max(...values))})`
}
