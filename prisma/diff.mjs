// Writes the next migration: `npm run migration -- add_passkeys` puts the SQL that leads from the migrations to
// schema.prisma into prisma/migrations/<time>_add_passkeys. Read it before it is committed. A migration that takes
// away what the version before it still uses ends in `_contracting`: `npm run migration -- drop_label_contracting`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../src/base/log.ts'
import { startEmbeddedPostgres } from '../src/store/embedded.ts'
import { migrationDifference, migrationsDir } from './engine.mjs'

const name = process.argv[2] ?? ''
if (!/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error('Usage: npm run migration -- <name in snake_case>')
  process.exit(1)
}

const dataDir = await mkdtemp(join(tmpdir(), 'doorward-migration-'))
await chmod(dataDir, 0o711) // as root, the server runs as another user, who must come through
const server = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' }, log: createLog('warn') })
try {
  const sql = await migrationDifference(server.url)
  if (sql === null) {
    console.log('The migrations lead to schema.prisma already.')
  } else {
    const folder = join(migrationsDir, `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}_${name}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'migration.sql'), name.endsWith('_contracting') ? `-- contracting\n\n${sql}` : sql)
    console.log(`written: ${join(folder, 'migration.sql')}`)
  }
} finally {
  await server.stop()
  await rm(dataDir, { recursive: true, force: true })
}
