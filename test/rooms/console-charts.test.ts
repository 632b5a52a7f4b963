import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createText } from '../../src/text/index.ts'
import { barPaths, dotPath, linePath, linesOf, PERCENT, runsOf, scaleOf } from '../../src/web/console/screens/charts.ts'
import { completionPlot, handOverPlot, methodsPlot, type Stats, spendPlot } from '../../src/web/console/screens/plots.ts'
import { cards, failureRows } from '../../src/web/console/screens/start.ts'
import { createWords } from '../../src/web/console/screens/words.ts'
import { statsOf } from './text-console-rows.ts'

const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} })
const words = createWords(text, 'en')

/** Left, bottom, width and height of each bar of a path. */
function barsOf(path: string): { left: number; bottom: number; width: number; height: number }[] {
  return [...path.matchAll(/M([\d.]+) ([\d.]+)v-([\d.]+)h([\d.]+)v[\d.]+z/g)].map(([, left, bottom, height, width]) => ({
    ...{ left: Number(left), bottom: Number(bottom), width: Number(width), height: Number(height) },
  }))
}

/** Statistics of days that are alike but for what is given. */
function daysWith(...days: Partial<Stats['days'][number]>[]): Stats {
  const plain = {
    started: 10,
    completed: 8,
    methods: [{ label: 'link', count: 8 }],
    hand_over_median_seconds: 2,
    hand_over_slow_seconds: 10,
    spent_micros: 0,
  }
  return {
    ...statsOf(1),
    days: days.map((day, nth) => ({ ...plain, day: `2026-11-${String(nth + 1).padStart(2, '0')}`, ...day })),
  }
}

describe('a scale', () => {
  test.each([0, 1, 2, 3, 4, 7, 29, 30, 31, 99, 100, 1234, 98_765])('reaches %d in three steps of a round whole number', (max) => {
    const { top, ticks } = scaleOf(max, { whole: true })
    const step = top / 3
    expect(top).toBeGreaterThanOrEqual(max)
    expect(ticks).toEqual([3 * step, 2 * step, step, 0])
    expect(String(step)).toMatch(/^(1|2|5)0*$/)
    expect(max <= 3 || top < 3 * max).toBe(true)
  })

  test('of money or seconds goes below one', () => {
    const { top, ticks } = scaleOf(0.04, { whole: false })
    expect(top).toBeCloseTo(0.06)
    expect(ticks[2]).toBeCloseTo(0.02)
  })

  test('has its lines where its numbers are', () => {
    expect(linesOf(PERCENT)).toEqual([0, 50, 100])
    expect(linesOf(scaleOf(300, { whole: true })).map(Math.round)).toEqual([0, 33, 67, 100])
  })
})

describe('bars', () => {
  test('are as high as what they stand for, within the gap between two parts', () => {
    const [lower = '', upper = ''] = barPaths(
      [
        [30, 60],
        [60, 30],
      ],
      2,
      100,
    )
    expect(barsOf(lower).map(({ height }) => height)).toEqual([30, 60])
    expect(barsOf(upper).map(({ height }) => height)).toEqual([59.2, 29.2])
    for (const path of [lower, upper])
      for (const { bottom, height } of barsOf(path)) expect(bottom - height).toBeGreaterThanOrEqual(9.9)
  })

  test('stand beside each other in the order of the days, all inside', () => {
    const [path = ''] = barPaths(
      Array.from({ length: 90 }, () => [1]),
      1,
      1,
    )
    const bars = barsOf(path)
    expect(bars).toHaveLength(90)
    bars.forEach(({ left, width }, nth) => {
      expect(left + width).toBeLessThanOrEqual(100)
      if (nth > 0) expect(left).toBeGreaterThan((bars[nth - 1]?.left ?? 0) + (bars[nth - 1]?.width ?? 0))
    })
  })

  test('show one of a thousand, and draw nothing for none', () => {
    const [path = '', other] = barPaths(
      [
        [1, 0],
        [1000, 0],
      ],
      2,
      1000,
    )
    expect(barsOf(path)[0]?.height).toBeGreaterThan(0.5)
    expect(other).toBe('')
  })
})

describe('a line', () => {
  test('is broken where nothing is known, and a day by itself is a dot', () => {
    expect(linePath([0, 50, null, 100, null], 100)).toBe('M0 100L25 50')
    expect(dotPath([0, 50, null, 100, null], 100)).toBe('M75 0h.01')
    expect([linePath([null, null], 100), dotPath([null, null], 100)]).toEqual(['', ''])
    expect([linePath([40], 100), dotPath([40], 100)]).toEqual(['', 'M0 60h.01'])
  })
})

describe('days', () => {
  test('are counted in weeks from the last one, and none is left out', () => {
    const runs = runsOf(
      Array.from({ length: 90 }, (_, day) => day),
      7,
    )
    expect(runs.map((run) => run.length)).toEqual([6, ...Array.from({ length: 12 }, () => 7)])
    expect(runs.flat()).toEqual(Array.from({ length: 90 }, (_, day) => day))
  })
})

