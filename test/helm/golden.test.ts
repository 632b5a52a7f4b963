import { readFileSync } from 'node:fs'
import { BlockList } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import {
  type Container,
  containersOf,
  goldenOf,
  type KubernetesObject,
  objectsIn,
  one,
  type PodSpec,
  podsOf,
  selects,
  sets,
  valuesOf,
} from './chart.ts'
import { type Named, schemaFaults } from './strictly.ts'
import { secretNames, settingNames } from './values-schema.ts'

// IPv6 as it is written, and IPv4 as NAT64 (RFC 6052) and 6to4 (RFC 3056) write it: both ends of each private network.
const PRIVATE_V4 = [
  ...['0.0.0.1', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.255'],
  ...['169.254.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255', '198.19.255.255'],
]
const PUBLIC_V4 = ['8.8.8.8', '11.0.0.1', '100.128.0.1', '169.253.255.255', '172.15.255.255', '172.32.0.1', '192.169.0.1']
const PRIVATE_BY_IPV6 = [
  ...['::1', 'fd00:ec2::254', 'fe80::1', '64:ff9b:1::a00:1', '2002:a00:1::1', '2002:a9fe:a9fe::1'],
  ...PRIVATE_V4.map((one) => `64:ff9b::${one}`),
]
const PUBLIC_BY_IPV6 = ['2001:4860:4860::8888', ...PUBLIC_V4.map((one) => `64:ff9b::${one}`)]

// What the chart makes of each set of values is kept in helm/ci/golden, and render.test.ts holds it against Helm itself. So
// these promises are kept also where there is no Helm.
describe('What the chart makes of every set of values', () => {
  const made = new Map(sets.map((set) => [set, objectsIn({ ok: true, text: readFileSync(goldenOf(set), 'utf8'), words: '' })]))
  const objectsOf = (set: string) => made.get(set) ?? []
  const everywhere = <T>(look: (objects: readonly KubernetesObject[], set: string) => T[]): T[] =>
    sets.flatMap((set) => look(objectsOf(set), set))

  test('every object has the form that Kubernetes, the Gateway API and the Prometheus Operator publish', () => {
    const all = everywhere((objects, set) => objects.map((object): Named => [`${set}: ${object.kind}`, object]))
    expect(all.length).toBeGreaterThan(60)
    expect(schemaFaults(all.filter(([, { kind }]) => kind !== 'PrometheusRule'))).toEqual([])
  })

  test('R-183 every pod keeps to the restricted Pod Security Standard, writes to no disk of its own and has no token', () => {
    const pods = everywhere((objects, set) => podsOf(objects).map(({ name, spec }) => ({ name: `${set}: ${name}`, spec })))
    expect(pods.length).toBeGreaterThanOrEqual(sets.length * 2)
    expect(pods.flatMap(({ name, spec }) => securityFaults(spec).map((fault) => `${name}: ${fault}`))).toEqual([])
    const accounts = everywhere((objects) => objects.filter(({ kind }) => kind === 'ServiceAccount'))
    expect(accounts.length).toBeGreaterThan(5)
    expect(accounts.filter(({ automountServiceAccountToken }) => automountServiceAccountToken !== false)).toEqual([])
    expect(everywhere((objects) => objects.filter(({ kind }) => /Role/.test(kind)))).toEqual([])
  })

  test('R-183 a policy holds the pods to who may come in and where they may go', () => {
    for (const set of sets.filter((set) => set !== 'own-pods')) {
      const policy = one(objectsOf(set), 'NetworkPolicy', /^(?!.*migrate)/)
      const { labels } = podNamed(objectsOf(set), 'Deployment')
      expect(selects(policy.spec?.podSelector?.matchLabels ?? {}, labels)).toBe(true)
      expect(policy.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] })
      const toAnybody = (policy.spec?.egress ?? []).filter(({ to }) => !to)
      expect(toAnybody.flatMap(({ ports }) => ports.map(({ port }) => port)).filter((port) => port === 443)).toEqual([])
      const wide = (policy.spec?.egress ?? [])
        .flatMap(({ to }) => to ?? [])
        .filter(({ ipBlock }) => ipBlock?.cidr === '0.0.0.0/0')
      const spared = ['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']
      for (const { ipBlock } of wide) expect(ipBlock?.except).toEqual(expect.arrayContaining(spared))
      const wideToo = (policy.spec?.egress ?? []).flatMap(({ to }) => to ?? []).filter(({ ipBlock }) => ipBlock?.cidr === '::/0')
      expect(wideToo).toHaveLength(wide.length)
      for (const { ipBlock } of wideToo) {
        expect(blockOf(ipBlock?.except ?? [])).toEqual({ spared: [], kept: [] })
      }
      expect(policy.spec?.ingress?.find(({ ports }) => ports[0]?.port === 'operations')?.from?.length).toBeGreaterThan(0)
    }
    const closed = one(objectsOf('closed-network'), 'NetworkPolicy', /^(?!.*migrate)/).spec?.egress ?? []
    expect(closed.filter(({ to }) => !to)).toEqual([])
    expect(closed.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([53, 53, 5353, 5353, 5432, 587, 8443])
  })

  test('Services, disruption budget, monitor and policies select the pods they are meant for, and no others', () => {
    for (const set of sets) {
      const objects = objectsOf(set)
      const served = podNamed(objects, 'Deployment').labels
      const others = podsOf(objects).filter(({ labels }) => labels !== served)
      for (const { spec } of objects.filter(({ kind }) => kind === 'Service')) {
        expect(selects(spec?.selector ?? {}, served)).toBe(true)
        expect(others.filter(({ labels }) => selects(spec?.selector ?? {}, labels))).toEqual([])
      }
      for (const { spec } of objects.filter(({ kind }) => ['Deployment', 'PodDisruptionBudget'].includes(kind)))
        expect(selects(spec?.selector?.matchLabels ?? {}, served)).toBe(true)
      for (const policy of objects.filter(({ kind, metadata }) => kind === 'NetworkPolicy' && /migrate/.test(metadata.name)))
        expect(others.filter(({ labels }) => selects(policy.spec?.podSelector?.matchLabels ?? {}, labels))).toHaveLength(1)
    }
    const services = objectsOf('full').filter(({ kind }) => kind === 'Service')
    const { spec } = one(objectsOf('full'), 'ServiceMonitor')
    const watched = services.filter(({ metadata }) => selects(spec?.selector?.matchLabels ?? {}, metadata.labels))
    expect(watched.map(({ metadata }) => metadata.name)).toEqual(['doorward-operations'])
    expect(watched[0]?.spec?.ports?.map(({ name }) => name)).toEqual(spec?.endpoints?.map(({ port }) => port))
  })

  test('every port that is aimed at is open: by Services, routes, probes and policies', () => {
    for (const set of sets) {
      const objects = objectsOf(set)
      const server = serverOf(objects)
      const open = (server.ports ?? []).map(({ name }) => name)
      const services = objects.filter(({ kind }) => kind === 'Service')
      const aimed = services.flatMap(({ spec }) => (spec?.ports ?? []).map(({ targetPort }) => targetPort))
      expect(aimed.filter((port) => !open.includes(port))).toEqual([])
      for (const probe of [server.startupProbe, server.livenessProbe, server.readinessProbe])
        expect(probe?.httpGet.port).toBe('operations')
      expect(server.readinessProbe?.httpGet.path).toBe('/readyz')
      expect([server.startupProbe?.httpGet.path, server.livenessProbe?.httpGet.path]).toEqual(['/livez', '/livez'])
      const env = new Map((server.env ?? []).map(({ name, value }) => [name, value]))
      const numbers = Object.fromEntries((server.ports ?? []).map(({ name, containerPort }) => [name, String(containerPort)]))
      expect([env.get('PORT'), env.get('OPS_PORT'), env.get('ADMIN_PORT')]).toEqual([
        numbers.public,
        numbers.operations,
        numbers.admin,
      ])
      const policy = objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && !/migrate/.test(metadata.name))
      const allowed = (policy?.spec?.ingress ?? []).flatMap(({ ports }) => ports.map(({ port }) => port))
      expect(allowed.filter((port) => !open.includes(port))).toEqual([])
    }
    const backend = JSON.stringify(one(objectsOf('full'), 'Ingress').spec)
    expect(backend).toContain('"service":{"name":"doorward","port":{"name":"http"}}')
    expect(backend).toContain('"host":"id.example.com"')
    expect(JSON.stringify(one(objectsOf('gateway'), 'HTTPRoute').spec)).toContain('"backendRefs":[{"name":"doorward","port":80}]')
    expect(JSON.stringify(one(objectsOf('ingress-autoscaling'), 'Ingress').spec)).toContain('"host":"id.example.com"')
  })

  test('every variable is a setting, and every file that one names is mounted', () => {
    const standard = /^(?:NODE_ENV|OTEL_[A-Z_]+|SERVICE|EXPECTED|WAREHOUSE_SECRET)$/
    for (const set of sets) {
      const containers = podsOf(objectsOf(set)).flatMap(({ spec }) => containersOf(spec))
      for (const { env = [], volumeMounts = [] } of containers) {
        const names = env.map(({ name }) => name)
        expect(names.filter((name) => !isSetting(name) && !standard.test(name))).toEqual([])
        expect(new Set(names).size).toBe(names.length)
        const paths = env.flatMap(({ name, value }) => (name.endsWith('_FILE') && value ? [value] : []))
        const mounted = (path: string) => volumeMounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`))
        expect(paths.filter((path) => !mounted(path))).toEqual([])
      }
    }
  })

  test('every ConfigMap and Secret is made by the chart or named in its values', () => {
    for (const set of sets) {
      const objects = objectsOf(set)
      const made = objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name)
      const values = readFileSync(valuesOf(set), 'utf8')
      const named = (name: string) => made.includes(name) || new RegExp(`[: ]${name}\\b`).test(values)
      const wanted = podsOf(objects).flatMap(({ spec }) => referencesOf(spec))
      expect(wanted.length).toBeGreaterThan(2)
      expect(wanted.filter((name) => !named(name))).toEqual([])
      for (const { spec } of podsOf(objects)) {
        const volumes = (spec.volumes ?? []).map(({ name }) => name)
        const mounts = containersOf(spec).flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name))
        expect([...new Set(mounts)].sort()).toEqual(volumes.sort())
      }
    }
  })

  test('a pod is given the time that a stop takes', () => {
    const graces = sets.map((set) => {
      const { spec } = podNamed(objectsOf(set), 'Deployment')
      const wait = spec.containers[0]?.lifecycle?.preStop.sleep.seconds ?? 0
      return [set, wait, spec.terminationGracePeriodSeconds]
    })
    expect(graces).toContainEqual(['minimal', 10, 10 + 25 + 10])
    expect(graces).toContainEqual(['full', 15, 15 + 40 + 10])
    expect(graces).toContainEqual(['own-pods', 0, 120])
  })

  test('numbers are written as they are meant', () => {
    const env = new Map((serverOf(objectsOf('full')).env ?? []).map(({ name, value }) => [name, value]))
    const golden = readFileSync(goldenOf('own-pods'), 'utf8') // not as it is read: 1.00068e+09 is another thing to Kubernetes
    expect(golden).toContain('runAsUser: 1000680000\n')
    expect(golden).toContain('supplementalGroups: [2000,1000680001]\n')
    expect([env.get('SMS_RATIO_TEXTS'), env.get('OTEL_TRACES_SAMPLER_ARG')]).toEqual(['100000', '0.1'])
  })
})

/** Addresses that lead to private networks and are not spared, and public ones that are. */
function blockOf(except: readonly string[]): { spared: string[]; kept: string[] } {
  const list = new BlockList()
  for (const one of except) {
    const [network = '', bits] = one.split('/')
    list.addSubnet(network, Number(bits), 'ipv6')
  }
  const at = (addresses: readonly string[], inside: boolean) => addresses.filter((one) => list.check(one, 'ipv6') === inside)
  return { spared: at(PRIVATE_BY_IPV6, false), kept: at(PUBLIC_BY_IPV6, true) }
}

function isSetting(name: string): boolean {
  const file = name.replace(/_FILE$/, '')
  return settingNames.includes(name) || (name.endsWith('_FILE') && secretNames.includes(file))
}

function podNamed(objects: readonly KubernetesObject[], kind: string) {
  const { metadata } = one(objects, kind)
  const pod = podsOf(objects).find(({ name }) => name === metadata.name)
  if (!pod) throw new Error(`no pod of ${kind}`)
  return pod
}

function serverOf(objects: readonly KubernetesObject[]): Container {
  const [server] = podNamed(objects, 'Deployment').spec.containers
  if (!server) throw new Error('no container')
  return server
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and what we promise beyond. */
function securityFaults(spec: PodSpec): string[] {
  const faults: string[] = []
  const check = (right: boolean, words: string) => {
    if (!right) faults.push(words)
  }
  const { securityContext: pod, volumes = [] } = spec
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers']) check(!(field in spec), field)
  check(spec.automountServiceAccountToken === false, 'a service account token')
  check(pod.runAsNonRoot === true && pod.runAsUser !== 0, 'root')
  check((pod.seccompProfile as { type?: string }).type === 'RuntimeDefault', 'seccomp')
  const kinds = ['emptyDir', 'configMap', 'secret', 'projected']
  check(
    volumes.every((volume) => Object.keys(volume).every((key) => key === 'name' || kinds.includes(key))),
    'kinds of volumes',
  )
  for (const { name, securityContext, resources, ports = [] } of containersOf(spec)) {
    const { allowPrivilegeEscalation, privileged, readOnlyRootFilesystem, runAsNonRoot, capabilities, ...more } = securityContext
    check(allowPrivilegeEscalation === false && privileged === false && runAsNonRoot === true, `${name}: privileges`)
    check(readOnlyRootFilesystem === true, `${name}: a file system that can be written to`)
    check(JSON.stringify(capabilities) === '{"drop":["ALL"]}', `${name}: capabilities`)
    check(Object.keys(more).length === 0, `${name}: ${Object.keys(more)}`)
    check(Boolean(resources.requests.memory && resources.limits.memory), `${name}: no bounds of memory`)
    check(
      ports.every((port) => !('hostPort' in port) && port.containerPort > 1023),
      `${name}: ports`,
    )
  }
  return faults
}

function referencesOf(spec: PodSpec): string[] {
  const inVolumes = (spec.volumes ?? []).flatMap(({ configMap, secret, projected }) => [
    ...(configMap ? [configMap.name] : []),
    ...(secret ? [secret.secretName] : []),
    ...(projected?.sources ?? []).map((source) => source.secret.name),
  ])
  const inEnv = containersOf(spec).flatMap(({ env = [] }) =>
    env.flatMap(({ valueFrom }) => (valueFrom?.secretKeyRef ? [valueFrom.secretKeyRef.name] : [])),
  )
  return [...inVolumes, ...inEnv]
}
