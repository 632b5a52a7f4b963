import { memoryOf } from '../machine.ts'
import type { Look } from './trend.ts'

const MEGA = 1024 * 1024

/** Looks at a process: what the system says of it, and what it says of itself at /metrics beside `probeUrl`. */
export function createLooker(pid: number, probeUrl: string): () => Promise<Look> {
  const url = new URL('/metrics', probeUrl)
  const start = performance.now()
  return async () => {
    const text = await (await fetch(url)).text()
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
    return {
      minutes: (performance.now() - start) / 60_000,
      rssMb: memoryOf(pid).nowMb,
      heapMb: value('nodejs_heap_size_used_bytes') / MEGA,
      heapTotalMb: value('nodejs_heap_size_total_bytes') / MEGA,
      externalMb: value('nodejs_external_memory_bytes') / MEGA,
      handles: value('nodejs_active_resources_total'),
    }
  }
}
