import { parse } from 'yaml'
import { clientsFileSchema } from '../../src/clients/index.ts'
import { type Setting, settings } from '../../src/config/index.ts'
import { valueLines } from './values-comments.ts'

type Schema = Record<string, unknown>

const all: readonly Setting<unknown>[] = Object.values(settings)

/** Names of all settings, as environment variables. */
export const settingNames: readonly string[] = all.map(({ name }) => name)

/** Names that `secrets` may hold: each is mounted as a file and given by `NAME_FILE`. */
export const secretNames: readonly string[] = [
  ...all.filter(({ secret }) => secret).map(({ name }) => name),
  // A file in any case: no variable holds signing keys.
  ...(settingNames.includes('SIGNING_KEYS_FILE') ? ['SIGNING_KEYS'] : []),
]

/** Settings that the chart itself sets, and the value that rules each, from `_pod.tpl`. */
export function ownedSettings(podTemplate: string): Record<string, string> {
  const block = /define "doorward\.ownedSettings" -\}\}\n([\s\S]*?)\{\{- end/.exec(podTemplate)?.[1] ?? ''
  return parse(block) as Record<string, string>
}

const text: Schema = { type: 'string' }
const flag: Schema = { type: 'boolean' }
const words: Schema = { type: 'object', additionalProperties: { type: 'string' } }
/** What Kubernetes itself judges. */
const kubernetes: Schema = { type: 'object' }
const kubernetesList: Schema = { type: 'array', items: kubernetes }
const name: Schema = { type: 'string', pattern: '^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$' }
const port: Schema = { type: 'integer', minimum: 1, maximum: 65_535 }
const from = (minimum: number, maximum = 100_000): Schema => ({ type: 'integer', minimum, maximum })
const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values })
const list = (items: Schema): Schema => ({ type: 'array', items })
const duration: Schema = { type: 'string', pattern: '^\\d{1,6}[smh]$' }
const record = (properties: Record<string, Schema>): Schema => ({ type: 'object', additionalProperties: false, properties })

/** What is written for a setting; the service itself judges the rest, at its start. */
function written({ kind, unit }: Setting<unknown>): Schema {
  const [, min, max] = /(\d+) to (\d+)$/.exec(unit) ?? []
  switch (kind) {
    case 'whole number':
      return { type: 'integer', ...(max && { minimum: Number(min), maximum: Number(max) }) }
    case 'duration':
      return { type: ['string', 'integer'], pattern: '^\\d{1,12}[smhd]?$', minimum: 0 }
    case 'size':
      return { type: 'string', pattern: '^\\d{1,9}(B|kB|MB)$' }
    case 'one of':
      return oneOf(...unit.split(' | '))
    default:
      return { type: 'string', minLength: 1 }
  }
}

function settingsSchema(owned: Record<string, string>): Schema {
  const entries = all
    .filter(({ secret }) => !secret)
    .map((setting): [string, Schema] => {
      const by = owned[setting.name]
      // The chart refuses it by a sentence of its own.
      return [setting.name, by ? { description: `The chart sets it: ${by}` } : { ...written(setting), description: setting.help }]
    })
  return record(Object.fromEntries(entries))
}

function secretsSchema(): Schema {
  const source: Schema = {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: { name, key: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,253}$' } },
  }
  return record(Object.fromEntries(secretNames.map((secret) => [secret, source])))
}

function clientsSchema(): Schema {
  const { $schema, title, required, ...file } = clientsFileSchema()
  return { ...file, dependencies: { resource_servers: ['clients'] } }
}

/** What the restricted Pod Security Standard asks for is a constant: no value can lift it. */
const podSecurity: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['runAsNonRoot', 'seccompProfile'],
  properties: {
    runAsNonRoot: { const: true },
    runAsUser: { type: ['integer', 'null'], minimum: 1 },
    runAsGroup: { type: ['integer', 'null'], minimum: 1 },
    fsGroup: { type: ['integer', 'null'], minimum: 1 },
    fsGroupChangePolicy: oneOf('OnRootMismatch', 'Always'),
    supplementalGroups: list(from(1, 4_294_967_295)),
    seccompProfile: record({ type: oneOf('RuntimeDefault', 'Localhost'), localhostProfile: text }),
  },
}

const resources: Schema = record({ requests: kubernetes, limits: kubernetes })
const probe = record({
  periodSeconds: from(1, 3600),
  timeoutSeconds: from(1, 600),
  failureThreshold: from(1, 1000),
  initialDelaySeconds: from(0, 3600),
})
const service = (members: Record<string, Schema>) => record({ ...members, annotations: words })
const exposed = service({ type: oneOf('ClusterIP', 'NodePort', 'LoadBalancer'), port })
const destination = record({ to: kubernetesList, ports: list(port) })
const cidr: Schema = { type: 'string', pattern: '^[0-9a-fA-F.:]+/\\d{1,3}$' }

