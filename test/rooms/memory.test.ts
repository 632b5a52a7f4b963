import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'

const run = promisify(execFile)
const MEMORY = join(import.meta.dirname, '../../src/memory.ts')

/** What a tick costs before memory is given back and after it, each the best of many looks, in nanoseconds. */
const LOOK = `
import { giveBackMemory } from ${JSON.stringify(MEMORY)}
const settled = () => new Promise((resolve) => setTimeout(resolve, 5))
async function cost() {
  let best = Infinity
  for (let look = 0; look < 20; look++) {
    const began = process.hrtime.bigint()
    for (let tick = 0; tick < 5000; tick++) process.nextTick(() => {})
    best = Math.min(best, Number(process.hrtime.bigint() - began) / 5000)
    await settled()
  }
  return best
}
await cost()
const before = await cost()
giveBackMemory()
for (let time = 0; time < 3; time++) {
  await settled()
  gc()
}
console.log(JSON.stringify({ before, after: await cost() }))
`

describe('memory that is given back', () => {
  test('leaves ticks as quick as they were, also after later collections', async () => {
    const { stdout } = await run(process.execPath, ['--expose-gc', '--input-type=module', '--eval', LOOK])
    const { before, after } = JSON.parse(stdout) as { before: number; after: number }
    expect(after / before).toBeLessThan(3)
  })
})
