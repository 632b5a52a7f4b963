// Starts a server in a process of its own, says so, and lives until it is killed.
import { createLog } from '../../src/base/index.ts'
import { startEmbeddedPostgres } from '../../src/store/index.ts'

const [, , dataDir = ''] = process.argv
const server = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' }, log: createLog('silent') })
process.stdout.write(`${server.url}\n`)
setInterval(() => {}, 1000)
