import { execFile, execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { describeWhere } from '../support/missing.ts'

export const ROOT = join(import.meta.dirname, '../..')
export const CHART = join(ROOT, 'helm')
const NAMESPACE = 'identity'

/** The oldest Kubernetes that the chart is for. */
const KUBERNETES = ['--kube-version', '1.31.0']

type Labels = Readonly<Record<string, string>>

/** Of a container, what the tests look at. */
export interface Container {
  name: string
  image: string
  command: string[]
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[]
  ports?: { name: string; containerPort: number }[]
  securityContext: Record<string, unknown>
  resources: { requests: Labels; limits: Labels }
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[]
  startupProbe?: Probe
  livenessProbe?: Probe
  readinessProbe?: Probe
  lifecycle?: { preStop: { sleep: { seconds: number } } }
}

interface Probe {
  httpGet: { path: string; port: string }
}

export interface Volume {
  name: string
  emptyDir?: object
  configMap?: { name: string; items?: { key: string; path: string }[] }
  secret?: { secretName: string }
  projected?: { sources: { secret: { name: string; items: { key: string; path: string }[] } }[] }
}

/** Of a pod, what the tests look at. */
export interface PodSpec {
  containers: Container[]
  initContainers?: Container[]
  volumes?: Volume[]
  securityContext: Record<string, unknown>
  automountServiceAccountToken?: boolean
  serviceAccountName?: string
  terminationGracePeriodSeconds?: number
  [other: string]: unknown
}

/** Of an object's `spec`, what the tests look at; which of it is there depends on the kind. */
interface Spec {
  replicas?: number
  template?: { metadata: { labels: Labels; annotations?: Labels }; spec: PodSpec }
  selector?: Labels & { matchLabels?: Labels }
  podSelector?: { matchLabels: Labels }
  ports?: { name: string; port: number; targetPort: string }[]
  ingress?: { ports: { port: string }[]; from?: object[] }[]
  egress?: { ports: { port: number; protocol: string }[]; to?: { ipBlock?: { cidr: string; except?: string[] } }[] }[]
  endpoints?: { port: string }[]
  groups?: unknown[]
}

/** One object as it would be sent to the cluster. */
export interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: { name: string; labels: Labels; annotations?: Labels }
  spec?: Spec & Partial<PodSpec>
  data?: Record<string, string>
  automountServiceAccountToken?: boolean
}

/** Values that come with the chart, by their short names: `minimal`, `full` … */
export const sets: readonly string[] = globSync('ci/*-values.yaml', { cwd: CHART })
  .map((path) => basename(path, '-values.yaml'))
  .sort()

export const valuesOf = (set: string) => join(CHART, 'ci', `${set}-values.yaml`)

/** What the chart made of a set when it was looked at last. */
export const goldenOf = (set: string) => join(CHART, 'ci', 'golden', `${set}.yaml`)

export const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/**
 * Tests that need Helm. Where it is not on the path they say so and pass; with `REQUIRE_HELM=1` they fail.
 */
export function describeWithHelm(title: string, tests: () => void): void {
  describeWhere({ what: 'helm', isHere: helmIsHere(), requiredBy: 'REQUIRE_HELM' }, title, tests)
}

function helmIsHere(): boolean {
  try {
    execFileSync('helm', ['version', '--short'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface Rendering {
  ok: boolean
  /** Standard output. */
  text: string
  /** Standard error. */
  words: string
}

/** Runs helm with these arguments. */
export function helm(args: readonly string[]): Promise<Rendering> {
  return new Promise((resolve) => {
    execFile('helm', [...args, ...KUBERNETES], { maxBuffer: 64 * 1024 * 1024 }, (error, text, words) => {
      resolve({ ok: error === null, text, words })
    })
  })
}

/** Renders the chart as an install of the release `doorward` would. */
export function render(set: string, more: readonly string[] = []): Promise<Rendering> {
  return helm(['template', 'doorward', CHART, '--namespace', NAMESPACE, '--values', valuesOf(set), ...more])
}

/** The objects of a rendering. Throws where it holds a key twice, or is no YAML. */
export function objectsIn({ text, words, ok }: Rendering): KubernetesObject[] {
  if (!ok) throw new Error(words)
  return parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0]
    const object = document.toJS() as KubernetesObject | null
    return object === null ? [] : [object]
  })
}

/** One of a kind. Throws where it is not there. */
export function one(objects: readonly KubernetesObject[], kind: string, name?: RegExp): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && (!name || name.test(object.metadata.name)))
  if (!found) throw new Error(`no ${kind} ${name ?? ''}`)
  return found
}

/** Every pod that would run: its name, labels and spec. */
export function podsOf(objects: readonly KubernetesObject[]): { name: string; labels: Labels; spec: PodSpec }[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    if (kind === 'Pod') return [{ name: metadata.name, labels: metadata.labels, spec: spec as PodSpec }]
    const { template } = spec ?? {}
    return template ? [{ name: metadata.name, labels: template.metadata.labels, spec: template.spec }] : []
  })
}

/** All containers of a pod, those that run first included. */
export const containersOf = (spec: PodSpec): Container[] => [...(spec.initContainers ?? []), ...spec.containers]

/** Whether what is selected by these labels has these. */
export const selects = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value)
