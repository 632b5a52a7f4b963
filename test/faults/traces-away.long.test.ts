import { expect, test } from '@jest/globals'
import { freePorts } from '../support/ports.ts'
import { silentPort } from '../support/silent-port.ts'
import { startStage } from '../support/stage.ts'

test('a collector of traces that never answers keeps nobody from signing in, and the stop from nothing', async () => {
  const [port] = await freePorts(1)
  const release = await silentPort(port)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: '100' }
  const stage = await startStage({ env: { ...env, SHUTDOWN_DELAY: '0' } })
  try {
    for (const nth of [1, 2, 3]) await stage.signIn(`nobody-waits-${nth}@fabrikam.example`)
    const began = performance.now()
    expect(await stage.service.stop()).toBe(0)
    expect(performance.now() - began).toBeLessThan(6000)
  } finally {
    await stage.stop()
    await release()
  }
})