describe('sign-ins by method', () => {
  test('each number of the picture stands in its table, with the sum of the day', () => {
    const stats = statsOf(14)
    const { table, shapes, legend } = methodsPlot(stats, words)
    expect(table.head).toEqual(['When', 'Email link', 'Email code', 'Text message', 'All'])
    expect(table.rows).toHaveLength(14)
    table.rows.forEach(({ cells }, nth) => {
      const numbers = cells.map(Number)
      expect(numbers.at(-1)).toBe(stats.days[nth]?.completed)
      expect(numbers.slice(0, -1).reduce((sum, one) => sum + one, 0)).toBe(numbers.at(-1))
    })
    expect(shapes.map(({ path }) => barsOf(path).length)).toEqual([14, 14, 14])
    expect(legend.map(({ color }) => color)).toEqual(shapes.map(({ color }) => color))
  })

  test('more than four methods are drawn as four, the smallest together; the table keeps them apart', () => {
    const methods = ['link', 'code', 'sms', 'totp', 'recovery', 'other'].map((label, nth) => ({ label, count: 60 - nth * 10 }))
    const { legend, shapes, table } = methodsPlot(daysWith({ methods, completed: 210 }), words)
    expect(legend.map(({ name }) => name)).toEqual(['Email link', 'Email code', 'Text message', 'Other'])
    expect(shapes).toHaveLength(4)
    expect(table.head).toEqual([
      'When',
      'Email link',
      'Email code',
      'Text message',
      'Authenticator app',
      'Recovery code',
      'Other',
      'All',
    ])
    expect(table.rows[0]?.cells).toEqual(['60', '50', '40', '30', '20', '10', '210'])
  })

  test('whoever cannot see it is told what it shows', () => {
    const { label } = methodsPlot(daysWith({}, { completed: 9, methods: [{ label: 'link', count: 9 }] }, {}), words)
    expect(label).toBe('Sign-ins by method, 1 Nov to 3 Nov: 25 in all, the most on 2 Nov (9). Used most: Email link.')
  })

  test('90 days are told by the week, with the days that each week has', () => {
    const { table, marks } = methodsPlot(statsOf(90), words)
    expect(table.rows).toHaveLength(13)
    expect(marks).toHaveLength(13)
    expect(table.rows.at(-1)?.name).toBe('15 Nov – 21 Nov')
  })
})

describe('completion', () => {
  test('says the share of those who began, none where nobody did, and never more than all', () => {
    const { table, shapes, label } = completionPlot(
      daysWith({}, { started: 0, completed: 0 }, { started: 4, completed: 5 }, {}),
      words,
    )
    expect(table.rows.map(({ cells }) => cells[2])).toEqual(['80%', '–', '100%', '80%'])
    expect(shapes.map(({ look, path }) => [look, path])).toEqual([
      ['trend', 'M66.7 0L100 20'],
      ['dot', 'M0 20h.01'],
    ])
    const [alone] = completionPlot(daysWith({ started: 0 }, {}), words).shapes
    expect(alone).toEqual({ look: 'dot', color: 1, path: 'M100 20h.01' })
    expect(label).toContain('between 80% and 100%')
  })
})

describe('hand-over', () => {
  test('nothing is drawn where no mail was sent', () => {
    expect(handOverPlot(daysWith({ hand_over_median_seconds: null, hand_over_slow_seconds: null }), words)).toBeNull()
  })

  test('days that are alike stand on one line of the table', () => {
    const slow = { hand_over_slow_seconds: 120 }
    const none = { hand_over_median_seconds: null, hand_over_slow_seconds: null }
    expect(handOverPlot(daysWith({}, {}, slow, none, {}), words)?.table.rows).toEqual([
      { name: '1 Nov – 2 Nov', cells: ['2 s', '10 s'] },
      { name: '3 Nov', cells: ['2 s', '120 s'] },
      { name: '4 Nov', cells: ['–', '–'] },
      { name: '5 Nov', cells: ['2 s', '10 s'] },
    ])
  })
})

describe('spend', () => {
  test('is drawn where texts are sent only, with the budget as a line once it is within reach', () => {
    expect(spendPlot(statsOf(14, { texts: false }), words)).toBeNull()
    const far = spendPlot(daysWith({ spent_micros: 20_000 }), words)
    expect(far?.shapes).toHaveLength(1)
    expect(far?.table.rows[0]?.cells).toEqual(['€0.02', '€5.00'])
    const near = spendPlot(daysWith({ spent_micros: 4_900_000 }), words)
    expect(near?.shapes.map(({ look }) => look)).toEqual(['bars', 'dot'])
  })
})

describe('the numbers above the pictures', () => {
  const detailsOf = (stats: Stats) => cards(stats, 14, words).map(({ value, detail }) => `${value}: ${detail}`)

  test('compare with the days before, and say so where there were none', () => {
    const now = daysWith({})
    expect(detailsOf({ ...now, before: { started: 10, completed: 10 } })[0]).toBe('8: 20% fewer than before')
    expect(detailsOf({ ...now, before: { started: 4, completed: 4 } })[0]).toBe('8: 100% more than before')
    expect(detailsOf({ ...now, before: { started: 8, completed: 8 } })[0]).toBe('8: As many as before')
    expect(detailsOf({ ...now, before: { started: 0, completed: 0 } })[0]).toBe('8: None in the days before')
  })

  test('are drawn without a division by nothing', () => {
    const none = { started: 0, completed: 0, hand_over_median_seconds: null, hand_over_slow_seconds: null }
    expect(detailsOf({ ...daysWith(none), currency: null })).toEqual([
      expect.stringMatching(/^0: /),
      '–: of 0 that were begun',
      '–: No email was sent',
    ])
  })
})

describe('why people did not get in', () => {
  test('the most frequent reason comes first, and what nobody met is not told', () => {
    const failures = [
      { label: 'wrong_codes', count: 3 },
      { label: 'never_answered', count: 400 },
      { label: 'bounced', count: 0 },
    ]
    expect(failureRows({ ...statsOf(1), failures }, words)).toEqual([
      { name: 'Never answered', count: '400', share: 100 },
      { name: 'Wrong code too often', count: '3', share: 1 },
    ])
  })
})
