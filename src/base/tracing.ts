import { type Link, type Span as OpenSpan, SpanKind, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api'

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
const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const
const VALUE_MAX = 200
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

// One for the process, as OpenTelemetry's own API is; null while nobody wants traces.
let tracer: Tracer | null = null

/** From now on spans are made, by whatever was registered with OpenTelemetry's API; `false` ends that. */
export function tellTraces(on: boolean): void {
  tracer = on ? trace.getTracer('doorward') : null
}

/** Runs `work` as a span. Without traces it costs one call. What `work` throws marks the span and is passed on. */
export async function inSpan<T>(start: SpanStart, work: (span: Span) => Promise<T>): Promise<T> {
  if (tracer === null || (start.onlyInside && !trace.getActiveSpan())) return work(SILENT)
  const root = start.kind !== 'client'
  const options = { kind: KINDS[start.kind], attributes: start.fields ?? {}, links: linksTo(start.follows), root }
  return tracer.startActiveSpan(start.name, options, async (open) => {
    const span = spanOf(open)
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

/** What joins a log line to the trace that it was written in. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  // A new object each time: the log writes the fields of the line into it.
  const active = tracer === null ? undefined : trace.getActiveSpan()?.spanContext()
  return active ? { trace_id: active.traceId, span_id: active.spanId } : {}
}

/** The trace that runs now, as W3C `traceparent`, for what will follow it; null without one. */
export function traceparent(): string | null {
  if (tracer === null) return null
  const active = trace.getActiveSpan()?.spanContext()
  return active ? `00-${active.traceId}-${active.spanId}-${active.traceFlags & TraceFlags.SAMPLED ? '01' : '00'}` : null
}

function spanOf(open: OpenSpan): Span {
  return {
    rename: (name) => void open.updateName(name),
    say: (field, value) => void open.setAttribute(field, typeof value === 'string' ? value.slice(0, VALUE_MAX) : value),
    failed(error) {
      const code = (error as { code?: unknown } | null)?.code
      if (error instanceof Error) open.setAttribute('error.type', typeof code === 'string' ? code : error.name)
      open.setStatus({ code: SpanStatusCode.ERROR })
    },
  }
}

function linksTo(follows: string | undefined): Link[] {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(follows ?? '') ?? []
  if (!traceId || !spanId) return []
  return [{ context: { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16) & TraceFlags.SAMPLED, isRemote: true } }]
}
