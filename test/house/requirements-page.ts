import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Requirement, type Requirements, sections } from './requirements.ts'

/** A test whose title begins with one or several numbers: `R-053, F-22 one of many wins`. */
export interface NumberedTest {
  numbers: readonly string[]
  /** The title without its numbers. */
  title: string
  /** From the top of the project. */
  file: string
}

export type State = 'met' | 'by the engine' | 'not applicable' | 'open'

const STATES: readonly State[] = ['met', 'by the engine', 'not applicable', 'open']
// The first argument of `test(…)` and `it(…)`, and of what `test.each(…)` answers. What is skipped proves nothing.
const TITLE =
  /(?:\b(?:test|it)(?:\.concurrent)?\(|(?:\)|`)\()\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g
// V-numbers name what went wrong elsewhere; they are no requirements of their own.
const NUMBERS = /^([RFSV]-\d+(?:, [RFSV]-\d+)*)\s+(.*)$/s

/** Reads the titles that begin with a number from the text of one test file. */
export function numberedTests(source: string, file: string): NumberedTest[] {
  return [...source.matchAll(TITLE)].flatMap(([, single, double, template]) => {
    const [, numbers, title] = NUMBERS.exec((single ?? double ?? template ?? '').replaceAll(/\\(.)/g, '$1')) ?? []
    const own = numbers?.split(', ').filter((number) => !number.startsWith('V')) ?? []
    return own.length > 0 && title ? [{ numbers: own, title, file }] : []
  })
}

/** All tests under `test/` that name a requirement, by file and then as they stand. `root` is the top of the project. */
export function findNumberedTests(root: string): NumberedTest[] {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.test.ts') && !name.startsWith('test/house/'))
    .sort()
  return files.flatMap((file) => numberedTests(readFileSync(join(root, file), 'utf8'), file))
}

/** Met when a test says so; else the reason of the list decides, and without one it is open. */
export function stateOf(requirement: Requirement, tests: readonly NumberedTest[]): State {
  if (tests.length > 0) return 'met'
  if (requirement.byEngine) return 'by the engine'
  return requirement.notApplicable ? 'not applicable' : 'open'
}

/** The page `docs/security-requirements.md`. `root` is the top of the project. */
export function requirementsPage(root: string): string {
  const tests = findNumberedTests(root)
  const testsOf = (number: string) => tests.filter((test) => test.numbers.includes(number))
  const states = sections.flatMap(({ requirements }) =>
    Object.entries(requirements).map(([number, requirement]) => stateOf(requirement, testsOf(number))),
  )
  const counts = STATES.map((state) => `| ${state} | ${states.filter((each) => each === state).length} |`)
  return [
    '# Security and reliability requirements',
    '',
    '<!-- Made by `npm run manual` from test/house/requirements.ts and the titles of the tests. Change those. -->',
    '',
    'What the service promises to do, whether it does, and where that is proven. A requirement is *met* when the title of',
    'a test begins with its number. *By the engine*: oidc-provider keeps it as configured here. *Open*: not proven yet.',
    '',
    '| State | Requirements |',
    '| --- | --- |',
    ...counts,
    `| in all | ${states.length} |`,
    '',
    ...sections.flatMap(({ title, requirements }) => [`## ${title}`, '', ...table(requirements, testsOf), '']),
  ].join('\n')
}

function table(requirements: Requirements, testsOf: (number: string) => NumberedTest[]): string[] {
  const rows = Object.entries(requirements)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([number, requirement]) => {
      const tests = testsOf(number)
      const cells = [number, requirement.says, stateCell(requirement, tests), codeCell(requirement), testCell(tests)]
      return `| ${cells.map((text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`
    })
  return ['| Number | What | State | Code | Test |', '| --- | --- | --- | --- | --- |', ...rows]
}

function stateCell(requirement: Requirement, tests: readonly NumberedTest[]): string {
  const state = stateOf(requirement, tests)
  const { note, byEngine, notApplicable } = requirement
  const reason = { met: note, open: note, 'by the engine': byEngine, 'not applicable': notApplicable }[state]
  return reason ? `${state}: ${reason}` : state
}

function codeCell({ code = [] }: Requirement): string {
  return code.map((file) => `[${file.replace(/^src\//, '')}](../${file})`).join('<br>')
}

function testCell(tests: readonly NumberedTest[]): string {
  const byFile = Map.groupBy(tests, ({ file }) => file)
  return [...byFile]
    .map(
      ([file, inFile]) =>
        `${inFile.map(({ title }) => `“${title.replaceAll(/\s+/g, ' ')}”`).join('; ')} ([${file.replace(/^test\//, '')}](../${file}))`,
    )
    .join('<br>')
}
