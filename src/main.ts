// Starts the service: settings, database, rooms, ports; drains and stops on a signal. Everything that needs the
// generated client is loaded after it is known to be there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientIsGenerated, generateClient } from '../prisma/generate.ts'
import { createLog, type Log } from './base/index.ts'
import { type Config, readConfig } from './config/index.ts'

const read = readConfig(process.env, { files: (path) => readFileSync(path, 'utf8') })
if (!read.ok) {
  for (const { name, words } of read.faults) process.stderr.write(`${name} ${words}\n`)
  process.exit(1)
}
await run(read.config)

async function run(config: Config): Promise<void> {
  const log = createLog(config.logLevel)
  let stop = async () => {} // as long as nothing was started
  const told = whenTold(log, () => stop())
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
