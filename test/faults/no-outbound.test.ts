import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from '@jest/globals'
import { launch, probe, until } from './fault-tools.ts'
import { stageProduction } from './no-outbound.ts'

const WATCH = pathToFileURL(join(import.meta.dirname, '../support/outward.ts')).href

test('in production nothing leaves but to the database and the mail server that are named, and no SDK of traces is loaded', async () => {
  const production = await stageProduction()
  const service = launch({ ...production.env, NODE_OPTIONS: `--import=${WATCH}` })
  try {
    await until('it is ready', async () => (await probe(production.port + 2, '/readyz')) === 200 || !service.running())
    expect(await production.signSomebodyIn()).toBe(200)
    const said = (what: string) => {
      const lines = service.output().matchAll(new RegExp(`^\\[${what}\\] (.*)$`, 'gm'))
      return [...new Set([...lines].map(([, value]) => value))].sort()
    }
    expect(said('connects')).toEqual(production.named)
    // Names of this machine need no server of names.
    expect(said('asks').filter((name) => name !== 'localhost' && name !== '127.0.0.1')).toEqual([])
    expect(said('loads')).toEqual([])
  } finally {
    service.signal('SIGTERM')
    await service.ended
    await production.stop()
  }
})
