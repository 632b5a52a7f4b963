import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { ROOT, textOf } from './chart.ts'
import { helmPages } from './pages.ts'
import { valueLines } from './values-comments.ts'
import { ownedSettings, secretNames, settingNames, valuesSchema } from './values-schema.ts'

const templates = globSync('helm/templates/**/*', { cwd: ROOT, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => textOf(path.slice(ROOT.length + 1)))
const values = textOf('helm/values.yaml')
const podTemplate = textOf('helm/templates/_pod.tpl')
const chart = parse(textOf('helm/Chart.yaml')) as { version: string; appVersion: string }

// None of this needs Helm, so that a new setting cannot leave the chart behind anywhere.
describe('The chart and the service say the same', () => {
  test.each(helmPages(ROOT))('$path is what the values and the settings say: else run `npm run manual`', ({ path, content }) => {
    expect(textOf(path)).toBe(content)
  })

  test('every variable of a template is a setting, and every setting that the chart keeps to itself is one', () => {
    const others = ['NODE_ENV', 'SERVICE', 'EXPECTED']
    const literal = templates.flatMap((text) => [...text.matchAll(/\bname: ([A-Z][A-Z_]+)\b/g)].map(([, name = '']) => name))
    const read = templates.flatMap((text) => [...text.matchAll(/\.settings\.([A-Z_]+)/g)].map(([, name = '']) => name))
    expect(literal.length).toBeGreaterThan(5)
    expect([...literal, ...read].filter((name) => !settingNames.includes(name) && !others.includes(name))).toEqual([])
    const owned = Object.keys(ownedSettings(podTemplate))
    expect(owned.filter((name) => !settingNames.includes(name) && name !== 'SIGNING_KEYS_FILE')).toEqual([])
    expect([...literal].filter((name) => name !== 'LOG_LEVEL' && !owned.includes(name) && !others.includes(name))).toEqual([])
  })

  test('what must be there and what is secret are what the settings say', () => {
    const defaults = parse(values) as { secrets: object }
    expect(Object.keys(defaults.secrets).filter((name) => !secretNames.includes(name))).toEqual([])
    const wanted = /range list ("[A-Z_" ]+")/.exec(textOf('helm/templates/_checks.tpl'))?.[1]?.match(/[A-Z_]+/g)
    expect(wanted).toEqual(['SECRETS', 'DATABASE_URL', 'SMTP_URL'])
    expect(wanted?.filter((name) => !secretNames.includes(name))).toEqual([])
    const kept = /define "doorward\.secretSettings" -\}\}\n(.*)\n/.exec(podTemplate)?.[1] ?? ''
    expect(parse(kept)).toEqual(secretNames)
  })

  test('its version is that of the product', () => {
    const { version } = JSON.parse(textOf('package.json')) as { version: string }
    expect([chart.version, chart.appVersion]).toEqual([version, version])
  })

  test('the pods run what the image runs, as the number that the image has', () => {
    const dockerfile = textOf('Dockerfile')
    const command = /^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? ''
    expect(textOf('helm/templates/deployment.yaml')).toContain(`command: [${(JSON.parse(command) as string[]).join(', ')}]`)
    expect(dockerfile).toMatch(/^USER 65532/m)
    expect(values).toContain('runAsUser: 65532')
  })

  test('every value has its place in the schema, and every place its value', () => {
    const schema = valuesSchema(values, podTemplate)
    const inFile = new Set(valueLines(values).map(({ path }) => path.split('.')[0]))
    const inSchema = Object.keys(schema.properties as object).filter((name) => name !== 'global')
    expect([...inFile].sort()).toEqual(inSchema.sort())
  })

  test('every command of the page about Kubernetes is one', () => {
    const commands = textOf('docs/command-line.md')
    const named = [...textOf('docs/kubernetes.md').matchAll(/node src\/cli\.ts ([a-z-]+)/g)].map(([, command = '']) => command)
    expect(named.length).toBeGreaterThan(1)
    expect(named.filter((command) => !commands.includes(`\n### ${command}\n`))).toEqual([])
  })

  test('every link of its page leads somewhere', () => {
    const targets = [...textOf('helm/README.md').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    expect(targets.filter((target) => !existsSync(join(ROOT, dirname('helm/README.md'), target)))).toEqual([])
  })
})
