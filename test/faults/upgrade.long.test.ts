import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, symlinkSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { stringify } from 'yaml'
import { emptyDatabase, query } from '../support/database.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'
import { createVisitor, signIn } from '../support/person.ts'
import { freePorts } from '../support/ports.ts'
import { type RelyingParty, startRelyingParty } from '../support/relying-party.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { probe, until } from './fault-tools.ts'

// The state of the code before the newest migration signs people in while that is applied; then old and new serve side
// by side; then the new one is taken away again. The old state comes from the history of the repository.

const ROOT = join(import.meta.dirname, '../..')
const RATE_PER_SECOND = Number(process.env.UPGRADE_RATE ?? 2)
const STEADY_MS = 6000

const newest = readdirSync(join(ROOT, 'prisma/migrations'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort()
  .at(-1) as string
const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()

/** The last commits without the newest migration, the latest first; empty where there is no history. */
function commitsBefore(): string[] {
  if (!existsSync(join(ROOT, '.git'))) return []
  try {
    const added = git('log', '--format=%H', '--diff-filter=A', '--', `prisma/migrations/${newest}`).split('\n').at(-1)
    return git('log', '--format=%H', '--max-count=20', added ? `${added}^` : 'HEAD').split('\n')
  } catch {
    return [] // a clone without the whole history
  }
}

const candidates = commitsBefore()
if (candidates.length === 0 && process.env.REQUIRE_HISTORY !== '1')
  process.stdout.write('SKIPPED: the upgrade from the version before, since there is no history of git here\n')

interface Instance {
  port: number
  child: ChildProcess
  output(): string
}

let old: string
let before: string
let env: Record<string, string>
let url: string
let issuer: string
let mailbox: Mailbox
let relyingParty: RelyingParty
let balancer: Server
const serving: Instance[] = []
const started: Instance[] = []

/** An old state of the code in a folder of its own, with the packages of this one; null where it does not load. */
async function unpack(commit: string): Promise<string | null> {
  const folder = await tempFolder('before')
  execFileSync('sh', ['-c', `git archive ${commit} | tar -x -C '${folder}'`], { cwd: ROOT })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  try {
    execFileSync(process.execPath, ['prisma/generate.ts'], { cwd: folder, stdio: 'pipe' })
    execFileSync(process.execPath, ['--input-type=module', '-e', `await import('./src/service.ts')`], {
      cwd: folder,
      stdio: 'pipe',
    })
    return folder
  } catch {
    return null // a commit that is one half of a change
  }
}

/** The latest old state that can be started. */
async function unpackOne(): Promise<void> {
  for (const commit of candidates) {
    const folder = await unpack(commit)
    if (folder === null) continue
    old = folder
    before = commit
    return
  }
  throw new Error(`none of ${candidates.length} commits before ${newest} can be started`)
}

const command = (code: string, ...args: string[]) =>
  new Promise<string>((resolve, reject) => {
    const child = spawn(process.execPath, ['src/cli.ts', ...args], { cwd: code, env: { PATH: process.env.PATH ?? '', ...env } })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.on('close', (exit) => (exit === 0 ? resolve(said) : reject(new Error(said))))
  })

async function start(code: string): Promise<Instance> {
  const [port] = await freePorts(3)
  const settings = { ...env, PORT: String(port), OPS_PORT: String(port + 2), DATA_DIR: await tempFolder('data') }
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: code, env: { PATH: process.env.PATH ?? '', ...settings } })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const instance = { port, child, output: () => said }
  started.push(instance)
  await until(
    'an instance is ready',
    async () => {
      if (child.exitCode !== null) throw new Error(said)
      return (await probe(port + 2, '/readyz')) === 200
    },
    60,
  )
  return instance
}

async function take(instance: Instance): Promise<void> {
  serving.splice(serving.indexOf(instance), 1)
  const ended = new Promise((resolve) => instance.child.once('close', resolve))
  instance.child.kill('SIGTERM')
  await ended
}

