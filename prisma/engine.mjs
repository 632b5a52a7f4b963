// Prisma's schema engine as WebAssembly: compares the migrations with the schema and writes the SQL of the
// difference. Needs a server on which it may make a scratch database of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

const here = dirname(fileURLToPath(import.meta.url));
const schemaFile = join(here, 'schema.prisma');
const migrationsDir = join(here, 'migrations');

// The engine reads columns of the system type "char" (18), which the driver adapter does not know: call them text.
const addFields = pg.Result.prototype.addFields;
pg.Result.prototype.addFields = function addKnownFields(fields) {
  return addFields.call(this, fields.map((field) => (field.dataTypeID === 18 ? Object.assign(field, { dataTypeID: 25 }) : field)));
};

/** The SQL that leads from the migrations to the schema, or `null` when they agree. `url` names an empty database. */
export async function migrationDifference(url) {
  const engine = await createEngine(url);
  try {
    const schema = { path: schemaFile, content: readFileSync(schemaFile, 'utf8') };
    const result = await engine.diff({
      from: { tag: 'migrations', ...migrationList() },
      to: { tag: 'schemaDatamodel', files: [schema] },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    });
    return result.exitCode === 2 ? result.stdout : null;
  } finally {
    engine.free();
  }
}

/** What Prisma's own engine says of a database that Doorward's runner migrated: `{ history, editedMigrationNames, … }`. */
export async function migrationDiagnosis(url) {
  const engine = await createEngine(url);
  try {
    return await engine.diagnoseMigrationHistory({
      migrationsList: migrationList(),
      optInToShadowDatabase: false,
      filters: { externalTables: [], externalEnums: [] },
    });
  } finally {
    engine.free();
  }
}

async function createEngine(url) {
  const require = createRequire(import.meta.url);
  const wasmFile = join(dirname(require.resolve('@prisma/schema-engine-wasm')), 'schema_engine_bg.wasm');
  const { instance } = await WebAssembly.instantiate(readFileSync(wasmFile), { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: url }));
  return bindings.SchemaEngine.new({ datamodels: [[schemaFile, readFileSync(schemaFile, 'utf8')]] }, () => {}, factory);
}

function migrationList() {
  const folders = readdirSync(migrationsDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return {
    baseDir: migrationsDir,
    lockfile: { path: 'migration_lock.toml', content: readFileSync(join(migrationsDir, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: folders.map((path) => ({
      path,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: readFileSync(join(migrationsDir, path, 'migration.sql'), 'utf8') } },
    })),
  };
}
