// Prisma's schema engine as WebAssembly: compares the migrations with the schema and writes the SQL of the
// difference. Needs an empty database to try the migrations in.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

// Where the engine leaves its last words before it throws.
globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => console.error(message) }

const here = dirname(fileURLToPath(import.meta.url))
const schemaFile = join(here, 'schema.prisma')
export const migrationsDir = join(here, 'migrations')

// The engine reads columns of the system type "char" (18) and wants them as characters, a type which the driver
// adapter does not know: it is told text, and the answer is corrected.
const CHAR_TYPE_ID = 18
const charColumns = new Set()
const addFields = pg.Result.prototype.addFields
pg.Result.prototype.addFields = function addKnownFields(fields) {
  for (const field of fields) {
    if (field.dataTypeID !== CHAR_TYPE_ID) continue
    charColumns.add(field.name)
    field.dataTypeID = pg.types.builtins.TEXT
  }
  return addFields.call(this, fields)
}

/** The SQL that leads from the migrations to the schema, or `null` when they agree. `url` names an empty database. */
export async function migrationDifference(url) {
  const pool = new pg.Pool({ connectionString: url })
  const engine = await createEngine(pool)
  try {
    const schema = { path: schemaFile, content: readFileSync(schemaFile, 'utf8') }
    const result = await engine.diff({
      from: { tag: 'migrations', ...migrationList() },
      to: { tag: 'schemaDatamodel', files: [schema] },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    })
    return result.exitCode === 2 ? result.stdout : null
  } finally {
    engine.free()
    await pool.end()
  }
}

/** What Prisma's own engine says of a database that Doorward's runner migrated: `{ history, editedMigrationNames, … }`. */
export async function migrationDiagnosis(url) {
  const pool = new pg.Pool({ connectionString: url })
  const engine = await createEngine(pool)
  try {
    return await engine.diagnoseMigrationHistory({
      migrationsList: migrationList(),
      optInToShadowDatabase: false,
      filters: { externalTables: [], externalEnums: [] },
    })
  } finally {
    engine.free()
    await pool.end()
  }
}

let loading

// Once for the process: the bindings keep views of the memory they were given first.
function loadEngine() {
  loading ??= (async () => {
    const require = createRequire(import.meta.url)
    const wasmFile = join(dirname(require.resolve('@prisma/schema-engine-wasm')), 'schema_engine_bg.wasm')
    const { instance } = await WebAssembly.instantiate(readFileSync(wasmFile), { './schema_engine_bg.js': bindings })
    bindings.__wbg_set_wasm(instance.exports)
    instance.exports.__wbindgen_start()
  })()
  return loading
}

async function createEngine(pool) {
  await loadEngine()
  const factory = bindMigrationAwareSqlAdapterFactory(adapterFactory(pool))
  return bindings.SchemaEngine.new({ datamodels: [[schemaFile, readFileSync(schemaFile, 'utf8')]] }, () => {}, factory)
}

function adapterFactory(pool) {
  const factory = new PrismaPg(pool)
  const connect = factory.connect.bind(factory)
  factory.connect = async () => withCharacters(await connect())
  // The adapter's own scratch database cannot be dropped while its pool is open: the given one serves instead.
  factory.connectToShadowDb = factory.connect
  return factory
}

function withCharacters(adapter) {
  const queryRaw = adapter.queryRaw.bind(adapter)
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query)
    const columnTypes = result.columnTypes.map((type, i) =>
      charColumns.has(result.columnNames[i]) ? ColumnTypeEnum.Character : type,
    )
    return { ...result, columnTypes }
  }
  return adapter
}

function migrationList() {
  const folders = readdirSync(migrationsDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
  return {
    baseDir: migrationsDir,
    lockfile: { path: 'migration_lock.toml', content: readFileSync(join(migrationsDir, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: folders.map((path) => ({
      path,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(migrationsDir, path, 'migration.sql'), 'utf8') },
      },
    })),
  }
}
