/** Folder of the migrations. */
export const migrationsDir: string
/** The SQL that leads from the migrations to the schema, or `null` when they agree. `url` names an empty database. */
export function migrationDifference(url: string): Promise<string | null>
/** What Prisma's own engine says of the history of a database that was migrated. */
export function migrationDiagnosis(url: string): Promise<{
  hasMigrationsTable: boolean
  failedMigrationNames: string[]
  editedMigrationNames: string[]
  history: unknown
}>
