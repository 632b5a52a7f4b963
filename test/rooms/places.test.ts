import { expect, test } from '@jest/globals'
import { createPlaces } from '../../src/delivery/places.ts'

test('F-32 there are never more under way than places, however they come and go, and everybody gets one', async () => {
  const places = createPlaces(3)
  const most: number[] = []
  let underWay = 0
  const come = async (turns: number) => {
    const leave = await places.take()
    if (!leave) throw new Error('no place came free')
    most.push(++underWay)
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
    underWay--
    leave()
    leave() // twice is once
  }
  const work = Array.from({ length: 6 }, async (_, turns) => {
    for (let time = 0; time < 5; time++) await come(1 + turns)
  })
  await Promise.all(work)
  expect([most.length, Math.max(...most)]).toEqual([30, 3])
})

test('whoever waited for a second in vain takes no place from others', async () => {
  const places = createPlaces(1)
  const leave = await places.take()
  expect(await places.take()).toBeNull()
  leave?.()
  expect(await places.take()).not.toBeNull()
})
