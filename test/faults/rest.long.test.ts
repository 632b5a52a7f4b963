import { setTimeout as after } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { send } from '../support/http.ts'
import { type Service, startService } from '../support/service.ts'

const HEAP_MB_MAX = 65 // what the start alone needed is twice as much as what is in use
const GROWS_MB_MAX = 20
const CPU_MS_PER_SECOND_MAX = 60 // a machine that others use makes everything dearer
const LOOKS = 8
const SPAN_MS = 5000
const SETTLED_AFTER = 4 // looks; before that V8 puts its memory in order

let service: Service

beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

interface Look {
  heapMb: number
  residentMb: number
  cpuMs: number
}

async function look(): Promise<Look> {
  const { text } = await send(`${service.opsUrl}/metrics`)
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1])
  return {
    heapMb: value('nodejs_heap_size_total_bytes') / 1e6,
    residentMb: value('process_resident_memory_bytes') / 1e6,
    cpuMs: value('process_cpu_seconds_total') * 1000,
  }
}

describe('a process that nobody asks for anything', () => {
  test('holds, once it is ready, no memory that only its start needed; then it neither grows nor works', async () => {
    const looks = [await look()]
    for (let at = 0; at < LOOKS; at++) {
      await after(SPAN_MS)
      looks.push(await look())
    }
    const [first, last] = [looks.at(0), looks.at(-1)] as [Look, Look]
    expect(first.heapMb).toBeLessThan(HEAP_MB_MAX)
    expect(last.residentMb - first.residentMb).toBeLessThan(GROWS_MB_MAX)
    const spans = looks.slice(1).map(({ cpuMs }, at) => (cpuMs - (looks[at] as Look).cpuMs) / (SPAN_MS / 1000))
    process.stdout.write(`measured: ${JSON.stringify({ first, last, cpuMsPerSecond: spans.map(Math.round) })}\n`)
    expect(Math.min(...spans.slice(SETTLED_AFTER))).toBeLessThan(CPU_MS_PER_SECOND_MAX)
  }, 90_000)
})
