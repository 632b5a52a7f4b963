import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { metricCatalogue } from '../../src/base/index.ts'

const ROOT = join(import.meta.dirname, '../..')
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const pages = ['README.md', ...globSync('{docs,docs/runbook,.github,examples/*}/*.md', { cwd: ROOT })]
const sources = globSync('src/**/*.ts', { cwd: ROOT, exclude: (path) => path.startsWith('src/generated') }).map(textOf)
const operations = textOf('docs/operations.md')

describe('what is written down is true', () => {
  test.each(pages)('%s: every link and picture leads to a file that is there', (page) => {
    const text = textOf(page)
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g)].map(
      ([, link, source]) => link ?? source ?? '',
    )
    const ours = targets.filter((target) => !/^(?:https?:|#)/.test(target)).map((target) => target.split('#')[0] ?? '')
    expect(ours.filter((target) => !existsSync(join(ROOT, dirname(page), target)))).toEqual([])
  })

  test('every package that is installed says what it is for, and no other', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(textOf('package.json')) as Record<string, object>
    const named = [...textOf('docs/dependencies.md').matchAll(/^\|.*$/gm)].flatMap(([row]) => {
      const [cell = ''] = row.split('|').slice(1)
      return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
    })
    const installed = [dependencies, devDependencies, optionalDependencies].flatMap((list) => Object.keys(list ?? {}))
    expect(named.sort()).toEqual(installed.sort())
  })

  test('every metric is in the catalogue, from which its page is made', () => {
    const made = sources.flatMap((text) => [...text.matchAll(/\b(?:Counter|Gauge|Histogram)(?:<[^>]*>)?\(\{?\s*name: '(\w+)'/g)])
    expect(made.map(([, name]) => name)).toEqual([])
    const written = pages.flatMap((page) => [...textOf(page).matchAll(/\b(doorward_[a-z_]+)\b/g)].map(([, name = '']) => name))
    const known = new Set(
      Object.keys(metricCatalogue).flatMap((name) => [name, ...['count', 'sum', 'bucket'].map((end) => `${name}_${end}`)]),
    )
    // Commands ask for several by what their names begin with.
    const asked = (name: string) => [...known].some((one) => one === name || one.startsWith(name))
    expect(written.filter((name) => !asked(name))).toEqual([])
  })

  test.each(['error', 'warn'])('every log line of level %s is explained there, by its own words', (level) => {
    const line = new RegExp(`\\blog[?]?[.]${level}[(](?:[^'\`;]*?,)?\\s*(?:'([^']+)'|\`([^\`$]+))`, 'g')
    const lines = sources.flatMap((text) => [...text.matchAll(line)])
    const words = lines.map(([, plain, template]) => (plain ?? template ?? '').trim())
    expect(words.length).toBeGreaterThan(10)
    expect(words.filter((line) => !operations.includes(`\`${line}`))).toEqual([])
  })

  test('every reason for which a message is not handed over is explained in the runbook', () => {
    const delivery = globSync('src/delivery/**/*.ts', { cwd: ROOT }).map(textOf)
    const said = [
      /\b(?:deferred|refused|notThisOne)\([^'`)]*?['`]([a-z_]+)/g,
      /\b(?:deferred|refused)\([^'`]*? \? '([a-z_]+)'/g,
      /\b(?:deferred|refused)\([^'`]*? \? '[a-z_]+' : '([a-z_]+)'/g,
      /\breason: '([a-z_]+)'/g,
      /\b(?:defer|refuse|expire)\(due, .*?'([a-z_]+)'(?=, NO_ROUTE|\))/g,
      /^ {2}E?[A-Z_]+: '([a-z_]+)',$/gm,
      /^(?:export )?const (?:UNANSWERED|OBSOLETE|UNDELIVERED|BREAKER_OPEN|ROUTE_BUSY) = '([a-z_]+)'/gm,
      /^export type (?:SuppressionReason|RefusedForGood) = (.*)$/gm,
    ].flatMap((form) => delivery.flatMap((text) => [...text.matchAll(form)].flatMap(([, found = '']) => found.split(/[' |]+/))))
    const reasons = [...new Set(said.filter((word) => word !== ''))].sort()
    const page = textOf('docs/runbook/doorward-messages-not-handed-over.md')
    expect(reasons).toEqual(
      expect.arrayContaining([
        'breaker_open',
        'connect_refused',
        'credentials',
        'late',
        'no_budget',
        'not_ready',
        'route_busy',
        'smtp_',
      ]),
    )
    expect(reasons.filter((reason) => !page.includes(reason.endsWith('_') ? `\`${reason}` : `\`${reason}\``))).toEqual([])
  })

  test('every setting that a page names is one', () => {
    const settings = [...textOf('docs/settings.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name = '']) => name)
    const assigned = pages.flatMap((page) =>
      [...textOf(page).matchAll(/`([A-Z]+_[A-Z_]+)(?:=[^`]*)?`/g)].map(([, name = '']) => name),
    )
    const others = [
      'NODE_ENV',
      'CLIENT_ID',
      'CLIENT_SECRET',
      'DEMO_SECRET',
      'NODE_EXTRA_CA_CERTS',
      'MALLOC_ARENA_MAX',
      'NODE_OPTIONS',
      'NODE_DEBUG_NATIVE',
      'NODE_TLS_REJECT_UNAUTHORIZED',
      'HTTPS_PROXY',
      // What AWS calls the fate of a text.
      'TEXT_INVALID',
      'TEXT_BLOCKED',
    ]
    // What tests and tools of this repository are told.
    const told = globSync('{test,bench,release}/**/*.ts', { cwd: ROOT })
      .flatMap((file) => [...textOf(file).matchAll(/process[.]env[.]([A-Z_]+)|REQUIRE_[A-Z_]+/g)])
      .map(([whole, name]) => name ?? whole)
    others.push(...told)
    const unknown = assigned
      .map((name) => name.replace(/_FILE$/, ''))
      .filter((name) => !settings.includes(name) && !settings.includes(`${name}_FILE`))
    expect([...new Set(unknown)].filter((name) => !others.includes(name) && !/^(?:DOORWARD|OTEL)_/.test(name))).toEqual([])
  })
})
