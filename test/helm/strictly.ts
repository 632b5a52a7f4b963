import { dirname, join } from 'node:path'
import ts from 'typescript'
import { type KubernetesObject, ROOT } from './chart.ts'

/** Where the form of each kind is found: the packages hold a schema and a type of each. */
const FORMS: Readonly<Record<string, string>> = {
  'v1/Pod': 'kubernetes-models/v1/Pod',
  'v1/ConfigMap': 'kubernetes-models/v1/ConfigMap',
  'v1/Service': 'kubernetes-models/v1/Service',
  'v1/ServiceAccount': 'kubernetes-models/v1/ServiceAccount',
  'apps/v1/Deployment': 'kubernetes-models/apps/v1/Deployment',
  'batch/v1/Job': 'kubernetes-models/batch/v1/Job',
  'autoscaling/v2/HorizontalPodAutoscaler': 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler',
  'policy/v1/PodDisruptionBudget': 'kubernetes-models/policy/v1/PodDisruptionBudget',
  'networking.k8s.io/v1/NetworkPolicy': 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy',
  'networking.k8s.io/v1/Ingress': 'kubernetes-models/networking.k8s.io/v1/Ingress',
  'gateway.networking.k8s.io/v1/HTTPRoute': '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute',
  'monitoring.coreos.com/v1/ServiceMonitor': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor',
  'monitoring.coreos.com/v1/PrometheusRule': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule',
}

/** A name for a set and its object, in what is reported. */
export type Named = readonly [name: string, object: KubernetesObject]

const formOf = ({ apiVersion, kind }: KubernetesObject) => FORMS[`${apiVersion}/${kind}`]

/** What the published schemas find wrong. A kind that is not known is a fault. */
export async function schemaFaults(objects: readonly Named[]): Promise<string[]> {
  const faults: string[] = []
  for (const [name, object] of objects) {
    const form = formOf(object)
    if (!form) {
      faults.push(`${name}: no form is known of ${object.apiVersion} ${object.kind}`)
      continue
    }
    const models = (await import(form)) as Record<string, new (data: object) => { validate(): void }>
    const Model = models[object.kind]
    try {
      if (!Model) throw new Error(`${form} holds no ${object.kind}`)
      new Model(object).validate()
    } catch (error) {
      faults.push(`${name}: ${(error as Error).message}`)
    }
  }
  return faults
}

/**
 * Fields that do not exist, and words where numbers belong: the schemas pass over unknown fields, as the API server does
 * with a warning. The compiler does not, since a literal may hold only what its type has.
 */
export function fieldFaults(objects: readonly Named[]): string[] {
  const known = objects.filter(([, object]) => formOf(object))
  const imports = Object.entries(FORMS).map(([key, form]) => {
    const kind = key.split('/').at(-1)
    return `import type { I${kind} } from '${form}'`
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
