// Starts the service: settings, database, rooms, ports; drains and stops on a signal. Nothing of size is loaded before
// Node knows where it keeps what it compiled, and what needs the generated client not before that is there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from './base/index.ts'
import { keepCompiled, readCompiled } from './compiled.ts'
import type { Config } from './config/index.ts'

readCompiled()
const { readConfig } = await import('./config/index.ts')
const read = readConfig(process.env, { files: (path) => readFileSync(path, 'utf8') })
if (!read.ok) {
  for (const { name, words } of read.faults) process.stderr.write(`${name} ${words}\n`)
  process.exit(1)
}
await run(read.config)

async function run(config: Config): Promise<void> {
  const { createLog } = await import('./base/index.ts')
  const log = createLog(config.logLevel)
  let stop = async () => {} // as long as nothing was started
  const told = whenTold(log, () => stop())
  const { clientIsGenerated, generateClient } = await import('../prisma/generate.ts')
  if (!clientIsGenerated()) generateClient()
  const { startService } = await import('./service.ts')
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string }

  const service = startService({
    config,
    log,
    version,
    env: process.env,
    say: (line) => process.stdout.write(`${line}\n`),
  })
  stop = service.stop
  process.on('unhandledRejection', (err) => log.error({ err }, 'a promise was rejected and nobody looked'))

  try {
    await service.started
    keepCompiled()
  } catch (error) {
    if (told()) return // a start that was broken off
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    log.debug({ err: error }, 'the service did not start')
    await service.stop().catch(() => {})
    process.exit(1)
  }
}

/**
 * Stops on a signal; a second one ends the process at once. Answers whether one has come. Signals are taken from the
 * first moment on: to process 1 of a container they mean nothing by themselves.
 */
function whenTold(log: Log, stop: () => Promise<void>): () => boolean {
  let stopping = false
  const onSignal = (signal: string) => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'stopping')
    stop().then(
      () => process.exit(0),
      (err) => {
        log.error({ err }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return () => stopping
}
