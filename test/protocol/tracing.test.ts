import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { arrive, submit, until } from '../faults/fault-tools.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { type Stage, startStage } from '../support/stage.ts'

const CALLER = '4bf92f3577b34da6a3ce929d0e0e4736'
const TRACEPARENT = `00-${CALLER}-00f067aa0ba902b7-01`
const EMAIL = 'canary-person@fabrikam.example'

let receiver: OtlpReceiver
let stage: Stage
/** All that must not be told, each seen once on its way. */
const seeds: string[] = []

beforeAll(async () => {
  receiver = await startOtlpReceiver()
  stage = await startStage({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      OTEL_BSP_SCHEDULE_DELAY: '60000', // what arrives has come by the stop alone
      TRUSTED_PROXIES: '1',
    },
  })
  const walk = await arrive(stage)
  walk.page = await submit(walk, 'identifier', { identifier: EMAIL })
  const mail = await stage.mailbox.next(EMAIL)
  const token = mail.link?.split('/').at(-1) ?? ''
  await walk.visitor.get(mail.link ?? '', { traceparent: TRACEPARENT })
  walk.page = await submit(walk, 'code', { code: mail.code ?? '' })
  const answerUrl = walk.page.location ?? ''
  await walk.visitor.get(answerUrl)
  const { tokens, idToken } = stage.relyingParty.last()
  const cookies =
    walk.visitor.jar
      .header(stage.service.issuer)
      ?.split('; ')
      .map((pair) => pair.split('=')[1] ?? '') ?? []
  const code = new URL(answerUrl).searchParams.get('code') ?? ''
  seeds.push(
    EMAIL,
    'canary-person',
    mail.code ?? '',
    token,
    walk.uid,
    code,
    idToken.sub,
    tokens.id_token ?? '',
    tokens.access_token,
  )
  seeds.push(...cookies, stage.service.env.SECRETS ?? '', new URL(stage.service.databaseUrl).pathname.slice(1))
  await until('the mail is recorded as handed over', () => stage.service.output().includes('"event":"message.handed_over"'))
  expect(await stage.service.stop()).toBe(0)
}, 60_000)
afterAll(async () => {
  await stage?.stop()
  await receiver?.stop()
})

const named = (name: string): ReceivedSpan[] => receiver.spans().filter((span) => span.name === name)
const said = (span: ReceivedSpan | undefined) =>
  Object.fromEntries(span?.attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]) ?? [])

describe('traces, where the environment asks for them', () => {
  test('a request, its statements, its job and its mail are spans that hang together', () => {
    const [identify] = named('POST /sign-in/:uid/identify')
    expect(said(identify)).toMatchObject({ 'http.route': '/sign-in/:uid/identify', 'http.response.status_code': 303 })
    const inside = receiver.spans().filter(({ parentSpanId }) => parentSpanId === identify?.spanId)
    expect(inside.map(({ name }) => name)).toContain('deliveries_insert')
    expect(inside.every(({ traceId }) => traceId === identify?.traceId)).toBe(true)

    const job = named('job deliver').find(({ links }) => links?.some(({ traceId }) => traceId === identify?.traceId))
    expect(job?.parentSpanId ?? '').toBe('')
    const [mail] = named('hand over email')
    expect([mail?.traceId, mail?.parentSpanId]).toEqual([job?.traceId, job?.spanId])
    expect(said(mail)).toMatchObject({ 'doorward.channel': 'email', 'doorward.outcome': 'accepted' })
    expect(receiver.resource()).toMatchObject({ 'service.name': 'doorward', 'deployment.environment.name': 'test' })
  })

  test('a log line names the trace that it was written in', () => {
    const [identify] = named('POST /sign-in/:uid/identify')
    const lines = stage.service
      .output()
      .split('\n')
      .filter((line) => line.includes(`"trace_id":"${identify?.traceId}"`))
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(messages).toEqual(expect.arrayContaining(['sign_in.started', 'message.queued', 'answered']))
  })

  test('a caller decides nothing: its trace is linked to, and not joined', () => {
    const [shown] = named('GET /sign-in/:uid/link')
    expect(shown?.traceId).not.toBe(CALLER)
    expect(shown?.links).toEqual([expect.objectContaining({ traceId: CALLER })])
  })

  test('R-177 no address, code, link, cookie, token, uid or secret is in them, and no path as it was', () => {
    const bytes = receiver.bytes()
    expect(bytes.length).toBeGreaterThan(5000)
    for (const seed of seeds) {
      expect(seed.length).toBeGreaterThan(5)
      expect({ seed, told: bytes.includes(seed) }).toEqual({ seed, told: false })
    }
    const keys = new Set(receiver.spans().flatMap(({ attributes }) => attributes.map(({ key }) => key)))
    expect([...keys].filter((key) => !/^(?:http|db|doorward|error)\./.test(key))).toEqual([])
    expect(receiver.spans().filter(({ status }) => status?.message)).toEqual([])
  })
})
