import { type ChildProcess, spawn } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createLog } from '../../src/base/index.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { freePorts } from '../support/ports.ts'
import type { Stage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { watchOver } from '../support/watchdog.ts'

const POLL_MS = 25

/** Asks again until there is an answer, and answers it. Fails after `seconds` with the words of what is awaited. */
export async function until<T>(words: string, ask: () => T | Promise<T>, seconds = 30): Promise<NonNullable<T>> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const found = await ask()
    if (found) return found
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${words}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** A browser that stands on a page of a sign-in. */
export interface Walk {
  visitor: Visitor
  page: Page
  uid: string
  home: string
}

/** Opens the page that asks who one is. */
export async function arrive(stage: Stage, visitor = createVisitor(stage.service), parameters = {}): Promise<Walk> {
  const page = await visitor.open(await stage.authorizeUrl(visitor, parameters))
  const uid = /\/sign-in\/([^/]+)/.exec(page.url)?.[1] ?? ''
  return { visitor, page, uid, home: `${stage.service.issuer}/sign-in/${uid}` }
}

/** Gives this address, and stands on the page that waits for the code. */
export async function ask(stage: Stage, email: string, visitor?: Visitor): Promise<Walk> {
  const walk = await arrive(stage, visitor)
  return { ...walk, page: await submit(walk, 'identifier', { identifier: email }) }
}

/** Sends the form that has this field and follows to the next page. */
export async function submit(walk: Walk, field: string, fields: Record<string, string>): Promise<Page> {
  const form = formWith(walk.page, field)
  if (!form) throw new Error(`no field ${field} on ${walk.page.url} (${walk.page.status}): ${walk.page.words}`)
  return walk.visitor.follow(await walk.visitor.submit(form, fields))
}

/** Types the mailed code and goes on to the application; answers its page's status and words. */
export async function finish(stage: Stage, walk: Walk, email: string): Promise<Page> {
  const { code } = await stage.mailbox.next(email)
  const end = await submit({ ...walk, page: await walk.visitor.open(walk.home) }, 'code', { code: code ?? '' })
  if (end.location === null) throw new Error(`the sign-in does not end: ${end.url} (${end.status}): ${end.words}`)
  return walk.visitor.get(end.location)
}

/** A started process of the service, ready or not. */
export interface Started {
  pid: number
  output(): string
  running(): boolean
  /** Exit code; null when a signal ended it. */
  ended: Promise<number | null>
  signal(name: NodeJS.Signals): void
}

const ROOT = join(import.meta.dirname, '../..')

/** Starts the service with exactly these settings, its clock `clockSeconds` ahead, and waits for nothing. */
export function launch(env: Record<string, string>, clockSeconds = 0): Started {
  const clock = `./test/support/clock.ts?seconds=${clockSeconds}`
  const child: ChildProcess = spawn(process.execPath, ['--import', clock, 'src/main.ts'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', SHUTDOWN_DELAY: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    pid: child.pid ?? 0,
    output: () => output,
    running: () => child.exitCode === null && child.signalCode === null,
    ended,
    signal: (name) => void child.kill(name),
  }
}

/** Status of a probe on the operations port; 0 while nobody answers. */
export async function probe(opsPort: number | string, path: '/livez' | '/readyz'): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${opsPort}${path}`, { signal: AbortSignal.timeout(2000) }).catch(() => null)
  await answer?.body?.cancel()
  return answer?.status ?? 0
}

/** A PostgreSQL of a test's own, that can be switched off and on at the same address. */
export interface OwnPostgres {
  url: string
  urlFor(database: string): string
  down(): Promise<void>
  up(): Promise<void>
  /** Ends it for good. */
  stop(): Promise<void>
}

/** Starts it. It ends with the test process, however that ends. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const dataDir = await tempFolder('own-postgres')
  await chmod(dataDir, 0o711)
  const release = watchOver(dataDir)
  const [port] = await freePorts(1)
  const options = { dataDir, port, settings: { fsync: 'off' }, log: createLog('error') }
  let server: EmbeddedPostgres | null = await startEmbeddedPostgres(options)
  const { url, urlFor } = server
  const down = async () => {
    await server?.stop()
    server = null
  }
  return {
    url,
    urlFor,
    down,
    up: async () => {
      server ??= await startEmbeddedPostgres(options)
    },
    stop: async () => {
      await down()
      release()
    },
  }
}

/** Sends these bytes on a connection of their own and answers all that comes back until the server closes it. */
export async function sendRaw(port: number, chunks: Iterable<string | Buffer>): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1')
    const done = () => resolve(text)
    socket.setTimeout(20_000, () => socket.destroy())
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('error', () => {}).on('close', done) // a server that refuses a body may cut the line
    void write(socket, chunks)
  })
}

async function write(socket: ReturnType<typeof connect>, chunks: Iterable<string | Buffer>): Promise<void> {
  for (const chunk of chunks) {
    if (socket.destroyed || !socket.writable) return
    if (!socket.write(chunk)) {
      await Promise.race([
        new Promise((resolve) => socket.once('drain', resolve)),
        new Promise((resolve) => socket.once('close', resolve)),
      ])
    }
  }
}
