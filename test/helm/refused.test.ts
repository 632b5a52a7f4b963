import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from '@jest/globals'
import { stringify } from 'yaml'
import { tempFolder } from '../support/temp-folder.ts'
import { CHART, describeWithHelm, helm, type Rendering, render } from './chart.ts'

/** Renders the least set with these values on top, nested by dots. */
async function withValues(values: Record<string, unknown>, set = 'minimal'): Promise<Rendering> {
  const nested: Record<string, unknown> = {}
  for (const [path, value] of Object.entries(values)) {
    const keys = path.split('.')
    const last = keys.pop() as string
    let above = nested
    for (const key of keys) {
      above[key] ??= {}
      above = above[key] as Record<string, unknown>
    }
    above[last] = value
  }
  const file = join(await tempFolder('values'), 'values.yaml')
  await writeFile(file, stringify(nested))
  return render(set, ['--values', file])
}

const REFUSED: readonly (readonly [what: string, values: Record<string, unknown>, words: RegExp])[] = [
  ['a value that does not exist', { replica: 3 }, /additional properties 'replica' not allowed/],
  ['one inside of another', { 'ingress.host': 'id.example.com' }, /'\/ingress'.*additional properties 'host' not allowed/],
  [
    'a setting that does not exist',
    { 'settings.SESION_TTL': '7d' },
    /'\/settings'.*additional properties 'SESION_TTL' not allowed/,
  ],
  ['a setting out of its bounds', { 'settings.CODE_TRIES': 9 }, /\/settings\/CODE_TRIES.*maximum: got 9, want 5/],
  ['a duration that is none', { 'settings.SESSION_TTL': 'a week' }, /\/settings\/SESSION_TTL/],
  ['a word that is not among the possible ones', { 'settings.SECOND_FACTOR': 'always' }, /'off', 'optional', 'required'/],
  ['a secret among the settings', { 'settings.SECRETS': 'x'.repeat(43) }, /additional properties 'SECRETS' not allowed/],
  ['a secret that the service does not know', { 'secrets.PASSWORD.name': 'x' }, /'\/secrets'.*additional properties 'PASSWORD'/],
  [
    'a clients file with an unknown key',
    { 'clientsFile.content.clients': [{ id: 'shop' }] },
    /\/clientsFile\/content\/clients\/0/,
  ],
  [
    'a setting that the chart sets',
    { 'settings.ISSUER': 'https://x.example' },
    /- settings\.ISSUER: the chart sets it; use issuer/,
  ],
  [
    'the same variable twice',
    { extraEnv: [{ name: 'MAIL_FROM', value: 'x' }] },
    /- extraEnv: MAIL_FROM is set by the chart already/,
  ],
  [
    'a secret of the service in a variable',
    { extraEnv: [{ name: 'SMTP_URL', value: 'smtps://user:password@mail.example' }] },
    /- extraEnv: SMTP_URL is a secret: name the Secret that holds it under secrets\.SMTP_URL/,
  ],
  [
    'the key of a collector in clear',
    { 'otel.OTEL_EXPORTER_OTLP_HEADERS': 'authorization=Bearer x' },
    /- otel\.OTEL_EXPORTER_OTLP_HEADERS: it holds a key: take it from a Secret/,
  ],
  [
    'the same in a variable',
    { extraEnv: [{ name: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', value: 'authorization=Bearer x' }] },
    /- extraEnv: OTEL_EXPORTER_OTLP_TRACES_HEADERS holds a key: take it from a Secret/,
  ],
  [
    'a label by which pods are selected',
    { podLabels: { 'app.kubernetes.io/name': 'identity' } },
    /- podLabels: app\.kubernetes\.io\/name is set by the chart already/,
  ],
  ['an issuer with a path', { issuer: 'https://example.com/id' }, /- issuer: set the address.*no path/],
  ['an issuer without TLS', { issuer: 'http://id.example.com' }, /- issuer: set the address.*https/],
  ['root', { 'podSecurityContext.runAsNonRoot': false }, /\/podSecurityContext\/runAsNonRoot.*must be true/],
  ['the number of root', { 'podSecurityContext.runAsUser': 0 }, /\/podSecurityContext\/runAsUser.*minimum/],
  ['no seccomp', { 'podSecurityContext.seccompProfile.type': 'Unconfined' }, /'RuntimeDefault', 'Localhost'/],
  [
    'more pods at least than at most',
    { autoscaling: { enabled: true, minReplicas: 5 } },
    /minReplicas \(5\) is more than maxReplicas/,
  ],
  ['two uses of one port', { 'ports.operations': 3000 }, /- ports: each must be another number/],
  ['a route to nowhere', { 'httpRoute.enabled': true }, /- httpRoute\.parentRefs: name the Gateway/],
  ['a port for the admin API that everybody reaches', { 'ports.admin': 3001 }, /- networkPolicy\.admin: say who reaches/],
  ['alerts without a runbook', { 'monitoring.rules.enabled': true }, /- monitoring\.rules\.runbookUrl/],
  ['a grace that cuts a stop off', { terminationGracePeriodSeconds: 30 }, /a stop may take 45 s .* and 30 would cut it off/],
  [
    'Twilio without its secret',
    { 'settings.SMS_ROUTES': 'sns,twilio' },
    /- secrets\.TWILIO_AUTH_TOKEN: needed, since SMS_ROUTES names twilio/,
  ],
  [
    'a pooler and no way past it',
    { 'database.pooler.enabled': true },
    /- secrets\.DATABASE_DIRECT_URL: needed with database\.pooler/,
  ],
  [
    'two clients files',
    { 'clientsFile.content.clients': [{ client_id: 'a' }], 'clientsFile.existingConfigMap': 'b' },
    /keep one of/,
  ],
]

describeWithHelm('Values that cannot work are refused before anything reaches the cluster, by a line that says which', () => {
  const renderings = new Map<string, Rendering>()

  beforeAll(async () => {
    await Promise.all(REFUSED.map(async ([what, values]) => renderings.set(what, await withValues(values))))
  })

  test('without any values, all that must be said is told at once', async () => {
    const { ok, words } = await helm(['template', 'doorward', CHART])
    expect(ok).toBe(false)
    const told = words.split('\n').filter((line) => line.startsWith('- '))
    expect(told.map((line) => line.slice(2).split(':')[0])).toEqual([
      'issuer',
      'image.repository',
      'settings.MAIL_FROM',
      'secrets.DATABASE_URL',
      'secrets.SECRETS',
      'secrets.SMTP_URL',
    ])
  })

  test.each(REFUSED)('%s', (what, _values, words) => {
    const rendering = renderings.get(what)
    expect(rendering?.ok).toBe(false)
    expect(rendering?.words.replaceAll(/\s+/g, ' ')).toMatch(words)
  })

  // A process holds its pool, four workers of the queue at most and one that listens for it, one that shows that it lives,
  // and one for notices.
  test('more connections than the database has, those of an upgrade included, are refused at the first that is too many', async () => {
    const fits = { replicas: 4, 'database.maxConnections': 95 } // (4 + 1) × (10 + 4 + 3) = 85, and 10 reserved
    expect((await withValues(fits)).ok).toBe(true)
    const { ok, words } = await withValues({ ...fits, 'database.maxConnections': 94 })
    expect(ok).toBe(false)
    expect(words).toContain(
      "- database: 5 processes (an upgrade's included) open 17 connections each, 10 for DATABASE_POOL_SIZE and 7 for jobs: 85; 94 of max_connections less 10 reserved are 84. Lower the pods or DATABASE_POOL_SIZE, raise max_connections, or put a pooler in front",
    )
    expect((await withValues({ ...fits, 'settings.WORKER_CONCURRENCY': 3, 'database.maxConnections': 90 })).ok).toBe(true)
    expect((await withValues({ ...fits, autoscaling: { enabled: true, maxReplicas: 5 } })).words).toContain('6 processes')
  })

  test('behind a pooler, what goes past it and what the pooler opens are counted instead', async () => {
    const fits = { replicas: 9, 'database.maxConnections': 110 } // (9 + 1) × (2 + 3) + 50 = 100, and 10 reserved
    expect((await withValues(fits, 'pooler')).ok).toBe(true)
    const { words } = await withValues({ ...fits, 'database.maxConnections': 109 }, 'pooler')
    expect(words).toContain(
      "10 processes (an upgrade's included) hold 5 connections each past the pooler, and the pooler 50: 100",
    )
    const crowded = await withValues({ ...fits, 'database.pooler.clientConnections': 199 }, 'pooler')
    expect(crowded.words).toContain('10 processes open 20 connections each, which is 200; the pooler takes 199')
  })
})
