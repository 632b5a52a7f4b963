import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parseDockerfile } from '../../release/dockerfile.ts'
import { ignores, PROJECT } from '../../release/lay-out.ts'

interface Locked {
  integrity?: string
  resolved?: string
  link?: boolean
  hasInstallScript?: boolean
  dev?: boolean
  optional?: boolean
  devOptional?: boolean
  peer?: boolean
}

const textOf = (path: string) => readFileSync(join(PROJECT, path), 'utf8')
const lock = JSON.parse(textOf('package-lock.json')) as { lockfileVersion: number; packages: Record<string, Locked> }
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
const stages = parseDockerfile(textOf('Dockerfile'))

/** Packages whose install script does nothing that a run needs: it is never run in the image. */
const SCRIPTS_LEFT_OUT = ['node_modules/protobufjs'] // prints a warning about version schemes

describe('R-182 what is installed', () => {
  test('R-182 is locked by checksum, comes from no address of its own, and is the same wherever it is fetched from', () => {
    expect(lock.lockfileVersion).toBe(3)
    expect(packages.length).toBeGreaterThan(200)
    expect(packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([])
    expect(packages.filter(([, { resolved, link }]) => resolved || link).map(([path]) => path)).toEqual([])
  })

  test('R-182 needs no install script in production', () => {
    const production = packages.filter(([, one]) => !one.dev && !one.optional && !one.devOptional && !one.peer)
    expect(production.filter(([, one]) => one.hasInstallScript).map(([path]) => path)).toEqual(SCRIPTS_LEFT_OUT)
  })

  test('R-182 every stage of the image stands on one version of one base, and installs by the lock file without scripts', () => {
    const bases = new Set(stages.map(({ base }) => base))
    expect([...bases]).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-[a-z]+-slim$/)])
    const commands = stages.flatMap(({ steps }) => steps.flatMap((step) => (step.do === 'run' ? [step.command] : [])))
    const installs = commands.filter((command) => /\bnpm\b/.test(command))
    expect(installs.length).toBeGreaterThanOrEqual(2)
    expect(installs.filter((command) => !/\bnpm ci\b.*--ignore-scripts/.test(command) || /\bnpm (?!ci\b)/.test(command))).toEqual(
      [],
    )
  })

  test('R-183 the image is started as a user that is a number, and not root', () => {
    const users = stages.at(-1)?.steps.flatMap((step) => (step.do === 'user' ? [step.uid] : []))
    expect(users).toEqual([65532])
  })
})

describe('the Dockerfile', () => {
  test.each([
    ['an instruction that nobody reads', 'FROM a\nADD x y'],
    ['an absolute path in a RUN, which would leave the folder', 'FROM a\nRUN rm -rf /usr/local/bin'],
    ['a user by name', 'FROM a\nUSER node'],
    ['a command for a shell', 'FROM a\nCMD node src/main.ts'],
    ['a COPY with a flag that changes what it does', 'FROM a\nCOPY --chown=1:1 x y'],
    ['a COPY with a pattern', 'FROM a\nCOPY *.json ./'],
    ['a variable without a value', `FROM \${NOBODY}`],
    ['a health check without a command', 'FROM a\nHEALTHCHECK NONE'],
  ])('is refused with %s', (_, text) => {
    expect(() => parseDockerfile(text)).toThrow()
  })

  test('is read with its arguments, continued lines and comments', () => {
    const text = `# what it is\nARG BASE=a:1\nFROM \${BASE} AS x\nARG V=2\nLABEL a.b="\${V} c" \\\n# between\n  d=e\nEXPOSE 1 2`
    expect(parseDockerfile(text)).toMatchObject([{ name: 'x', base: 'a:1', labels: { 'a.b': '2 c', d: 'e' }, ports: [1, 2] }])
  })

  test('sees nothing of what may hold secrets or is made anew', () => {
    const ignored = ignores(textOf('.dockerignore'))
    const out = [
      '.env',
      '.git/config',
      'var/secrets',
      'node_modules/pg/package.json',
      'src/generated/prisma/client.ts',
      'test/support/stage.ts',
    ]
    expect(out.filter((path) => !ignored(path))).toEqual([])
    expect(['.npmrc', 'src/main.ts', 'views/locales/en.json', 'prisma/schema.prisma'].filter(ignored)).toEqual([])
  })
})
