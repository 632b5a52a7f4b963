import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { emptyDatabase, query } from '../support/database.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'
import {
  type Container,
  describeWithHelm,
  type KubernetesObject,
  objectsIn,
  type PodSpec,
  podsOf,
  ROOT,
  render,
  type Volume,
} from './chart.ts'

interface Ended {
  code: number | null
  output: string
}

interface Running {
  output(): string
  stop(): Promise<Ended>
  ended: Promise<Ended>
}

/** What the Secrets of a set hold, by Secret and key. */
type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>

/** A pod without a cluster: its volumes as folders, and of every variable and file the paths that lead there. */
async function podHere(spec: PodSpec, configMaps: readonly KubernetesObject[], secrets: Secrets) {
  const root = await tempFolder('pod')
  const folders = new Map((spec.volumes ?? []).map(({ name }) => [name, join(root, name)]))
  const mounts = spec.containers.flatMap(({ volumeMounts = [] }) => volumeMounts)
  const folderAt = (mountPath: string) => folders.get(mounts.find((mount) => mount.mountPath === mountPath)?.name ?? '') ?? ''
  const places = new RegExp(`(?<![\\w.-])(?:${mounts.map(({ mountPath }) => mountPath).join('|')})(?=/)`, 'g')
  const moved = (text: string) => text.replaceAll(places, folderAt)
  for (const volume of spec.volumes ?? []) {
    const folder = folders.get(volume.name) as string
    await mkdir(folder, { recursive: true })
    for (const [file, text] of filesOf(volume, configMaps, secrets))
      await writeFile(join(folder, file), moved(text), { mode: 0o440 })
  }

  /** Starts what the container says, with its variables and no others but those of an image. */
  function start({ command, env = [] }: Container): Running {
    const variables = env.map(({ name, value, valueFrom }): [string, string] => {
      const { name: secret = '', key = '' } = valueFrom?.secretKeyRef ?? {}
      return [name, moved(value ?? secrets[secret]?.[key] ?? '')]
    })
    const [program = '', ...args] = command
    const child = spawn(program === 'node' ? process.execPath : program, args, {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOME: root, ...Object.fromEntries(variables) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, output })))
    running.push({
      output: () => output,
      ended,
      stop: () => {
        child.kill('SIGTERM')
        return ended
      },
    })
    return running.at(-1) as Running
  }
  return { start, folderOf: (volume: string) => folders.get(volume) as string }
}

const running: Running[] = []

function filesOf({ configMap, secret, projected }: Volume, configMaps: readonly KubernetesObject[], secrets: Secrets) {
  if (configMap) return Object.entries(configMaps.find(({ metadata }) => metadata.name === configMap.name)?.data ?? {})
  if (secret) return Object.entries(secrets[secret.secretName] ?? {})
  return (projected?.sources ?? []).flatMap(({ secret: { name, items } }) =>
    items.map(({ key, path }): [string, string] => [path, secrets[name]?.[key] ?? '']),
  )
}

