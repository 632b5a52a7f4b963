import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { expect } from '@jest/globals'
import { parse } from 'yaml'
import { until } from '../faults/fault-tools.ts'
import { createVisitor, formWith, type Page, signIn, type Visitor } from '../support/person.ts'
import { freePorts } from '../support/ports.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'

export const ROOT = join(import.meta.dirname, '../..')
/** Where the examples and their registrations say that the application is. */
export const EXAMPLE_ORIGIN = 'http://127.0.0.1:3001'
/** The person who signs in. */
export const EMAIL = 'maria@fabrikam.example'

/** Who an application knows then. */
export const PERSON = { sub: expect.stringMatching(/^[\w-]{22}$/), email: EMAIL }

type Command = readonly [string, ...string[]]

export interface LibraryOptions {
  /** The folder in `examples/libraries`. */
  name: string
  /** Each must run and exit with 0, or the library is skipped. */
  needs?: readonly Command[]
  /** Run one after the other in the folder, with the network. */
  install?: readonly Command[]
  /** Starts the application in the folder; where it depends on the port, from its environment. */
  start: Command | ((env: Readonly<Record<string, string>>) => Command)
  env?: Record<string, string>
  /** Other values than its registration has. */
  registration?: Record<string, unknown>
  /** Writes what the folder lacks, before the start. */
  prepare?(folder: string, env: Readonly<Record<string, string>>): void
}

/** An application of the examples, installed in a folder of its own and started against a service of its own. */
export interface RunningLibrary {
  stage: Stage
  origin: string
  folder: string
  output(): string
  stop(): Promise<void>
}

/**
 * Installs and starts it; `null` where a tool or the network is missing, which one line on standard error tells. With
 * `REQUIRE_LIBRARIES=1` that is an error.
 */
export async function startLibrary(options: LibraryOptions): Promise<RunningLibrary | null> {
  const folder = await tempFolder(options.name)
  cpSync(join(ROOT, 'examples/libraries', options.name), folder, { recursive: true })
  const lack = missing(options, folder)
  if (lack !== null) {
    if (process.env.REQUIRE_LIBRARIES === '1') throw new Error(`${options.name} cannot be run: ${lack}`)
    process.stderr.write(`SKIPPED: ${options.name}, for want of ${lack.split('\n')[0]}\n`)
    return null
  }
  const [port] = await freePorts(1)
  const origin = `http://127.0.0.1:${port}`
  const secret = randomBytes(32).toString('base64url')
  const stage = await startStage({
    clients: registrationOf(options.name, origin).map((entry) => ({ ...entry, ...options.registration })),
    env: { MY_APP_SECRET: secret },
  })
  const env = {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
    HOME: process.env.HOME ?? folder,
    ISSUER: stage.service.issuer,
    CLIENT_ID: 'my-app',
    CLIENT_SECRET: secret,
    ORIGIN: origin,
    SESSION_SECRET: randomBytes(32).toString('base64url'),
    ...options.env,
  }
  options.prepare?.(folder, env)
  const application = startApplication(typeof options.start === 'function' ? options.start(env) : options.start, folder, env)
  const stop = async () => {
    await application.stop()
    await stage.stop()
  }
  try {
    const answers = async () => !application.running() || (await fetch(origin, { redirect: 'manual' }).catch(() => null)) !== null
    await until(`${options.name} answers`, answers, 60)
    if (!application.running()) throw new Error(`${options.name} ended: ${application.output()}`)
  } catch (error) {
    await stop()
    throw error
  }
  return { stage, origin, folder, output: application.output, stop }
}

/** The entries of the example's own part of a clients file, for an application at this origin. */
export function registrationOf(name: string, origin: string): Record<string, unknown>[] {
  const text = readFileSync(join(ROOT, 'examples/libraries', name, 'client.yaml'), 'utf8')
  return (parse(text.replaceAll(EXAMPLE_ORIGIN, origin)) as { clients: Record<string, unknown>[] }).clients
}

/** Goes to a page of the application and signs in on the way; answers the page at which it ends. */
export async function signInAt({ stage }: RunningLibrary, visitor: Visitor, begin: Page | string): Promise<Page> {
  const start = typeof begin === 'string' ? await visitor.get(begin) : begin
  const asked = await within(visitor, start, stage.service.issuer)
  if (asked.location === null) throw new Error(`no sign-in begins at ${asked.url} (${asked.status}): ${asked.words}`)
  const back = await signIn(stage.service, stage.mailbox, { authorizeUrl: asked.location, email: EMAIL, visitor })
  return within(visitor, await visitor.get(back), stage.service.issuer)
}

