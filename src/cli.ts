// The command line. `manual` writes the pages that come from the code; `migrate` brings the database up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openApiManual, permissionsManual } from './admin/index.ts'
import { eventsManual } from './audit/index.ts'
import { createLog } from './base/index.ts'
import { envExample, readStorageConfig, settingsManual } from './config/index.ts'

const ROOT = join(import.meta.dirname, '..')
const USAGE = `Usage: node src/cli.ts <command>

  manual           write the pages that come from the code
  manual --check   fail when one of them differs from the code
  migrate          bring the database up to date (DATABASE_DIRECT_URL, or DATABASE_URL)
`

/** Pages made from the code, by path from the top of the project. */
async function pages(): Promise<{ path: string; content: string }[]> {
  // The list of requirements lives beside the tests that prove them: an installation for production lacks both.
  const { requirementsPage } = await import('../test/house/requirements-page.ts')
  return [
    { path: 'docs/settings.md', content: settingsManual() },
    { path: '.env.example', content: envExample() },
    { path: 'docs/events.md', content: eventsManual() },
    { path: 'docs/admin-permissions.md', content: permissionsManual() },
    { path: 'docs/openapi.json', content: openApiManual() },
    { path: 'docs/security-requirements.md', content: requirementsPage(ROOT) },
  ]
}

async function manual(check: boolean): Promise<number> {
  const stale = (await pages()).filter(({ path, content }) => textAt(path) !== content)
  if (check) {
    for (const { path } of stale) console.error(`${path} differs from the code: run \`npm run manual\``)
    return stale.length === 0 ? 0 : 1
  }
  for (const { path, content } of stale) {
    writeFileSync(join(ROOT, path), content)
    console.log(`written: ${path}`)
  }
  return 0
}

async function migrateDatabase(): Promise<number> {
  const read = readStorageConfig(process.env, { files: (path) => readFileSync(path, 'utf8') })
  if (!read.ok) {
    for (const { name, words } of read.faults) console.error(`${name} ${words}`)
    return 1
  }
  const log = createLog(read.config.logLevel)
  // The store is loaded only here: the other commands need no database and no generated client.
  const { migrate } = await import('./store/index.ts')
  try {
    const { applied } = await migrate({ url: read.config.databaseDirectUrl, log })
    console.log(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`)
    return 0
  } catch (error) {
    log.error({ err: error }, 'the database was not migrated')
    return 1
  }
}

function textAt(path: string): string | null {
  try {
    return readFileSync(join(ROOT, path), 'utf8')
  } catch {
    return null
  }
}

async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { check: { type: 'boolean' }, help: { type: 'boolean' } },
  })
  const [command, ...rest] = positionals
  if (values.help && positionals.length === 0) {
    console.log(USAGE)
    return 0
  }
  if (rest.length === 0 && command === 'manual') return manual(values.check ?? false)
  if (rest.length === 0 && command === 'migrate' && !values.check) return migrateDatabase()
  console.error(USAGE)
  return 2
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  // An option that parseArgs does not know.
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  process.exitCode = 2
}
