import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A migration could not be applied. The message is one line for the operator. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}

/** One folder of `prisma/migrations`. */
export interface Migration {
  name: string
  sql: string
  /** SHA-256 in hex, as Prisma computes it. */
  checksum: string
  /** What it does outside a transaction; null: it runs in one. */
  alone: Alone | null
}

/** An index that is made (`create index concurrently`) or taken away (`drop index concurrently`). */
export interface Alone {
  does: 'make' | 'drop'
  index: string
}

/** The migrations of this version. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('../../prisma/migrations/', import.meta.url))

/**
 * A migration that takes away what the version before it still uses. The mark is in the folder's name, and so in the
 * row of `_prisma_migrations`: a version that lacks the file can read it there.
 */
export const CONTRACTING = /_contracting$/

const OUTSIDE = /^\s*-- outside a transaction\b/
// One statement, so that Prisma's own runner, which sends a file in one message, can apply it too; and of the two kinds
// whose half can be found and taken away.
const MAKES = /^create\s+(?:unique\s+)?index\s+concurrently\s+"([a-z0-9_]+)"\s+on\s[^;]*;?$/i
const DROPS = /^drop\s+index\s+concurrently\s+if\s+exists\s+"([a-z0-9_]+)";?$/i

/** Names of the migrations, in order. */
export async function migrationNames(dir: string = MIGRATIONS_DIR): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/** Reads all of them, in order. Throws `MigrationError` where the marks of one do not fit. */
export async function readMigrations(dir: string = MIGRATIONS_DIR): Promise<Migration[]> {
  return await Promise.all(
    (await migrationNames(dir)).map(async (name) =>
      readMigration(name, await readFile(join(dir, name, 'migration.sql'), 'utf8')),
    ),
  )
}

function readMigration(name: string, sql: string): Migration {
  if (/^\s*-- contracting\b/.test(sql) !== CONTRACTING.test(name)) {
    throw new MigrationError(
      `migration ${name}: "-- contracting" in its first line and "_contracting" in its name belong together`,
    )
  }
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex'), alone: aloneIn(name, sql) }
}

function aloneIn(name: string, sql: string): Alone | null {
  if (!OUTSIDE.test(sql)) return null
  const statement = sql.replace(/--.*$/gm, '').trim()
  const [made, dropped] = [MAKES.exec(statement)?.[1], DROPS.exec(statement)?.[1]]
  if (made !== undefined) return { does: 'make', index: made }
  if (dropped !== undefined) return { does: 'drop', index: dropped }
  throw new MigrationError(
    `migration ${name}: outside a transaction stands one statement alone: create index concurrently "name" on …, or drop index concurrently if exists "name"`,
  )
}
