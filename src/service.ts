import type { Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type App, createApp } from './app.ts'
import { passkeyDomainOf } from './app-settings.ts'
import { clock, createMetrics, type Log } from './base/index.ts'
import type { Config } from './config/index.ts'
import { createDraining, type Draining } from './draining.ts'
import { firstLink, firstLinkLines } from './first-link.ts'
import { giveBackMemory } from './memory.ts'
import { warmPasskeys } from './passkeys.ts'
import {
  checkDeployment,
  type Database,
  type EmbeddedPostgres,
  keepsItsSession,
  migrate,
  NEEDS_DIRECT,
  openDatabase,
  startEmbeddedPostgres,
  waitForDatabase,
} from './store/index.ts'
import { startTraces, tellProcess, watchQueue } from './telemetry.ts'
import { pricesFrom } from './texting.ts'
import { demoOrigin, demoRegistration, startDemoApplication, trialSecrets } from './trial.ts'
import { createOps } from './web/index.ts'

export interface ServiceOptions {
  config: Config
  log: Log
  version: string
  /** Only for secrets that the clients file names, and for what the SDKs of AWS and OpenTelemetry read. */
  env: Readonly<Record<string, string | undefined>>
  /** Writes a line for the person at the terminal. */
  say(line: string): void
}

const SKEW_EVERY_MS = 30_000
/** What is left of SHUTDOWN_GRACE for letting go of the queue and the database, at most half of it. */
const LETTING_GO_SECONDS = 5

/** What was started, in order; it is stopped backwards. */
type Closer = () => Promise<void>

/** Where a service stands between its start and its end. */
interface State {
  /** Words of why it is not ready; null when it is. */
  ready: string | null
  stopping: boolean
  /** What takes requests. */
  sites: Draining[]
  /** Takes no more jobs and lets running ones end, for so many seconds at most; what requests leave to do until `asked` too. */
  endJobs: ((graceSeconds: number, asked: Promise<unknown>) => Promise<void>) | null
}

/**
 * One running service. `started` resolves once people are served and rejects with one clear line; `stop` drains:
 * not ready while balancers look, then no more connections; requests and jobs end; the database last.
 */
export function startService(options: ServiceOptions): { started: Promise<void>; stop(): Promise<void> } {
  const closers: Closer[] = []
  const state: State = { ready: 'starting', stopping: false, sites: [], endJobs: null }
  const started = start(options, closers, state)
  started.catch(() => {})

  async function stop(): Promise<void> {
    const served = state.ready === null
    state.stopping = true
    state.ready = 'stopping'
    const end = async () => {
      await endWork(state, options.config, served)
      for (const close of closers.splice(0).reverse()) await close()
    }
    // A server of our own is stopped in any case.
    const { databaseUrl, shutdownGraceSeconds } = options.config
    await (databaseUrl === null ? end() : atMost(shutdownGraceSeconds, end()))
  }
  return { started, stop }
}

/** F-08: a database that hangs keeps nobody beyond the grace. Jobs are taken up by others, as those of a process that died. */
async function atMost(seconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000)
  })
  await Promise.race([work, over]).finally(() => clearTimeout(timer))
}

/** Lets requests and jobs end, side by side, then what requests asked for. Whoever was never ready has no balancer to wait for. */
async function endWork({ sites, endJobs }: State, config: Config, served: boolean): Promise<void> {
  const grace = config.shutdownGraceSeconds
  const seconds = grace - Math.min(LETTING_GO_SECONDS, grace / 2)
  const wait = served ? Math.min(config.shutdownDelaySeconds, seconds) : 0
  for (const site of sites) site.sendElsewhere()
  const answered = pause(wait * 1000).then(() => Promise.all(sites.map((site) => site.close(seconds - wait))))
  await Promise.all([answered, endJobs?.(seconds, answered)])
}

async function start(options: ServiceOptions, closers: Closer[], state: State) {
  const { config, log } = options
  closers.push(await startTraces(options))
  const metrics = createMetrics()
  tellProcess(metrics, { version: options.version, isReady: () => state.ready === null })
  const ops = createOps({ metrics, notReady: async () => state.ready })
  await listen(ops, config.opsPort, config.host, 'OPS_PORT')
  closers.push(() => close(ops))

  const urls = await databaseUrls(config, log, closers)
  const db = openDatabase({ url: urls.pooled, poolSize: config.databasePoolSize, log, metrics, clock })
  closers.push(() => db.close())
  await waitForDatabase(db, { log, until: () => state.stopping })
  await directIsDirect(urls.direct, state)
  if (config.trial) await migrate({ url: urls.direct, log })
  await schemaIsReady(db, log, state)

  const secrets = config.secrets ?? trialSecrets(config.dataDir)
  const demo = config.trial && !config.clientsFile ? demoRegistration(config, secrets) : null
  const demoUrl = demo ? demoOrigin(config) : null
  const prices = pricesFrom(config)
  const snsEndpoint = options.env.AWS_ENDPOINT_URL_SNS ?? null
  const shared = { config, db, clock, log, metrics }
  const { env } = options
  const app = createApp({ ...shared, env, databaseDirectUrl: urls.direct, secrets, demoUrl, prices, snsEndpoint })
  const mayMove = config.databaseUrl === null
  const facts = { issuer: config.issuer, secretIds: app.secretIds, passkeys: passkeyDomainOf(config) }
  await checkDeployment(db, { ...facts, now: clock.now(), log, mayMove })
  await checkClock(db, config, log, closers)
  const link = await firstLink({ config, linkFor: app.first.linkFor, now: clock.now() })
  await (demo ? app.registered.declare(demo.file, 'trial') : app.registered.clientsFile.begin())
  closers.push(() => app.stop())
  state.endJobs = app.endJobs
  await app.start()
  closers.push(watchQueue(shared))
  await serve(app, config, state)
  if (demo) await startDemo(config, demo.secret, log, closers)
  await app.started(options.version)
  giveBackMemory()
  state.ready = state.stopping ? 'stopping' : null
  tell(options, demoUrl, app.worstCase, firstLinkLines(link, config))
  await warmPasskeys(config)
}