async function readyAt(url: string, service: Running): Promise<void> {
  let over: Ended | undefined
  void service.ended.then((ended) => {
    over = ended
  })
  for (;;) {
    if (over) throw new Error(`it ended with ${over.code} before it was ready\n${over.output}`)
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => null)
    if (answer?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const podOf = (objects: readonly KubernetesObject[], name: string) =>
  podsOf(objects).find((pod) => pod.name === name)?.spec as PodSpec
const firstOf = ({ containers }: PodSpec) => containers[0] as Container

describeWithHelm('What the chart asks a cluster to run is what runs', () => {
  let secrets: Secrets
  let databaseUrl: string

  beforeAll(async () => {
    databaseUrl = await emptyDatabase()
    const smtp = 'smtps://user:password@smtp.example.com'
    const keys = `${randomBytes(32).toString('base64')},${randomBytes(32).toString('base64')}`
    secrets = {
      doorward: {
        SECRETS: keys,
        DATABASE_URL: databaseUrl,
        SMTP_URL: smtp,
        RECEIPTS_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
      },
      'doorward-db-app': { uri: databaseUrl },
      mail: { url: smtp },
      'doorward-clients': { shop: randomBytes(32).toString('base64url') },
      warehouse: { 'client-secret': randomBytes(32).toString('base64url') },
    }
  })

  afterAll(async () => {
    await Promise.all(running.map((service) => service.stop()))
  })

  test('the Job of the hook migrates an empty database, and again finds nothing to do', async () => {
    const spec = podOf(objectsIn(await render('minimal')), 'doorward-migrate')
    const pod = await podHere(spec, [], secrets)
    const first = await pod.start(firstOf(spec)).ended
    expect(first).toMatchObject({ code: 0, output: expect.stringMatching(/Applied: \d{14}_/) })
    const second = await pod.start(firstOf(spec)).ended
    expect(second).toMatchObject({ code: 0, output: expect.stringContaining('The database is up to date.') })
    expect(await query(databaseUrl, 'select from account')).toEqual([])
  })

  test('so does the container that runs first, where pods migrate at their start', async () => {
    const spec = podOf(objectsIn(await render('migrate-at-start')), 'doorward')
    const [container] = spec.initContainers ?? []
    // Of the pod's volumes it mounts two.
    const volumes = (spec.volumes ?? []).filter(({ name }) => container?.volumeMounts?.some((mount) => mount.name === name))
    const pod = await podHere({ ...spec, containers: [container as Container], volumes }, [], {
      doorward: { ...secrets.doorward, DATABASE_URL: await emptyDatabase() },
    })
    expect(await pod.start(container as Container).ended).toMatchObject({ code: 0 })
  })

  test.each(['full', 'minimal'])(
    'the Deployment of %s is ready, answers the test of the release, and ends cleanly',
    async (set) => {
      const [people, admin, operations] = (await freePorts(3)) as [number, number, number]
      const ports = [
        `ports.public=${people}`,
        `ports.operations=${operations}`,
        ...(set === 'full' ? [`ports.admin=${admin}`] : []),
      ]
      const objects = objectsIn(await render(set, ['--set', ports.join(',')]))
      const spec = podOf(objects, 'doorward')
      const pod = await podHere(spec, objects, secrets)
      const container = firstOf(spec)
      const service = pod.start(container)
      await readyAt(`http://127.0.0.1:${operations}${container.readinessProbe?.httpGet.path}`, service)

      // What the chart reckons with: the pool, and seven beside it.
      const beside = `select from pg_stat_activity where datname = current_database() and application_name like 'doorward %'`
      expect((await query(databaseUrl, beside)).length).toBeLessThanOrEqual(7)

      // The same code as in the cluster; only the name of the Service is another.
      const testSpec = podOf(objects, 'doorward-test')
      const testing = firstOf(testSpec)
      const env = (testing.env ?? []).map(({ name, value }) =>
        name === 'SERVICE' ? { name, value: `http://127.0.0.1:${people}` } : { name, value: value ?? '' },
      )
      const testPod = await podHere(testSpec, [], secrets)
      expect(await testPod.start({ ...testing, env }).ended).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^https:\/\/id\.example\.com answers, with \d+ signing keys/),
      })
      const another = env.map(({ name, value }) => ({ name, value: name === 'EXPECTED' ? 'https://other.example.com' : value }))
      expect(await testPod.start({ ...testing, env: another }).ended).toMatchObject({
        code: 1,
        output: expect.stringContaining('issuer is https://id.example.com, and should be https://other.example.com'),
      })

      const link = /^https:\/\/id\.example\.com\/admin\/first\/\S+$/
      if (set === 'full')
        expect(service.output()).toMatch(/Become its administrator: +https:\/\/id\.example\.com\/admin\/first\//)
      else expect((await readFile(join(pod.folderOf('run'), 'admin-link'), 'utf8')).trim()).toMatch(link)
      expect((await service.stop()).code).toBe(0)
    },
  )
})
