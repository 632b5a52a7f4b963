import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { tempFolder } from '../support/temp-folder.ts'
import {
  CHART,
  describeWithHelm,
  goldenOf,
  helm,
  type KubernetesObject,
  objectsIn,
  one,
  render,
  sets,
  textOf,
  valuesOf,
} from './chart.ts'
import { fieldFaults, type Named, schemaFaults } from './strictly.ts'

const { version } = parse(textOf('helm/Chart.yaml')) as { version: string }

describeWithHelm('The chart, rendered with every set of values', () => {
  const rendered = new Map<string, { text: string; objects: KubernetesObject[] }>()
  const objectsOf = (set: string) => rendered.get(set)?.objects ?? []
  const everywhere = <T>(look: (objects: readonly KubernetesObject[], set: string) => T[]): T[] =>
    sets.flatMap((set) => look(objectsOf(set), set))

  beforeAll(async () => {
    await Promise.all(
      sets.map(async (set) => {
        const rendering = await render(set)
        rendered.set(set, { text: rendering.text, objects: objectsIn(rendering) })
      }),
    )
  })

  test('there are sets enough, and Helm finds nothing to say about them', async () => {
    expect(sets.length).toBeGreaterThanOrEqual(7)
    const linted = await Promise.all(sets.map((set) => helm(['lint', '--strict', CHART, '--values', valuesOf(set)])))
    expect(linted.filter(({ ok }) => !ok).map(({ text }) => text)).toEqual([])
  })

  test('every object has the form that Kubernetes, the Gateway API and the Prometheus Operator publish, and no other field', () => {
    const all = everywhere((objects, set) => objects.map((object): Named => [`${set}: ${object.kind}`, object]))
    expect(all.length).toBeGreaterThan(60)
    expect(schemaFaults(all)).toEqual([])
    expect(fieldFaults(all)).toEqual([])
  })

  test('a changed clients file makes new pods, and stands in its ConfigMap as it was said', async () => {
    const checksum = (objects: readonly KubernetesObject[]) =>
      one(objects, 'Deployment').spec?.template?.metadata.annotations?.['checksum/clients']
    const changed = objectsIn(await render('full', ['--set', 'clientsFile.content.clients[0].client_name=Store']))
    expect(checksum(changed)).not.toBe(checksum(objectsOf('full')))
    expect(parse(one(changed, 'ConfigMap', /clients/).data?.['clients.yaml'] ?? '')).toMatchObject({
      clients: [{ client_id: 'shop', client_name: 'Store' }, { client_id: 'warehouse' }],
    })
  })

  test('what the page about Kubernetes says in YAML are values that the chart takes', async () => {
    const blocks = [...textOf('docs/kubernetes.md').matchAll(/^( *)```yaml\n([\s\S]*?)```/gm)]
    expect(blocks.length).toBeGreaterThan(10)
    const folder = await tempFolder('values')
    const faults = await Promise.all(
      blocks.map(async ([, indent = '', text = ''], index) => {
        const file = join(folder, `${index}.yaml`)
        writeFileSync(file, text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
        const { ok, words } = await render('minimal', ['--values', file])
        return ok ? '' : `${text}\n${words}`
      }),
    )
    expect(faults.filter(Boolean)).toEqual([])
  })

  test('after an install the next commands are told, by the names that the objects have', async () => {
    // Helm prints notes for a cluster only: here they are a template like the others.
    const copy = join(await tempFolder('chart'), 'doorward')
    cpSync(CHART, copy, { recursive: true })
    const notes = textOf('helm/templates/NOTES.txt')
    writeFileSync(
      join(copy, 'templates', 'notes.yaml'),
      `{{ define "notes" }}${notes}{{ end }}notes: {{ include "notes" . | toJson }}\n`,
    )
    const told = async (set: string) => {
      const args = ['--namespace', 'identity', '--values', valuesOf(set), '--show-only', 'templates/notes.yaml']
      const { ok, text, words } = await helm(['template', 'sso', copy, ...args])
      if (!ok) throw new Error(words)
      return (parse(text) as { notes: string }).notes
    }
    const [minimal, full] = await Promise.all([told('minimal'), told('full')])
    const exec = 'kubectl --namespace identity exec deployment/sso-doorward --container doorward --'
    expect(minimal).toContain('helm --namespace identity test sso')
    expect(minimal).toContain(`${exec} cat /run/doorward/admin-link`)
    expect(minimal).toContain(`${exec} node src/cli.ts doctor`)
    expect(minimal).toContain('Nothing leads to it from outside yet')
    expect(full).toContain('kubectl --namespace identity logs deployment/sso-doorward --container doorward | grep administrator')
    expect(full).not.toContain('Nothing leads to it')
    expect(minimal).toContain('may make up the address it comes from')
    expect(full).not.toContain('may make up')
  })

  test('alerts lead to the runbook, and the dashboard is whole', () => {
    const rules = JSON.stringify(one(objectsOf('full'), 'PrometheusRule').spec)
    expect(rules).not.toContain('__RUNBOOK__')
    expect(rules).toContain('"runbook_url":"https://git.example.com/doorward/docs/runbook/')
    const dashboard = one(objectsOf('full'), 'ConfigMap', /dashboard/).data?.['doorward.json'] ?? ''
    expect(JSON.parse(dashboard)).toEqual(JSON.parse(textOf('helm/files/dashboard.json')))
  })

  test.each(sets)('%s renders as it did (UPDATE_GOLDEN=1 writes it anew)', (set) => {
    const file = goldenOf(set)
    const text = goldenForm(rendered.get(set)?.text ?? '')
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text)
    expect(text).toBe(readFileSync(file, 'utf8'))
  })
})

/** Without what changes elsewhere: the version, the alerts and the dashboard. */
function goldenForm(text: string): string {
  const documents = text.split(/^---\n/m).map((document) => {
    if (/^kind: PrometheusRule$/m.test(document)) return document.replace(/^spec:[\s\S]*$/m, 'spec: as in files/alerts.yaml\n')
    return document.replace(/^ {2}doorward\.json: [\s\S]*$/m, '  doorward.json: as in files/dashboard.json\n')
  })
  return documents.join('---\n').replaceAll(version, 'VERSION')
}
