import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { finish } from '../../release/finish.ts'
import { type ImageTree, layOutImage, PROJECT } from '../../release/lay-out.ts'
import { close, reopen, runInTree } from '../../release/run-tree.ts'
import { emptyDatabase } from '../support/database.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'
import { createVisitor, signIn } from '../support/person.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'

interface Described {
  command?: string[]
  environment: Record<string, string>
  healthcheck?: { test: string[] }
}

const LAYING_OUT_MS = 300_000
const HEALTHY_MS = 60_000

let tree: ImageTree
let mailbox: Mailbox
let port: number
let folder: string
let services: Record<string, Described>
const running: ChildProcess[] = []

/** compose.yaml as it stands, the names of its network replaced by what stands for them here. */
async function described(databaseUrl: string): Promise<Record<string, Described>> {
  const made = new Map<string, string>()
  const secret = (name: string) => made.get(name) ?? made.set(name, randomBytes(32).toString('hex')).get(name)
  const text = (await readFile(join(PROJECT, 'compose.yaml'), 'utf8'))
    .replaceAll(/postgres:\/\/.*/g, databaseUrl)
    .replaceAll(/\$\{([A-Z_]+):\?[^}]*\}/g, (_, name: string) => secret(name) as string)
    .replaceAll('smtp://mail:1025', mailbox.url)
    .replaceAll('/run/doorward', folder)
  return (parse(here(text), { merge: true }) as { services: Record<string, Described> }).services
}

const here = (text: string) => text.replaceAll(/\b300([012])\b/g, (_, digit) => String(port + Number(digit)))

function start(name: string): ChildProcess {
  const { command, environment } = services[name] as Described
  const own = name === 'doorward' ? { PORT: String(port) } : {} // inside of a container it is always 3000
  const env = { ...environment, ...own, ...(name === 'migrate' ? {} : { HOST: '127.0.0.1' }) }
  const child = runInTree(tree, { ...(command && { command }), env, readable: [folder] })
  running.push(child)
  return child
}

async function healthy(name: string): Promise<void> {
  const command = services[name]?.healthcheck?.test.slice(1) ?? []
  for (const end = performance.now() + HEALTHY_MS; ; ) {
    const failure = await finish(runInTree(tree, { command })).then(
      () => null,
      (error: Error) => error,
    )
    if (!failure) return
    if (performance.now() > end) throw failure
  }
}

beforeAll(async () => {
  tree = await layOutImage({ context: PROJECT, out: await tempFolder('compose'), standIns: { generate: PROJECT } })
  await close(tree)
  mailbox = await startMailbox()
  ;[port] = await freePorts(3)
  folder = await tempFolder('clients')
  await chmod(folder, 0o755)
  await writeFile(join(folder, 'clients.yaml'), here(await readFile(join(PROJECT, 'examples/compose/clients.yaml'), 'utf8')))
  services = await described(await emptyDatabase())
}, LAYING_OUT_MS)

afterAll(async () => {
  for (const child of running) child.kill('SIGTERM')
  await mailbox?.stop()
  if (tree) await reopen(tree)
})

test('what compose.yaml starts, with the settings it gives, signs somebody in to the demo application', async () => {
  await finish(start('migrate'))
  start('doorward')
  await healthy('doorward')
  start('demo')
  await healthy('demo')
  const issuer = `http://localhost:${port}`
  const demo = `http://127.0.0.1:${port + 1}`
  const instance = { issuer, port, clockSeconds: 0 }
  const visitor = createVisitor(instance)
  const { location } = await visitor.get(`${demo}/sign-in`)
  const answer = await signIn(instance, mailbox, { authorizeUrl: location ?? '', email: 'ada@fabrikam.example', visitor })
  expect((await visitor.get(answer)).location).toBe(`${demo}/`)
  expect((await visitor.get(`${demo}/`)).words).toContain('ada@fabrikam.example')
})
