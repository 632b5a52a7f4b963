// `npm run image`: lays the image out in a folder, weighs it, and starts it there in production mode, on a PostgreSQL of
// its own, as the image's user with nothing to write to, until its health check passes and it is ready.
//   --out FOLDER   where to lay it out and leave it; without it a temporary folder, removed at the end
//   --lay-out      only lay out and weigh
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createLog } from '../src/base/index.ts'
import { startEmbeddedPostgres } from '../src/store/index.ts'
import { finish } from './finish.ts'
import { type ImageTree, layOutImage, PROJECT } from './lay-out.ts'
import { close, confinement, reopen, runInTree } from './run-tree.ts'
import { BASE_BYTES, compressedBytes } from './size.ts'

const LIMIT_BYTES = 150_000_000
const PORTS = { PORT: '13000', OPS_PORT: '13002' }
const READY_MS = 60_000
const POLL_MS = 20
const CONFINED = {
  namespace: 'in a file system of its own, read-only',
  user: 'in the folder, closed to writing',
  self: 'in the folder, closed to writing, as the user of this script: only root can become another',
}

const { values: flags } = parseArgs({ options: { out: { type: 'string' }, 'lay-out': { type: 'boolean', default: false } } })
const say = (line: string) => process.stdout.write(`${line}\n`)
const folder = flags.out ? resolve(flags.out) : await mkdtemp(join(tmpdir(), 'doorward-image-'))
await mkdir(folder, { recursive: true })
await chmod(folder, 0o755)
const tree = await layOutImage({ context: PROJECT, out: join(folder, 'image'), say })
await close(tree)
try {
  await weigh(tree)
  if (!flags['lay-out']) await tryOut(tree)
} finally {
  await reopen(tree)
  if (!flags.out) await rm(folder, { recursive: true, force: true })
}

async function weigh({ folder: root, workdir }: ImageTree): Promise<void> {
  const app = join(root, workdir)
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
  const layers = { packages: ['node_modules'], compiled: ['compiled'], sources: ['src', 'views', 'prisma', 'examples'] }
  for (const [name, paths] of Object.entries(layers))
    say(`${name}: ${megabytes(await compressedBytes(app, { paths }))} compressed`)
  const ours = await compressedBytes(root)
  const kilobytes = await finishWords(['du', '-sk', '.'])
  say(`all: ${megabytes(ours)} compressed, ${megabytes(Number.parseInt(kilobytes, 10) * 1024)} on disk`)
  say(`with the base: at most ${megabytes(ours + BASE_BYTES)} compressed`)
  if (ours + BASE_BYTES > LIMIT_BYTES) throw new Error(`the image is heavier than ${megabytes(LIMIT_BYTES)}`)
}

async function tryOut(image: ImageTree): Promise<void> {
  say(`it runs as ${image.user.uid} ${CONFINED[confinement()]}`)
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log: createLog('error') })
  try {
    say(
      (
        await finish(runInTree(image, { command: ['node', 'src/cli.ts', 'migrate'], env: { DATABASE_URL: postgres.url } }))
      ).trim(),
    )
    await startAndStop(image, settingsOn(postgres.url))
  } finally {
    await postgres.stop()
  }
}

/** The least that production needs; no mail leaves, since nobody signs in. */
function settingsOn(databaseUrl: string): Record<string, string> {
  return {
    ...PORTS,
    DATABASE_URL: databaseUrl,
    ISSUER: 'https://id.example.com',
    HOST: '127.0.0.1',
    SECRETS: randomBytes(32).toString('base64url'),
    SMTP_URL: 'smtps://mail.example.com',
    MAIL_FROM: 'Doorward <id@example.com>',
    TRUSTED_PROXIES: '0',
    SHUTDOWN_DELAY: '0',
  }
}

async function startAndStop(image: ImageTree, env: Record<string, string>): Promise<void> {
  const began = performance.now()
  const service = runInTree(image, { env })
  const ended = finish(service)
  ended.catch(() => {})
  try {
    await Promise.race([ready(), ended.then(() => Promise.reject(new Error('it ended by itself')))])
    say(`ready after ${((performance.now() - began) / 1000).toFixed(2)} s, with ${await memoryOf(service)}`)
    await finish(runInTree(image, { command: image.healthcheck, env }))
    say('its health check passes')
  } finally {
    service.kill('SIGTERM')
  }
  await ended
  say('it stopped when it was asked to')
}

async function ready(): Promise<void> {
  const end = performance.now() + READY_MS
  while (performance.now() < end) {
    const answer = await fetch(`http://127.0.0.1:${PORTS.OPS_PORT}/readyz`).catch(() => null)
    if (answer?.ok) return
    await new Promise((wake) => setTimeout(wake, POLL_MS))
  }
  throw new Error(`it is not ready within ${READY_MS / 1000} s`)
}

async function memoryOf({ pid }: ChildProcess): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
  return kilobytes ? `${Math.round(Number(kilobytes) / 1024)} MiB resident` : 'memory that this system does not tell'
}

async function finishWords(command: readonly string[]): Promise<string> {
  return finish(runInTree(tree, { command }))
}
