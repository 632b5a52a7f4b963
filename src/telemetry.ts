// What a process tells of itself: its own metrics, the queue's, and traces where the environment asks for them by
// OpenTelemetry's standard variables.
import { collectDefaultMetrics } from 'prom-client'
import { type Clock, gaugeIn, type Log, type Metrics, newId, tellTraces } from './base/index.ts'
import { createQueueMeasures, type Database } from './store/index.ts'

type Env = Readonly<Record<string, string | undefined>>

const MEASURE_EVERY_MS = 60_000
const MEASURE_SOON_MS = 5000
const FLUSH_MS_MAX = 3000
const TELL_AGAIN_MS = 60_000
const WORDS_MAX = 300

/** Metrics of the process itself: Node's own, its version, and whether it is ready. */
export function tellProcess(metrics: Metrics, deps: { version: string; isReady(): boolean }): void {
  collectDefaultMetrics({ register: metrics })
  gaugeIn(metrics, 'doorward_build_info').set({ version: deps.version, node: process.versions.node }, 1)
  gaugeIn(metrics, 'doorward_ready', (gauge) => gauge.set(deps.isReady() ? 1 : 0))
}

/** Measures the queue now, once it has its tasks, and then once a minute; answers what ends that. An outage of the database is told elsewhere. */
export function watchQueue(deps: { db: Database; clock: Clock; log: Log; metrics: Metrics }): () => Promise<void> {
  const { clock, log } = deps
  const measure = createQueueMeasures(deps.db, deps.metrics)
  const again = () => void measure(clock.now()).catch((err) => log.debug({ err }, 'the queue could not be measured'))
  again()
  const soon = setTimeout(again, MEASURE_SOON_MS)
  const timer = setInterval(again, MEASURE_EVERY_MS)
  return async () => {
    clearTimeout(soon)
    clearInterval(timer)
  }
}

/** Whether the environment asks for traces. Nothing is sent anywhere otherwise. */
export function wantsTraces(env: Env): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false
  const exporter = env.OTEL_TRACES_EXPORTER?.trim()
  if (exporter) return exporter !== 'none'
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
}

/**
 * Begins to make traces where the environment asks for them; answers what ends that, which hands over what is left for
 * three seconds at most. OpenTelemetry is loaded only then. It keeps spans in a bounded queue and drops what does not fit: a
 * collector that is away slows nothing down.
 */
export async function startTraces(deps: { env: Env; version: string; log: Log }): Promise<() => Promise<void>> {
  const { env, log } = deps
  if (!wantsTraces(env)) return async () => {}
  const api = await import('@opentelemetry/api')
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  // Traces alone: metrics and logs have ways of their own, and are pushed nowhere.
  const sdk = new NodeSDK({
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
    textMapPropagator: null,
    // The SDK's own detectors tell the command line and the user of the process, unless somebody names them.
    ...(env.OTEL_NODE_RESOURCE_DETECTORS ? {} : { resourceDetectors: [{ detect: () => ({ attributes: resourceOf(deps) }) }] }),
  })
  api.diag.setLogger(createTeller(log), { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true })
  sdk.start()
  tellTraces(api)
  log.info({}, 'traces are made')
  return async () => {
    tellTraces(null)
    const late = new Promise<void>((resolve) => setTimeout(resolve, FLUSH_MS_MAX).unref())
    await Promise.race([sdk.shutdown().catch(() => {}), late])
  }
}

/** Who tells, by `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`. */
function resourceOf({ env, version }: { env: Env; version: string }): Record<string, string> {
  const named = (env.OTEL_RESOURCE_ATTRIBUTES ?? '').split(',').flatMap((pair) => {
    const at = pair.indexOf('=')
    return at > 0 ? [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]] : []
  })
  return {
    'service.name': 'doorward',
    'service.version': version,
    'service.instance.id': newId(),
    ...(Object.fromEntries(named) as Record<string, string>),
    ...(env.OTEL_SERVICE_NAME ? { 'service.name': env.OTEL_SERVICE_NAME } : {}),
  }
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** Writes what the SDK says of itself to the log, once a minute at most. */
function createTeller(log: Log) {
  let toldAt = Number.NEGATIVE_INFINITY
  const tell = (message: string) => {
    if (performance.now() - toldAt < TELL_AGAIN_MS) return
    toldAt = performance.now()
    log.warn({ reason: message.slice(0, WORDS_MAX) }, 'traces cannot be handed over')
  }
  const silent = () => {}
  return { error: tell, warn: tell, info: silent, debug: silent, verbose: silent }
}
