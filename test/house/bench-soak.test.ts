import { describe, expect, test } from '@jest/globals'
import { growthPerHour, type Look, leastOf, verdictOf } from '../../bench/soak/trend.ts'

/** An hour, a look each minute. */
function hour(size: (minute: number) => Partial<Look>): Look[] {
  return Array.from({ length: 60 }, (_, at) => {
    const minutes = at + 1
    return { minutes, rssMb: 200, heapMb: 60, heapTotalMb: 100, externalMb: 10, handles: 70, ...size(minutes) }
  })
}

describe('the verdict on an hour of use', () => {
  test('is flat where sizes go up and down, whatever the first twenty minutes took', () => {
    const looks = hour((minute) => ({ rssMb: Math.min(200, 150 + 5 * minute) + (minute % 2) * 8, heapMb: 60 + (minute % 3) }))
    expect(verdictOf(looks)).toMatchObject({ flat: true, words: expect.stringMatching(/^flat: /) })
  })

  test.each([
    ['the heap', (minute: number) => ({ heapMb: 60 + minute / 5 })],
    ['what is resident', (minute: number) => ({ rssMb: 200 + minute / 3 })],
    ['the number of handles', (minute: number) => ({ handles: 70 + minute })],
  ])('is not where %s grows by the hour', (_what, size) => {
    expect(verdictOf(hour(size))).toMatchObject({ flat: false, words: expect.stringMatching(/^NOT flat: /) })
  })

  test('tells the growth of an hour, however short the time', () => {
    expect(
      growthPerHour(
        hour((minute) => ({ rssMb: 100 + minute })),
        ({ rssMb }) => rssMb,
      ),
    ).toBeCloseTo(60)
  })

  test('takes the least heap of a window: what is between two collections says nothing', () => {
    const [first, ...more] = hour((minute) => ({ heapMb: minute === 7 ? 55 : 60 + minute, handles: 70 - minute }))
    expect(leastOf([first as Look, ...more])).toMatchObject({ minutes: 60, heapMb: 55, handles: 10 })
  })
})
