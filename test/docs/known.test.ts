import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SourceTextModule } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import type { Command } from 'commander'
import { events as catalogue } from '../../src/audit/events.ts'
import { specs } from '../../src/cli/fields.ts'
import { createProgram, everyCommand } from '../../src/cli/program.ts'
import { DEFAULT_LIMITS } from '../../src/config/index.ts'
import { blocksOf, isCommand, isScript, nameOf, PAGES, ROOT, textOf } from './blocks.ts'
import { EXCEPTIONS, exceptionFor, isOurs, RUN_ELSEWHERE, runElsewhere, STAND_INS } from './exceptions.ts'
import { PLANS } from './plans.ts'

const blocks = PAGES.flatMap(blocksOf)

describe('every command that the documents show is run, or says why not', () => {
  test('a block of commands has a page whose commands are run, or stands in the table of exceptions', () => {
    const planned = new Set(PLANS.map(({ page }) => page))
    expect(blocks.filter((block) => isOurs(block) && !planned.has(block.page)).map(nameOf)).toEqual([])
  })

  test('an exception, a plan and a page that another test runs are for something that is there', () => {
    const excepted = blocks.filter(isCommand).map(exceptionFor)
    expect(EXCEPTIONS.filter((one) => !excepted.includes(one))).toEqual([])
    expect(
      PLANS.filter(({ page }) => !blocks.some((block) => block.page === page && isOurs(block))).map(({ page }) => page),
    ).toEqual([])
    const missing = blocks
      .filter((block) => isCommand(block) && runElsewhere(block))
      .map(({ page }) => RUN_ELSEWHERE.find(({ pages }) => pages.test(page))?.by(page) ?? '')
      .filter((path) => !existsSync(join(ROOT, path)))
    expect([...new Set(missing)]).toEqual([])
  })

  test('what stands in for a command does what package.json says', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
    expect(scripts.start).toBe('node src/main.ts') // as shell.ts starts it
    expect(Object.keys(STAND_INS)).toEqual(['npm ci', 'npm test'])
  })

  test('no command hides in a block without a language', () => {
    const hidden = blocks.filter(
      ({ language, text }) => language === '' && /^(?:npm|node|doorward|curl|kubectl|helm|docker|psql) /m.test(text),
    )
    expect(hidden.map(nameOf)).toEqual([])
  })
})

describe('what the documents name is there', () => {
  const program = createProgram(() => {
    throw new Error('nothing is run')
  })
  const commands = new Map(everyCommand(program).map((command) => [pathOf(command), command]))

  test('every command of ours, with its options', () => {
    const named = PAGES.flatMap((page) =>
      [
        ...textOf(page)
          .replaceAll(/\\\n\s*/g, '')
          .matchAll(/(?:npm run(?: -s)? cli --|`doorward|^ *doorward|node(?: --env-file=\S+)? src\/cli\.ts) ([^`\n|;&)]+)/gm),
      ].map(([, line = '']) => ({ page, line: line.trim() })),
    )
    expect(named.length).toBeGreaterThan(50)
    expect(named.flatMap(({ page, line }) => faultsOf(line).map((fault) => `${page}: ${line}: ${fault}`))).toEqual([])
  })

  function faultsOf(line: string): string[] {
    const words = line.split(/\s+/)
    if (words[0] === '…' || words[0]?.startsWith('--')) return []
    const [two, one] = [words.slice(0, 2).join(' '), words[0] ?? '']
    const command = commands.get(two) ?? commands.get(one)
    if (!command || (command.commands.length > 0 && words.length > 1)) return ['no such command']
    const options = words.flatMap((word) => /^--[a-z][a-z-]*/.exec(word)?.[0] ?? [])
    const known = [...command.options, ...program.options].map(({ long }) => long)
    return options.filter((option) => option !== '--help' && !known.includes(option)).map((option) => `no option ${option}`)
  }

  test('every link and anchor leads somewhere', () => {
    const lost = PAGES.flatMap((page) => {
      const text = withoutBlocks(textOf(page))
      const targets = [...text.matchAll(/\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g)].map(
        ([, link, source]) => link ?? source ?? '',
      )
      return targets
        .filter((target) => !/^https?:/.test(target))
        .filter((target) => !isThere(page, target))
        .map((target) => `${page}: ${target}`)
    })
    expect(lost).toEqual([])
  })

  test('every page of docs/ stands on its index', () => {
    const index = textOf('docs/README.md')
    const pages = PAGES.filter((page) => /^docs\/[\w-]+\.md$/.test(page) && page !== 'docs/README.md')
    expect(pages.map((page) => basename(page)).filter((name) => !index.includes(`(${name})`))).toEqual([])
  })

  test('every event', () => {
    const events = new Set<string>(Object.keys(catalogue))
    const subjects = new Set([...events].map((event) => event.split('.')[0]))
    const others = new Set<string>([...specs.keys(), ...COLUMNS])
    expect(events.size).toBeGreaterThan(40)
    const named = PAGES.filter((page) => page !== 'docs/openapi.json').flatMap((page) =>
      [...textOf(page).matchAll(/`([a-z_]+)\.([a-z_]+)`/g)]
        .filter(([, subject = '', what]) => subjects.has(subject) && what !== 'ts')
        .map(([, subject, what]) => `${subject}.${what}`)
        .filter((event) => !events.has(event) && !others.has(event))
        .map((event) => `${page}: ${event}`),
    )
    expect(named).toEqual([])
  })

  test('every limit, with its default, and no other', () => {
    const rows = [...textOf('docs/money-and-limits.md').matchAll(/^\| `([a-z-]+)` \| `(\d+\/\d+[smhd])` \|/gm)]
    const written = Object.fromEntries(rows.map(([, name = '', amount]) => [name, `${name}:${amount}`]))
    expect(written).toEqual(DEFAULT_LIMITS)
  })

  test('every script is one that can be read', () => {
    const scripts = blocks.filter(isScript)
    expect(scripts.length).toBeGreaterThan(3)
    for (const block of scripts) expect(() => new SourceTextModule(block.text, { identifier: nameOf(block) })).not.toThrow()
  })
})

/** Names of columns that look like events. */
const COLUMNS = ['credential.data', 'challenge.secret_id']

function pathOf(command: Command): string {
  const { parent } = command
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name()
}

const withoutBlocks = (text: string): string => text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')

function isThere(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(ROOT, file))) return false
  return anchor === undefined || anchorsOf(file).has(anchor)
}

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>()
  const headings = [...withoutBlocks(textOf(page)).matchAll(/^#{1,6} (.+)$/gm)].map(([, words = '']) => words)
  return new Set(
    headings.map((words) => {
      const plain = words.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
      const slug = plain
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-')
      const count = seen.get(slug) ?? 0
      seen.set(slug, count + 1)
      return count === 0 ? slug : `${slug}-${count}`
    }),
  )
}