/** From the application's redirect to the sign-out page of the service and through it, to where it leads back. */
export async function signOutAt({ stage }: RunningLibrary, visitor: Visitor, leaving: Page): Promise<Page> {
  const asked = await within(visitor, leaving, stage.service.issuer)
  const page = await visitor.open(asked.location ?? '')
  const form = formWith(page, 'xsrf')
  if (!form) throw new Error(`no question at ${page.url} (${page.status}): ${page.words}`)
  const answered = await visitor.follow(await visitor.submit(form, {}, 'yes'))
  if (answered.location === null) throw new Error(`sign-out does not lead back: ${answered.words}`)
  return within(visitor, await visitor.get(answered.location), stage.service.issuer)
}

/** Signs somebody in, refreshes twice, asks who it is and signs out, here and there. Answers the first page after the sign-in. */
export async function walkThrough(library: RunningLibrary): Promise<Page> {
  const { origin } = library
  const visitor = visitorOf(library)
  const page = await signInAt(library, visitor, `${origin}/sign-in`)
  expect(JSON.parse(page.text)).toMatchObject(PERSON)
  for (const count of [1, 2]) {
    await visitor.post(`${origin}/refresh`, {})
    await untilRefreshed(library, count)
  }
  expect(await json(visitor, `${origin}/userinfo`)).toMatchObject(PERSON)
  const end = await signOutAt(library, visitor, await visitor.post(`${origin}/sign-out`, {}))
  expect(end.url).toBe(`${origin}/`)
  expect(await json(visitor, `${origin}/`)).toBeNull()
  return page
}

/** Ends the session at the service without the application: in the same browser, but not by its pages. */
export async function signOutElsewhere({ stage }: RunningLibrary, visitor: Visitor): Promise<void> {
  const page = await visitor.get(`${stage.service.issuer}/logout`)
  const form = formWith(page, 'xsrf')
  if (!form) throw new Error(`no question at ${page.url} (${page.status}): ${page.words}`)
  await visitor.submit(form, {}, 'yes')
}

/** A new browser at this library's service. */
export function visitorOf({ stage }: RunningLibrary): Visitor {
  return createVisitor(stage.service)
}

/** What a page of the application says as JSON, for this browser. */
export async function json(visitor: Visitor, url: string): Promise<Record<string, unknown> | null> {
  const { text, status } = await visitor.get(url)
  if (status !== 200) throw new Error(`${url} answers ${status}: ${text}`)
  return JSON.parse(text) as Record<string, unknown> | null
}

// Follows redirects up to a page or one that leads to the issuer (`location` is set then).
async function within(visitor: Visitor, start: Page, issuer: string): Promise<Page> {
  let page = start
  for (let count = 0; count < 10 && page.location !== null && new URL(page.location).origin !== issuer; count++) {
    page = await visitor.get(page.location)
  }
  return page
}

function missing({ needs = [], install = [] }: LibraryOptions, folder: string): string | null {
  for (const command of [...needs, ...install]) {
    const [file, ...args] = command
    const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
    const { status, stderr, error } = spawnSync(file, args, { cwd: folder, env: { ...process.env, PATH }, encoding: 'utf8' })
    if (status !== 0) return `${command.join(' ')}\n${error?.message ?? stderr}`
  }
  return null
}

function startApplication([file, ...args]: Command, cwd: string, env: Record<string, string>) {
  let output = ''
  // A group of its own: what `go` or a server of processes starts ends with it.
  const child: ChildProcess = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => {
    child.once('close', resolve)
    child.once('error', (error) => {
      output += error.message
      resolve()
    })
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const running = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  return {
    output: () => output,
    running,
    async stop() {
      if (running()) process.kill(-(child.pid as number), 'SIGKILL')
      await ended
    },
  }
}

/** Resolves when the service has refreshed so often in all, or more often. */
export async function untilRefreshed({ stage }: RunningLibrary, count: number): Promise<void> {
  await until(`${count} refreshes`, () => stage.service.output().split('"event":"token.refreshed"').length > count, 10)
}

/** An application for Node.js. */
export function npm(file: string): Pick<LibraryOptions, 'install' | 'start'> {
  return { install: [['npm', 'install', '--no-audit', '--no-fund']], start: [process.execPath, file] }
}
