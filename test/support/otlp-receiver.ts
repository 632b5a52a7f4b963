import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Value {
  stringValue?: string
  intValue?: number | string
}

/** One span as OTLP over HTTP with JSON carries it. */
export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: { key: string; value: Value }[]
  links?: { traceId: string; spanId: string }[]
  status?: { code?: number; message?: string }
}

export interface OtlpReceiver {
  url: string
  spans(): ReceivedSpan[]
  /** Everything that was received, as it came. */
  bytes(): string
  /** Who told, by attribute. */
  resource(): Record<string, string>
  stop(): Promise<void>
}

interface Body {
  resourceSpans?: { resource: { attributes: { key: string; value: Value }[] }; scopeSpans: { spans: ReceivedSpan[] }[] }[]
}

/** A collector of traces on loopback, for `OTEL_EXPORTER_OTLP_PROTOCOL=http/json`. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const bodies: string[] = []
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    bodies.push(Buffer.concat(chunks).toString())
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const told = () => bodies.flatMap((body) => (JSON.parse(body) as Body).resourceSpans ?? [])
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => told().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    bytes: () => bodies.join('\n'),
    resource: () =>
      Object.fromEntries(
        told().flatMap(({ resource }) => resource.attributes.map(({ key, value }) => [key, value.stringValue ?? ''])),
      ),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
