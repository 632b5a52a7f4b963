import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { sections } from './requirements.ts'
import { findNumberedTests, numberedTests, requirementsPage, stateOf } from './requirements-page.ts'

const root = join(import.meta.dirname, '..', '..')
const entries = sections.flatMap(({ requirements }) => Object.entries(requirements))

describe('The list of requirements', () => {
  test('every number that a test names is in the list', () => {
    const known = new Set(entries.map(([number]) => number))
    const unknown = findNumberedTests(root).flatMap(({ numbers, file }) =>
      numbers.filter((number) => !known.has(number)).map((number) => `${number} in ${file}`),
    )
    expect(unknown).toEqual([])
  })

  test('every file that is said to carry a requirement is there', () => {
    const missing = entries.flatMap(([number, { code = [] }]) =>
      code.filter((file) => !existsSync(join(root, file))).map((file) => `${number}: ${file}`),
    )
    expect(missing).toEqual([])
  })

  test('each number stands once, in one form, with one reason at most', () => {
    const numbers = entries.map(([number]) => number)
    expect(numbers.filter((number) => !/^(?:R-\d{3}|S-\d|F-\d{2})$/.test(number))).toEqual([])
    expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([])
    expect(entries.filter(([, { byEngine, notApplicable }]) => byEngine && notApplicable)).toEqual([])
  })

  test('no number between the first and the last fault or promise is left out', () => {
    const numbers = new Set(entries.map(([number]) => number))
    const faults = Array.from({ length: 64 }, (_, index) => `F-${String(index + 1).padStart(2, '0')}`)
    const promises = Array.from({ length: 7 }, (_, index) => `S-${index + 1}`)
    expect([...faults, ...promises].filter((number) => !numbers.has(number))).toEqual([])
  })
})

describe('Reading titles', () => {
  const titles = (source: string) => numberedTests(source, 'x').map(({ numbers, title }) => [...numbers, title])

  test('finds them in every form a test is written in', () => {
    expect(titles(`test('R-001 plain', () => {})`)).toEqual([['R-001', 'plain']])
    expect(titles(`it("R-053, F-22 a person’s code", async () => {})`)).toEqual([['R-053', 'F-22', 'a person’s code']])
    expect(titles(`test.each(['a', f(1)])('R-172 the issuer %s', () => {})`)).toEqual([['R-172', 'the issuer %s']])
    expect(titles('test.each([\n  [1],\n])(\n  `S-2 rounds`, () => {})')).toEqual([['S-2', 'rounds']])
    expect(titles(`test('R-010 it\\'s bound', () => {})`)).toEqual([['R-010', "it's bound"]])
  })

  test('leaves out what is skipped, what is no test and what only mentions a number', () => {
    expect(titles(`test.skip('R-001 later', () => {})`)).toEqual([])
    expect(titles(`describe('R-001 a group', () => {})`)).toEqual([])
    expect(titles(`test('keeps R-001', () => {})`)).toEqual([])
  })

  test('one is met by a test, else a reason speaks, else it is open', () => {
    const [found] = numberedTests(`test('R-001 x', () => {})`, 'x')
    const says = 'something'
    expect(stateOf({ says, byEngine: 'because' }, found ? [found] : [])).toBe('met')
    expect(stateOf({ says, byEngine: 'because' }, [])).toBe('by the engine')
    expect(stateOf({ says, notApplicable: 'because' }, [])).toBe('not applicable')
    expect(stateOf({ says }, [])).toBe('open')
  })

  test('the page is the same each time it is written', () => {
    expect(requirementsPage(root)).toBe(requirementsPage(root))
  })
})
