// Generates Prisma's client into src/generated (ignored by git). Runs after an install, and again from
// `npm start` when an install left install scripts out.
// The client is compiled from WebAssembly that ships with Prisma; the variable keeps its command line from
// looking for a native engine, which generation does not need.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(import.meta.url)

/** True where the generated client is in place. */
export function clientIsGenerated(): boolean {
  return existsSync(join(here, '..', 'src', 'generated', 'prisma', 'client.ts'))
}

/** Runs `prisma generate`. Throws with the tool's own words when it fails. */
export function generateClient(): void {
  const cli = join(dirname(require.resolve('prisma/package.json')), 'build', 'index.js')
  const run = spawnSync(process.execPath, [cli, 'generate', '--schema', join(here, 'schema.prisma'), '--no-hints'], {
    cwd: join(here, '..'),
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(`prisma generate failed:\n${run.stderr || run.stdout}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let installed = true
  try {
    require.resolve('prisma/package.json')
  } catch {
    installed = false // an install for production: the image carries the generated client
  }
  if (installed) generateClient()
}