/** One address for all of them: each connection leads to the next. */
async function balance(port: number): Promise<Server> {
  let turn = 0
  const server = createServer((near) => {
    const instance = serving[turn++ % serving.length]
    if (!instance) return void near.destroy()
    const far = connect(instance.port, '127.0.0.1')
    near.pipe(far).pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}

const tally = { begun: 0, done: 0, failed: [] as string[], slowestMs: 0 }

/** Whole sign-ins of new people at a steady rate, until `stop`; that waits for those under way. */
function signPeopleIn(): { stop(): Promise<void> } {
  const under = new Set<Promise<void>>()
  const one = async (number: number) => {
    const began = performance.now()
    const visitor = createVisitor({ issuer, port: Number(new URL(issuer).port), clockSeconds: 0 })
    try {
      const { location } = await visitor.get(`${relyingParty.url}/login?`)
      const end = await signIn(visitor as never, mailbox, {
        ...{ authorizeUrl: location ?? '', email: `person-${number}@fabrikam.example`, visitor },
      })
      const { status, words } = await visitor.get(end)
      if (status !== 200) throw new Error(words)
      tally.done++
    } catch (error) {
      tally.failed.push((error as Error).message)
    }
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - began)
  }
  const timer = setInterval(() => {
    const walk = one(tally.begun++).finally(() => under.delete(walk))
    under.add(walk)
  }, 1000 / RATE_PER_SECOND)
  return {
    stop: async () => {
      clearInterval(timer)
      await Promise.all(under)
    },
  }
}

/** The longest that any statement of an instance waited for a lock, in seconds. */
function watchLocks(): { stop(): Promise<number> } {
  const client = new Client({ connectionString: url })
  const ready = client.connect()
  let longest = 0
  let running = true
  const watching = (async () => {
    await ready
    while (running) {
      const { rows } = await client.query<{ seconds: number | null }>(
        `select max(extract(epoch from clock_timestamp() - l.waitstart))::float8 as seconds from pg_locks l
         join pg_stat_activity a using (pid)
         where not l.granted and a.datname = current_database() and a.application_name <> 'doorward migrate'`,
      )
      longest = Math.max(longest, rows[0]?.seconds ?? 0)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await client.end()
  })()
  return {
    stop: async () => {
      running = false
      await watching
      return longest
    },
  }
}

const steadily = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

beforeAll(async () => {
  if (candidates.length === 0) return
  await unpackOne()
  url = await emptyDatabase()
  const [port] = await freePorts(1)
  issuer = `http://localhost:${port}`
  mailbox = await startMailbox()
  relyingParty = await startRelyingParty({ issuer, clientId: 'test-app' })
  const file = join(await tempFolder('upgrade'), 'clients.yaml')
  await writeFile(file, stringify({ clients: [await relyingParty.clientMetadata({ first_party: true })] }))
  env = {
    ...{ HOST: '127.0.0.1', ISSUER: issuer, DATABASE_URL: url, SECRETS: randomBytes(32).toString('base64url') },
    ...{ MAIL_FROM: 'id@doorward.example', SMTP_URL: mailbox.url, CLIENTS_FILE: file, LIMITS: GENEROUS_LIMITS },
  }
  balancer = await balance(port)
}, 300_000)

afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL')
  balancer?.close()
  await relyingParty?.stop()
  await mailbox?.stop()
})

describe('S-7, F-42 an upgrade, and the way back', () => {
  test('from the version before: no sign-in fails, and nobody waits for a lock for a second', async () => {
    if (candidates.length === 0) return expect(process.env.REQUIRE_HISTORY).not.toBe('1')
    const said: string[] = []
    await command(old, 'migrate')
    for (const instance of [await start(old), await start(old)]) serving.push(instance)
    const people = signPeopleIn()
    await steadily(STEADY_MS)
    said.push(`${tally.done} signed in by the version before (${before.slice(0, 7)})`)

    const locks = watchLocks()
    const began = performance.now()
    await command(ROOT, 'migrate')
    said.push(`${newest} applied in ${Math.round(performance.now() - began)} ms, start of the command included`)
    const waited = await locks.stop()
    expect(await query(url, 'select from _prisma_migrations where migration_name = $1', [newest])).toHaveLength(1)
    await steadily(STEADY_MS / 2)

    const fresh = await start(ROOT)
    serving.push(fresh)
    await steadily(STEADY_MS)
    await take(serving[0] as Instance)
    await steadily(STEADY_MS / 2)
    said.push(`${tally.done} after both served side by side`)

    // The way back: an instance of the version before starts on the new tables, and the new one goes.
    serving.push(await start(old))
    await take(fresh)
    await steadily(STEADY_MS)
    await people.stop()
    said.push(`${tally.done} of ${tally.begun} in all, the slowest within ${Math.round(tally.slowestMs)} ms`)
    said.push(`the longest wait for a lock: ${Math.round(waited * 1000)} ms`)
    process.stdout.write(`${said.join('\n')}\n`)
    expect(tally.failed).toEqual([])
    expect(tally.done).toBe(tally.begun)
    expect(waited).toBeLessThan(1)
  }, 300_000)
})
