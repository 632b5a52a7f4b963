import { describe, expect, test } from '@jest/globals'
import { createEventMeasures } from '../../src/audit/measures.ts'
import { counterIn, createMetrics } from '../../src/base/index.ts'
import { wantsTraces } from '../../src/telemetry.ts'

const row = (event: string, clientId: string | null, detail: Record<string, string | number> = {}) =>
  ({ event, clientId, detail }) as Parameters<ReturnType<typeof createEventMeasures>>[0]

describe('labels have few values', () => {
  test('a hundred applications have their own, however many there are; copies for a trial share one', async () => {
    const metrics = createMetrics()
    const measure = createEventMeasures(metrics)
    for (let nth = 1; nth <= 300; nth++) measure(row('token.refreshed', `app-${nth}`))
    for (let nth = 1; nth <= 50; nth++) measure(row('token.refreshed', `try-${nth}`))
    measure(row('token.refreshed', 'app-7'))
    const { values } = await counterIn(metrics, 'doorward_grants_total').get()
    const byClient = new Map(values.map(({ labels, value }) => [labels.client, value]))
    expect(byClient.size).toBe(102)
    expect(['app-7', 'other', 'try'].map((client) => byClient.get(client))).toEqual([2, 200, 50])
  })

  test('what the catalogue of methods and grants does not know is other', async () => {
    const metrics = createMetrics()
    const measure = createEventMeasures(metrics)
    measure(row('token.issued', 'app', { grantType: 'urn:made:up' }))
    measure(row('sign_in.code_wrong', 'app', { method: 'maria@fabrikam.example' }))
    measure(row('sign_in.completed', 'app', { amr: 'email_code otp mfa', seconds: 12 }))
    measure(row('sign_in.completed', 'app', { amr: 'maria@fabrikam.example' }))
    const text = await metrics.metrics()
    expect(text).toContain('doorward_grants_total{client="app",type="other"} 1')
    expect(text).toContain('doorward_challenge_failures_total{kind="other",reason="wrong"} 1')
    expect(text).toContain('doorward_sign_ins_total{methods="code+totp",outcome="completed"} 1')
    expect(text).toContain('doorward_sign_ins_total{methods="other",outcome="completed"} 1')
    expect(text).toContain('doorward_sign_in_seconds_sum{methods="code+totp"} 12')
    expect(text).not.toContain('maria')
  })
})

test.each([
  [{}, false],
  [{ OTEL_SERVICE_NAME: 'x', OTEL_METRICS_EXPORTER: 'otlp', OTEL_LOGS_EXPORTER: 'otlp' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/v1/traces' }, true],
  [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
  [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, false],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, false],
])('%j wants traces: %s', (env, wanted) => {
  expect(wantsTraces(env)).toBe(wanted)
})
