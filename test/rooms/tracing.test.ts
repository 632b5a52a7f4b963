import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Span, SpanOptions, SpanStatus, Tracer } from '@opentelemetry/api'
import * as api from '@opentelemetry/api'
import Koa from 'koa'
import { createLog, createMetrics, inSpan, tellTraces, traceparent } from '../../src/base/index.ts'
import { createRequestLog } from '../../src/web/middleware/request-log.ts'

// What is said to OpenTelemetry's API, written down.
interface Told {
  name: string
  options: SpanOptions
  attributes: Record<string, unknown>
  status: SpanStatus | null
  exceptions: number
  ended: boolean
}
const told: Told[] = []

function recorded(name: string, options: SpanOptions): Span {
  const entry: Told = { name, options, attributes: { ...options.attributes }, status: null, exceptions: 0, ended: false }
  told.push(entry)
  const span = {
    spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
    updateName: (to: string) => Object.assign(entry, { name: to }),
    setAttribute: (key: string, value: unknown) => Object.assign(entry.attributes, { [key]: value }),
    setStatus: (status: SpanStatus) => Object.assign(entry, { status }),
    recordException: () => Object.assign(entry, { exceptions: entry.exceptions + 1 }),
    end: () => Object.assign(entry, { ended: true }),
  }
  return span as unknown as Span
}

const tracer = {
  startActiveSpan: (name: string, options: SpanOptions, work: (span: Span) => unknown) => work(recorded(name, options)),
} as unknown as Tracer

beforeAll(() => {
  api.trace.setGlobalTracerProvider({ getTracer: () => tracer })
  tellTraces(api)
})
afterAll(() => {
  tellTraces(null)
  api.trace.disable()
  api.context.disable()
})
beforeEach(() => void told.splice(0))

test('R-177 of an error its class is told, and never its words', async () => {
  const fault = Object.assign(new Error('duplicate key (target)=(maria@fabrikam.example)'), { code: '23505' })
  await expect(inSpan({ name: 'attempt_begin', kind: 'client' }, () => Promise.reject(fault))).rejects.toBe(fault)
  expect(told).toMatchObject([{ attributes: { 'error.type': '23505' }, exceptions: 0, ended: true }])
  expect(JSON.stringify(told)).not.toContain('maria')
})

test('a request and a job begin a trace of their own; what they follow is linked to, when it can be read', async () => {
  const id = 'c'.repeat(32)
  for (const follows of [`00-${id}-${'d'.repeat(16)}-01`, `00-${id}-zz-01`, `ff-${id}`, '', undefined])
    await inSpan({ name: 'GET /', kind: 'server', follows }, async () => {})
  expect(told.map(({ options }) => [options.root, options.links?.map((link) => link.context.traceId)])).toEqual([
    [true, [id]],
    ...Array.from({ length: 4 }, () => [true, []]),
  ])
})

test.each([
  [0, []],
  [1, ['c'.repeat(32)]],
])('with %i proxies in front, what a request says it follows is linked to: %j', async (trustedProxies, linked) => {
  const app = new Koa().use(createRequestLog({ log: createLog('silent'), metrics: createMetrics(), trustedProxies }))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await fetch(`http://127.0.0.1:${port}/`, { headers: { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` } })
  await new Promise((resolve) => server.close(resolve))
  expect(told.map(({ options }) => [options.root, options.links?.map((link) => link.context.traceId)])).toEqual([[true, linked]])
})

test('housekeeping outside of anything is not told; without traces nothing is', async () => {
  const statement = { name: 'sweep_replay', kind: 'client', onlyInside: true } as const
  expect(await inSpan(statement, async () => 'asked')).toBe('asked')
  tellTraces(null)
  expect(await inSpan({ name: 'GET /', kind: 'server' }, async () => traceparent())).toBeNull()
  tellTraces(api)
  expect(told).toEqual([])
})
