import { chmod } from 'node:fs/promises'
import { createLog } from '../../src/base/index.ts'
import { startEmbeddedPostgres } from '../../src/store/embedded.ts'
import { migrate } from '../../src/store/migrate.ts'
import { unpackChromium } from './chromium.ts'
import { POSTGRES_URL, query, TEMPLATE_DATABASE } from './database.ts'
import { freePorts } from './ports.ts'
import { onTeardown } from './teardown.ts'
import { RUN_FOLDER, tempFolder } from './temp-folder.ts'
import { watchOver } from './watchdog.ts'

// Nothing of a run outlives it, so nothing needs to reach the disk in order, nor to be tidied up: hundreds of databases
// would keep the tidying processes busy all the time.
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '200',
  autovacuum: 'off',
}

/** Once per run: one PostgreSQL with a migrated template database, and an unpacked Chromium. */
export default async function globalSetup(): Promise<void> {
  process.env.TEST_RUN = String(process.pid) // workers inherit it
  await Promise.all([startPostgres(), unpackChromium()])
}

async function startPostgres(): Promise<void> {
  const log = createLog('error')
  const dataDir = await tempFolder('doorward-test')
  await chmod(dataDir, 0o711) // as root, the server runs as another user, who must come through
  const release = watchOver(dataDir)
  const [port] = await freePorts(1)
  const server = await startEmbeddedPostgres({ dataDir, port, settings: SETTINGS, log })
  onTeardown(async () => {
    await server.stop()
    release()
  })
  process.env[RUN_FOLDER] = dataDir
  // The services of a run compile the same sources over and over: the first one does it for all.
  process.env.NODE_COMPILE_CACHE = await tempFolder('compiled')
  process.env[POSTGRES_URL] = server.url
  await query(server.url, `create database ${TEMPLATE_DATABASE}`)
  await migrate({ url: server.urlFor(TEMPLATE_DATABASE), log })
}
