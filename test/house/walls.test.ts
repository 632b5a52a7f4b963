import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import ts from 'typescript'

const root = join(import.meta.dirname, '..', '..')
const LINES_MAX = 300

interface Source {
  /** From the top of the project, with forward slashes. */
  file: string
  lines: readonly string[]
}

/** Files of ours below a folder, generated ones left out. */
function sourcesOf(folder: string, endings: RegExp): Source[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((file) => endings.test(file) && !file.startsWith('src/generated/'))
    .sort()
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n') }))
}

const code = ['src', 'prisma', 'test', 'examples', 'bench', 'release', 'views'].flatMap((folder) =>
  sourcesOf(folder, /\.(?:ts|mjs|cjs|js)$/),
)
const product = code.filter(({ file }) => file.startsWith('src/'))

/** Lines of code, comments and the text of templates left out, in which the pattern occurs. */
function uses(pattern: RegExp, allowed: RegExp): string[] {
  return product
    .filter(({ file }) => !allowed.test(file))
    .flatMap((source) =>
      source.lines.flatMap((line, index) =>
        !/^\s*(?:\/\/|\*|\/\*)/.test(line) && pattern.test(line) && !isTemplateText(source, index, line.search(pattern))
          ? [`${source.file}:${index + 1}: ${line.trim()}`]
          : [],
      ),
    )
}

/** Whether this place is what a template says, as the settings to paste do, and nothing that runs. */
function isTemplateText({ file, lines }: Source, line: number, column: number): boolean {
  const tree = ts.createSourceFile(file, lines.join('\n'), ts.ScriptTarget.Latest)
  const place = tree.getPositionOfLineAndCharacter(line, column)
  const at = (node: ts.Node): ts.Node =>
    ts.forEachChild(node, (child) => (child.pos <= place && place < child.end ? at(child) : undefined)) ?? node
  const found = at(tree)
  return ts.isNoSubstitutionTemplateLiteral(found) || ts.isTemplateHead(found) || ts.isTemplateMiddleOrTemplateTail(found)
}

describe('The walls of the house', () => {
  test('the environment and the command line are read where the service begins, and nowhere else', () => {
    expect(uses(/\bprocess\.(?:env|argv)\b|from 'node:process'/, /^src\/(?:main|cli)\.ts$/)).toEqual([])
  })

  test('the time comes from one clock', () => {
    expect(uses(/\bDate\.now\b|\bnew Date\(\s*\)|(?<!new )\bDate\(/, /^src\/(?:base\/.*|main\.ts|cli\.ts)$/)).toEqual([])
  })

  test('randomness comes from one place', () => {
    const random = /\bMath\.random\b|\b(?:randomBytes|randomUUID|randomInt|randomFill|randomFillSync|getRandomValues)\b/
    expect(uses(random, /^src\/(?:base\/.*|main\.ts|cli\.ts)$/)).toEqual([])
  })

  test('the database decides nothing by its own clock', () => {
    // Measuring how far the two clocks are apart takes `clock_timestamp()`; it is read, never compared in SQL.
    expect(uses(/(?<![.\w]|default )now\(\)|\bcurrent_timestamp\b/i, /^src\/(?!store\/)/)).toEqual([])
  })
})

describe('The house', () => {
  test('every room says on its first lines what it owns and its tables or routes', () => {
    const rooms = readdirSync(join(root, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'generated')
      .map((entry) => entry.name)
    const silent = [...rooms, 'delivery/channels'].filter((room) => {
      const index = join(root, 'src', room, 'index.ts')
      const introduction = existsSync(index) ? (/^(?:\/\/.*\n){2,}/.exec(readFileSync(index, 'utf8'))?.[0] ?? '') : ''
      return !introduction.startsWith(`// ${room}: `) || !/\b(?:tables?|routes?)\b/i.test(introduction)
    })
    expect(silent).toEqual([])
  })

  test('every way to sign in says what it is', () => {
    const methods = readdirSync(join(root, 'src', 'factors'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const silent = methods.filter(
      ({ name }) => !readFileSync(join(root, 'src', 'factors', name, 'index.ts'), 'utf8').startsWith(`// factors/${name}: `),
    )
    expect(silent).toEqual([])
  })

  test(`every file has fewer than ${LINES_MAX} lines`, () => {
    // The last line ends with a line break, after which nothing follows.
    const long = code
      .filter(({ lines }) => lines.length - 1 >= LINES_MAX)
      .map(({ file, lines }) => `${file}: ${lines.length - 1}`)
    expect(long).toEqual([])
  })

  test('every file is named in small letters and hyphens', () => {
    const name = /^(?:[a-z0-9-]+\/)*[a-z0-9-]+(?:\.[a-z]+)+$/
    expect(code.map(({ file }) => file).filter((file) => !name.test(file))).toEqual([])
  })

  test('nothing is left for later', () => {
    const marks = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`)
    const all = [...code, ...sourcesOf('views', /\.(?:liquid|css|json)$/), ...sourcesOf('prisma', /\.(?:sql|prisma)$/)]
    expect(
      all.flatMap(({ file, lines }) => lines.filter((line) => marks.test(line)).map((line) => `${file}: ${line.trim()}`)),
    ).toEqual([])
  })

  test('no test is left out or runs alone', () => {
    const marked = /\b(?:test|it|describe)\.(?:only|skip|todo|failing)\b/
    const tests = code.filter(({ file }) => file.endsWith('.test.ts') && !file.startsWith('test/house/'))
    expect(tests.filter(({ lines }) => lines.some((line) => marked.test(line))).map(({ file }) => file)).toEqual([])
  })
})
