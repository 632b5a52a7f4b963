// Says as JSON what a line of memory costs here that is not in a cache, and what one statement costs whose code and data have
// left the caches: by the driver of the service, eight at once, on the database of `DATABASE_URL`.
import { createLog } from '../src/base/index.ts'
import { openPool } from '../src/store/pool.ts'
import type { Caches } from './caches.ts'
import { median } from './samples.ts'

const LINE_BYTES = 64
const KB = 1024
const CHASED_KB = [256, 1024, 4096, 16_384]
const CHASES = 1_000_000
const TOUCHED_KB = [0, 256, 1024, 4096]
const AT_ONCE = 8
const STATEMENTS = 400
const TURNS = 7
const statement = { name: 'bench_row', text: 'select account_id, canonical from address where canonical = $1' }

// A walk in random order (Sattolo), so that nothing can be fetched ahead of its use.
function lineNs(kilobytes: number): number {
  const lines = (kilobytes * KB) / LINE_BYTES
  const order = Uint32Array.from({ length: lines }, (_, line) => line)
  for (let line = lines - 1; line > 0; line--) {
    const other = Math.floor(Math.random() * line)
    ;[order[line], order[other]] = [order[other] as number, order[line] as number]
  }
  const next = new Uint32Array((lines * LINE_BYTES) / 4)
  for (let line = 0; line < lines; line++) next[(line * LINE_BYTES) / 4] = ((order[line] as number) * LINE_BYTES) / 4
  let at = 0
  const chase = () => {
    for (let step = 0; step < CHASES; step++) at = next[at] as number
  }
  chase()
  const start = performance.now()
  chase()
  const ns = ((performance.now() - start) * 1e6) / CHASES
  return ns + at * 0 // V8 must not find out that nobody asks where the walk ended
}

const other = new Uint8Array(64 * KB * KB)
let reached = 0

function touch(kilobytes: number): void {
  for (let byte = 0; byte < kilobytes * KB; byte += LINE_BYTES) {
    reached = (reached + LINE_BYTES) % other.length
    other[reached] = byte & 1
  }
}

function cpuUs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function touchUs(kilobytes: number): number {
  const before = process.cpuUsage()
  for (let turn = 0; turn < STATEMENTS; turn++) touch(kilobytes)
  return cpuUs(before) / STATEMENTS
}

const pool = openPool({ url: process.env.DATABASE_URL ?? '', poolSize: AT_ONCE, log: createLog('error') })
const wires = await Promise.all(Array.from({ length: AT_ONCE }, pool.waitForOne))

async function statementUs(kilobytes: number): Promise<number> {
  const before = process.cpuUsage()
  let left = STATEMENTS
  await Promise.all(
    wires.map(async (wire) => {
      while (left-- > 0) {
        const answer = wire.ask(statement, ['nobody@bench.example'], Number.POSITIVE_INFINITY)
        wire.send()
        await answer
        touch(kilobytes)
      }
    }),
  )
  return cpuUs(before) / STATEMENTS
}

for (let turn = 0; turn < TURNS; turn++) await statementUs(0) // V8 compiles
const caches: Caches = { lineNs: {}, statementUs: {} }
for (const kilobytes of CHASED_KB) caches.lineNs[kilobytes] = lineNs(kilobytes)
for (const kilobytes of TOUCHED_KB) {
  const took: number[] = []
  for (let turn = 0; turn < TURNS; turn++) took.push((await statementUs(kilobytes)) - touchUs(kilobytes))
  caches.statementUs[kilobytes] = median(took)
}
process.stdout.write(JSON.stringify(caches))
for (const wire of wires) pool.give(wire, false)
await pool.close()
