import { expect, test } from '@jest/globals'
import { patienceLeftMs, waitPatiently, withPatience } from '../../src/base/index.ts'

/** Something that is waited for until it is let go. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, resolve }
}

const passed = async (milliseconds: number) => {
  const end = performance.now() + milliseconds
  while (performance.now() < end) await new Promise(setImmediate)
}

test('F-07 what one request waits for is summed up, what else takes its time is not', async () => {
  await withPatience(10_000, async () => {
    await passed(30)
    expect(patienceLeftMs()).toBe(10_000)
    await waitPatiently(() => passed(20))
    await waitPatiently(() => passed(20))
    expect(patienceLeftMs()).toBeLessThanOrEqual(9960)
    const after = patienceLeftMs()
    await passed(20)
    expect(patienceLeftMs()).toBe(after)
  })
})

test('F-07 two things that are waited for at once count once, and while they are waited for', async () => {
  await withPatience(10_000, async () => {
    const [one, other] = [held(), held()]
    const began = performance.now()
    const both = Promise.all([waitPatiently(() => one.promise), waitPatiently(() => other.promise)])
    await passed(30)
    expect(patienceLeftMs()).toBeLessThanOrEqual(9970)
    one.resolve()
    other.resolve()
    await both
    expect(10_000 - patienceLeftMs()).toBeLessThanOrEqual(performance.now() - began + 1)
  })
})

test('F-07 requests do not spend the patience of each other, and work of nobody’s has no end', async () => {
  expect(patienceLeftMs()).toBe(Number.POSITIVE_INFINITY)
  await Promise.all([
    withPatience(1000, () => waitPatiently(() => passed(30))),
    withPatience(1000, async () => {
      await passed(40)
      expect(patienceLeftMs()).toBe(1000)
    }),
  ])
  await waitPatiently(() => passed(1))
  expect(patienceLeftMs()).toBe(Number.POSITIVE_INFINITY)
})
