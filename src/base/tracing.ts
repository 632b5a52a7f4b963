import type { Link, Span as OpenSpan, Tracer } from '@opentelemetry/api'

/**
 * All that a span may say beside its name. Names and values are ours and few: patterns of paths, names of statements, of
 * tasks, channels and routes. Never a path, a value of a row, an address or the words of an error.
 */
export type SpanField =
  | 'http.request.method'
  | 'http.route'
  | 'http.response.status_code'
  | 'db.system.name'
  | 'db.operation.name'
  | 'doorward.request'
  | 'doorward.task'
  | 'doorward.attempt'
  | 'doorward.channel'
  | 'doorward.route'
  | 'doorward.outcome'
  | 'doorward.reason'

export interface Span {
  /** What the thing is called, where that was not known when it began. */
  rename(name: string): void
  say(field: SpanField, value: string | number): void
  /** It did not work; the class of the error is told, never its words. */
  failed(error: unknown): void
}

export interface SpanStart {
  name: string
  kind: 'server' | 'client' | 'consumer'
  fields?: Partial<Record<SpanField, string | number>>
  /** A W3C `traceparent` that this follows: it is linked to, and decides nothing. */
  follows?: string | undefined
  /** Tell of it only inside of something else; by itself it is housekeeping. */
  onlyInside?: boolean
}

const SILENT: Span = { rename() {}, say() {}, failed() {} }
const KINDS = { server: 'SERVER', client: 'CLIENT', consumer: 'CONSUMER' } as const
const VALUE_MAX = 200
/** The only flag that W3C Trace Context names. */
const SAMPLED = 1
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** OpenTelemetry's own API, loaded only where traces are wanted. */
export type OpenTelemetry = typeof import('@opentelemetry/api')

// One for the process, as OpenTelemetry's own is; null while nobody wants traces.
let making: Making | null = null

interface Making {
  api: OpenTelemetry
  tracer: Tracer
}

/** From now on spans are made, by whatever was registered with this API; `null` ends that. */
export function tellTraces(api: OpenTelemetry | null): void {
  making = api && { api, tracer: api.trace.getTracer('doorward') }
}

/** Runs `work` as a span. Without traces it costs one call. What `work` throws marks the span and is passed on. */
export function inSpan<T>(start: SpanStart, work: (span: Span) => Promise<T>): Promise<T> {
  if (making === null || (start.onlyInside && !making.api.trace.getActiveSpan())) return work(SILENT)
  return traced(making, start, work)
}

async function traced<T>({ api, tracer }: Making, start: SpanStart, work: (span: Span) => Promise<T>): Promise<T> {
  const root = start.kind !== 'client'
  const options = { kind: api.SpanKind[KINDS[start.kind]], attributes: start.fields ?? {}, links: linksTo(start.follows), root }
  return tracer.startActiveSpan(start.name, options, async (open) => {
    const span = spanOf(api, open)
    try {
      return await work(span)
    } catch (error) {
      span.failed(error)
      throw error
    } finally {
      open.end()
    }
  })
}

/** What joins a log line to the trace that it was written in; null without one. */
export function traceFields(): { trace_id: string; span_id: string } | null {
  const active = making?.api.trace.getActiveSpan()?.spanContext()
  return active ? { trace_id: active.traceId, span_id: active.spanId } : null
}

/** The trace that runs now, as W3C `traceparent`, for what will follow it; null without one. */
export function traceparent(): string | null {
  const active = making?.api.trace.getActiveSpan()?.spanContext()
  return active ? `00-${active.traceId}-${active.spanId}-${active.traceFlags & SAMPLED ? '01' : '00'}` : null
}

function spanOf(api: OpenTelemetry, open: OpenSpan): Span {
  return {
    rename: (name) => void open.updateName(name),
    say: (field, value) => void open.setAttribute(field, typeof value === 'string' ? value.slice(0, VALUE_MAX) : value),
    failed(error) {
      const code = (error as { code?: unknown } | null)?.code
      if (error instanceof Error) open.setAttribute('error.type', typeof code === 'string' ? code : error.name)
      open.setStatus({ code: api.SpanStatusCode.ERROR })
    },
  }
}

function linksTo(follows: string | undefined): Link[] {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(follows ?? '') ?? []
  if (!traceId || !spanId) return []
  return [{ context: { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16) & SAMPLED, isRemote: true } }]
}