const ownProperties = {
  issuer: text,
  image: record({
    repository: text,
    tag: { type: 'string', pattern: '^([\\w][\\w.-]{0,127})?$' },
    digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
    pullPolicy: oneOf('IfNotPresent', 'Always', 'Never'),
    pullSecrets: list(name),
  }),
  existingSecret: name,
  otel: {
    type: 'object',
    additionalProperties: false,
    patternProperties: { '^OTEL_[A-Z0-9_]{1,80}$': { type: ['string', 'integer', 'number', 'boolean'] } },
  },
  extraEnv: list({ type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 } } }),
  firstAdministrator: record({ link: oneOf('file', 'log') }),
  database: record({
    maxConnections: from(1),
    reservedConnections: from(0),
    pooler: record({ enabled: flag, serverConnections: from(1), clientConnections: from(1) }),
  }),
  migrations: record({
    mode: oneOf('hook', 'start'),
    backoffLimit: from(0, 20),
    activeDeadlineSeconds: from(10, 86_400),
    resources,
  }),
  replicas: from(0, 1000),
  autoscaling: record({
    enabled: flag,
    minReplicas: from(1, 1000),
    maxReplicas: from(1, 1000),
    targetCPUUtilization: from(1, 100),
    behavior: kubernetes,
  }),
  resources,
  rollout: record({ maxSurge: from(0, 100) }),
  podDisruptionBudget: record({ enabled: flag, maxUnavailable: from(1, 1000) }),
  preStopSeconds: from(0, 600),
  terminationGracePeriodSeconds: { type: ['integer', 'null'], minimum: 1 },
  probes: record({ startup: probe, liveness: probe, readiness: probe }),
  ports: record({ public: port, operations: port, admin: { type: ['integer', 'null'], minimum: 1, maximum: 65_535 } }),
  services: record({ public: exposed, admin: exposed, operations: service({}) }),
  ingress: record({ enabled: flag, className: name, annotations: words, tlsSecretName: name }),
  httpRoute: record({ enabled: flag, annotations: words, parentRefs: kubernetesList }),
  networkPolicy: record({
    enabled: flag,
    public: kubernetesList,
    admin: kubernetesList,
    operations: kubernetesList,
    dns: destination,
    database: destination,
    smtp: destination,
    https: record({ enabled: flag, allow: list(cidr) }),
    egress: kubernetesList,
  }),
  serviceAccount: record({ create: flag, name, annotations: words }),
  podSecurityContext: podSecurity,
  antiAffinity: oneOf('preferred', 'required', 'none'),
  affinity: kubernetes,
  topologySpreadConstraints: kubernetesList,
  nodeSelector: words,
  tolerations: kubernetesList,
  priorityClassName: text,
  podAnnotations: words,
  podLabels: words,
  extraVolumes: kubernetesList,
  extraVolumeMounts: kubernetesList,
  nameOverride: name,
  fullnameOverride: name,
  monitoring: record({
    serviceMonitor: record({ enabled: flag, interval: duration, scrapeTimeout: duration, labels: words }),
    rules: record({ enabled: flag, labels: words, runbookUrl: text }),
    dashboard: record({ enabled: flag, labels: words, annotations: words }),
  }),
  global: { ...kubernetes, description: 'What a chart above this one shares; not used here' },
} satisfies Record<string, Schema>

/**
 * The schema of the chart's values (JSON Schema draft 7, which every Helm 3 reads): settings and secrets by their real names
 * and the clients file in its real form, so that a name that is none is refused before anything reaches the cluster.
 */
export function valuesSchema(valuesText: string, podTemplate: string): Schema {
  const properties: Record<string, Schema> = {
    ...ownProperties,
    settings: settingsSchema(ownedSettings(podTemplate)),
    secrets: secretsSchema(),
    clientsFile: record({ content: clientsSchema(), existingConfigMap: name, key: text, secret: name }),
  }
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', title: 'Values of Doorward', ...record(properties) }
  for (const line of valueLines(valuesText)) describe(schema, line.path.split('.'), line.words)
  return schema
}

/** Adds what values.yaml says about a value. Throws where the schema has no such value. */
function describe(schema: Schema, keys: readonly string[], says: string): void {
  const [key = '', ...rest] = keys
  const properties = (schema.properties ?? {}) as Record<string, Schema>
  const member = properties[key]
  if (!member) throw new Error(`values.yaml has ${key}, and its schema does not`)
  if (rest.length > 0) {
    // A form that is used twice is described twice.
    properties[key] = { ...member, properties: { ...(member.properties as object) } }
    describe(properties[key], rest, says)
  } else if (says) properties[key] = { description: says, ...member }
}
