import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { parseDockerfile } from '../../release/dockerfile.ts'
import { PROJECT } from '../../release/lay-out.ts'

interface Service {
  image: string
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  ports?: string[]
  command?: string[]
  environment: Record<string, string>
  healthcheck?: object
  privileged?: boolean
}

const textOf = (path: string) => readFileSync(join(PROJECT, path), 'utf8')
const { services, configs } = parse(textOf('compose.yaml'), { merge: true }) as {
  services: Record<string, Service>
  configs: Record<string, { file: string }>
}
const all = Object.entries(services)

test('compose.yaml has no password of its own: each is made on the machine, and without one nothing starts', () => {
  const secret = /PASSWORD|SECRET|DATABASE_URL/
  const given = all.flatMap(([, { environment }]) => Object.entries(environment).filter(([name]) => secret.test(name)))
  expect(given.length).toBeGreaterThanOrEqual(5)
  expect(given.filter(([, value]) => !/\$\{[A-Z_]+:\?/.test(value))).toEqual([])
})

test('R-183 every container of compose.yaml has a read-only root, no capability and no way to get one', () => {
  expect(all.filter(([, one]) => !one.read_only || one.cap_drop?.[0] !== 'ALL' || one.privileged)).toEqual([])
  expect(all.filter(([, one]) => !one.security_opt?.includes('no-new-privileges:true'))).toEqual([])
})

test('compose.yaml opens every port on this machine alone, and pins every image', () => {
  expect(all.flatMap(([, { ports = [] }]) => ports).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  expect(
    all
      .map(([, { image }]) => image)
      .filter((image) => !/^(?:doorward:\$\{DOORWARD_VERSION:-dev\}|[\w/]+:v?\d+\.\d+[\w.-]*)$/.test(image)),
  ).toEqual([])
})

test('what compose.yaml starts and mounts is there, is in the image, and every setting is one', () => {
  const files = all.flatMap(([, { command = [] }]) => command.filter((word) => word.endsWith('.ts')))
  expect(files).toEqual(['src/cli.ts', 'examples/relying-app/server.ts'])
  const sources = parseDockerfile(textOf('Dockerfile')).find(({ name }) => name === 'sources')
  const copied = sources?.steps.flatMap((step) => (step.do === 'copy' ? step.sources : [])) ?? []
  expect(files.filter((file) => !copied.some((folder) => file.startsWith(`${folder}/`)))).toEqual([])
  expect(
    [...files, ...Object.values(configs).map(({ file }) => file)].filter((file) => !existsSync(join(PROJECT, file))),
  ).toEqual([])
  const settings = [...textOf('docs/settings.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name)
  const named = Object.keys(services.doorward?.environment ?? {}).filter((name) => name !== 'DEMO_SECRET') // named in the clients file
  expect(named.filter((name) => !settings.includes(name))).toEqual([])
})