async function databaseUrls(config: Config, log: Log, closers: Closer[]): Promise<{ pooled: string; direct: string }> {
  if (config.databaseUrl) return { pooled: config.databaseUrl, direct: config.databaseDirectUrl ?? config.databaseUrl }
  const embedded: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir: join(config.dataDir, 'postgres'), log })
  closers.push(() => embedded.stop())
  return { pooled: embedded.url, direct: embedded.url }
}

/** F-58: LISTEN and locks of the session would be lost without a word. While it cannot be asked, nothing is known. */
async function directIsDirect(url: string, state: { stopping: boolean }): Promise<void> {
  if (state.stopping) return
  const kept = await keepsItsSession(url).catch(() => true)
  if (!kept) throw new Error(NEEDS_DIRECT)
}

/** F-02: an instance waits, not ready, until somebody has migrated the database. */
async function schemaIsReady(db: Database, log: Log, state: State): Promise<void> {
  for (let told = ''; !state.stopping; ) {
    const { schema, writable, reason } = await db.health()
    if (writable && (schema === 'ready' || schema === 'ahead-compatible')) return
    if (schema === 'ahead') throw new Error('the database is newer than this version and no longer fits it')
    const why = reason ?? `schema: ${schema}`
    if (why !== told) log.error({ schema, writable }, `waiting for the database: ${why}; run \`npm run cli -- migrate\``)
    told = why
    await pause(1000)
  }
}

/** Decision on clocks: one clock, the process's; a difference to the database refuses the start and is watched later. */
async function checkClock(db: Database, config: Config, log: Log, closers: Closer[]): Promise<void> {
  const tooFar = (skew: number | null) => skew !== null && Math.abs(skew) > config.clockSkewMaxSeconds
  const { clockSkewSeconds } = await db.health()
  if (tooFar(clockSkewSeconds)) {
    throw new Error(
      `the clock differs from the database's by ${clockSkewSeconds} s; at most ${config.clockSkewMaxSeconds} s are allowed (CLOCK_SKEW_MAX)`,
    )
  }
  const timer = setInterval(async () => {
    const { clockSkewSeconds: skew } = await db.health().catch(() => ({ clockSkewSeconds: null }))
    if (tooFar(skew)) log.error({ skewSeconds: skew }, 'the clock differs from that of the database')
  }, SKEW_EVERY_MS)
  closers.push(async () => clearInterval(timer))
}

async function serve({ site, adminSite }: App, config: Config, state: State): Promise<void> {
  state.sites.push(createDraining(site))
  await listen(site, config.port, config.host, 'PORT')
  if (!adminSite || config.adminPort === null) return
  state.sites.push(createDraining(adminSite))
  await listen(adminSite, config.adminPort, config.host, 'ADMIN_PORT')
}

async function startDemo(config: Config, secret: string, log: Log, closers: Closer[]): Promise<void> {
  const demo = await startDemoApplication(config, secret, log).catch((error) => {
    throw portTaken(error, config.port + 1, 'PORT') ?? error
  })
  if (demo) closers.push(() => demo.stop())
}

function tell(
  { config, log, say }: ServiceOptions,
  demoUrl: string | null,
  worstCase: App['worstCase'],
  link: readonly string[],
): void {
  for (const warning of worstCase?.warnings ?? []) log.warn({}, warning)
  if (worstCase) log.info({ worstCaseMicros: worstCase.micros, currency: worstCase.currency }, worstCase.words)
  if (!config.trial) {
    for (const line of link) say(line)
    return
  }
  const inbox = config.smtpUrls.length === 0 || config.smsRoutes.length === 0
  say('')
  say(`  Doorward runs in trial mode at ${config.issuer}`)
  if (demoUrl) say(`  Sign in to the demo application:  ${demoUrl}`)
  if (inbox) say(`  Read what it would send:          ${config.issuer}/dev/inbox`)
  for (const line of link) say(`  ${line}`)
  if (worstCase) say(`  ${worstCase.words}${config.smsRoutes.length > 0 ? '' : '; in the inbox they cost nothing'}`)
  say('')
}

function listen(server: Server, port: number, host: string, setting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(portTaken(error, port, setting) ?? error))
    server.listen(port, host, () => resolve())
  })
}

function portTaken(error: unknown, port: number, setting: string): Error | null {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return null
  return new Error(`Port ${port} is taken by another process. Stop it, or choose another with ${setting}.`, { cause: error })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
