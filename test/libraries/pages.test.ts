import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { ROOT } from './library.ts'

// Locks of packages are of no use to who reads.
const HIDDEN = ['go.sum']
const names = readdirSync(join(ROOT, 'examples/libraries'))
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const readme = textOf('docs/libraries/README.md')

describe.each(names)('the page about %s', (name) => {
  const text = existsSync(join(ROOT, `docs/libraries/${name}.md`)) ? textOf(`docs/libraries/${name}.md`) : ''

  test('shows every file of the application that is run, letter by letter', () => {
    const shown = [...text.matchAll(/^\[(\S+)\]\(\S+\):\n\n```\w*\n(.*?)^```$/gms)].map(([, file = '', code]) => [file, code])
    const files = globSync('**/*.*', { cwd: join(ROOT, 'examples/libraries', name) }).filter((file) => !HIDDEN.includes(file))
    const there = files.map((file) => [file, textOf(`examples/libraries/${name}/${file}`)])
    expect(shown.sort()).toEqual(there.filter(([file]) => file?.includes('.')).sort())
  })

  test('is in the list, with a version that the application pins, and there is a test that runs it', () => {
    const row = readme.split('\n').find((line) => line.includes(`(${name}.md)`)) ?? ''
    const manifest = globSync('{package.json,requirements.txt,go.mod,pom.xml}', { cwd: join(ROOT, 'examples/libraries', name) })
    const pinned = manifest.flatMap((file) => textOf(`examples/libraries/${name}/${file}`).match(/\d+[.]\d+[.]\d+/g) ?? [])
    expect([row, pinned.length === 0 || pinned.some((version) => row.includes(version))]).toEqual([row, true])
    expect(existsSync(join(ROOT, `test/libraries/${name}.long.test.ts`))).toBe(true)
  })

  test('is about versions that stay', () => {
    const file = `examples/libraries/${name}/package.json`
    const ranges = existsSync(join(ROOT, file)) ? textOf(file).match(/"[\^~<>=*][^"]*"/g) : null
    expect(ranges ?? []).toEqual([])
  })
})

test.each(['README', ...names])('every link of %s leads to a file that is there', (name) => {
  const links = [...textOf(`docs/libraries/${name}.md`).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, link = '']) => link)
  const ours = links.filter((link) => !link.startsWith('https:'))
  expect(ours.filter((link) => !existsSync(join(ROOT, 'docs/libraries', link)))).toEqual([])
})
