import { dirname, join } from 'node:path'
import { HTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute'
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule'
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import { Job } from 'kubernetes-models/batch/v1/Job'
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Pod } from 'kubernetes-models/v1/Pod'
import { Service } from 'kubernetes-models/v1/Service'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import ts from 'typescript'
import { type KubernetesObject, ROOT } from './chart.ts'

interface Form {
  /** The package's path, which holds a type as well. */
  path: string
  Model: new (data?: never) => { validate(): void }
}

/** Where the form of each kind is found: the packages hold a schema and a type of each. */
const FORMS: Readonly<Record<string, Form>> = {
  'v1/Pod': { path: 'kubernetes-models/v1/Pod', Model: Pod },
  'v1/ConfigMap': { path: 'kubernetes-models/v1/ConfigMap', Model: ConfigMap },
  'v1/Service': { path: 'kubernetes-models/v1/Service', Model: Service },
  'v1/ServiceAccount': { path: 'kubernetes-models/v1/ServiceAccount', Model: ServiceAccount },
  'apps/v1/Deployment': { path: 'kubernetes-models/apps/v1/Deployment', Model: Deployment },
  'batch/v1/Job': { path: 'kubernetes-models/batch/v1/Job', Model: Job },
  'autoscaling/v2/HorizontalPodAutoscaler': {
    path: 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler',
    Model: HorizontalPodAutoscaler,
  },
  'policy/v1/PodDisruptionBudget': { path: 'kubernetes-models/policy/v1/PodDisruptionBudget', Model: PodDisruptionBudget },
  'networking.k8s.io/v1/Ingress': { path: 'kubernetes-models/networking.k8s.io/v1/Ingress', Model: Ingress },
  'networking.k8s.io/v1/NetworkPolicy': { path: 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy', Model: NetworkPolicy },
  'gateway.networking.k8s.io/v1/HTTPRoute': {
    path: '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute',
    Model: HTTPRoute,
  },
  'monitoring.coreos.com/v1/ServiceMonitor': {
    path: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor',
    Model: ServiceMonitor,
  },
  'monitoring.coreos.com/v1/PrometheusRule': {
    path: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule',
    Model: PrometheusRule,
  },
}

/** A name for a set and its object, in what is reported. */
export type Named = readonly [name: string, object: KubernetesObject]

const formOf = ({ apiVersion, kind }: KubernetesObject) => FORMS[`${apiVersion}/${kind}`]

/** What the published schemas find wrong. A kind that is not known is a fault. */
export function schemaFaults(objects: readonly Named[]): string[] {
  return objects.flatMap(([name, object]) => {
    const form = formOf(object)
    if (!form) return [`${name}: no form is known of ${object.apiVersion} ${object.kind}`]
    try {
      new form.Model(object as never).validate()
      return []
    } catch (error) {
      return [`${name}: ${(error as Error).message}`]
    }
  })
}

/**
 * Fields that do not exist, and words where numbers belong: the schemas pass over unknown fields, as the API server does
 * with a warning. The compiler does not, since a literal may hold only what its type has.
 */
export function fieldFaults(objects: readonly Named[]): string[] {
  const known = objects.filter(([, object]) => formOf(object))
  const imports = Object.entries(FORMS).map(([key, { path }]) => {
    const kind = key.split('/').at(-1)
    return `import type { I${kind} } from '${path}'`
  })
  const statements = known.map(([, object], index) => `const o${index}: I${object.kind} = ${JSON.stringify(object)}`)
  const file = join(ROOT, 'test/helm/rendered-objects.ts')
  const lines = [...imports, ...statements]
  const program = programOf(file, lines.join('\n'))
  return program.getSemanticDiagnostics(program.getSourceFile(file)).map(({ start = 0, messageText, file: found }) => {
    const line = found?.getLineAndCharacterOfPosition(start).line ?? 0
    const name = known[line - imports.length]?.[0] ?? lines[line]
    return `${name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

function programOf(file: string, text: string): ts.Program {
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
    lib: ['lib.es2022.d.ts'],
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.getSourceFile = (name, languageVersion, ...rest) =>
    name === file ? ts.createSourceFile(name, text, languageVersion) : getSourceFile.call(host, name, languageVersion, ...rest)
  host.fileExists = (name) => name === file || fileExists.call(host, name)
  host.readFile = (name) => (name === file ? text : readFile.call(host, name))
  host.getCurrentDirectory = () => dirname(file)
  return ts.createProgram([file], options, host)
}
