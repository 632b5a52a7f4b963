import { afterEach, describe, expect, test } from '@jest/globals'
import { migrationDiagnosis, migrationDifference } from '../../prisma/engine.mjs'
import { MigrationError, migrate } from '../../src/store/index.ts'
import { emptyDatabase, freshDatabase, query } from '../support/database.ts'
import { closeAll, open, silent } from './store-support.ts'

afterEach(closeAll)

const noteOf = (name: string, finished = 'now()') =>
  `insert into _prisma_migrations (id, checksum, migration_name, finished_at) values ('${name}', 'x', '${name}', ${finished})`

describe('migrations', () => {
  test('F-43 of three instances that migrate at once one applies each migration, and all end well', async () => {
    const url = await emptyDatabase()
    const results = await Promise.all([1, 2, 3].map(() => migrate({ url, log: silent })))
    const applied = results.flatMap((result) => result.applied)
    expect(applied).toContain('20261121000000_foundation')
    expect(new Set(applied).size).toBe(applied.length)
    expect((await open(url).health()).schema).toBe('ready')
    expect(await migrate({ url, log: silent })).toEqual({ applied: [] })
  })

  test('they lead to exactly the tables that schema.prisma describes', async () => {
    expect(await migrationDifference(await emptyDatabase())).toBeNull()
  })

  test("the history satisfies Prisma's own engine: its deploy command would find nothing to do", async () => {
    expect(await migrationDiagnosis(await freshDatabase())).toMatchObject({
      hasMigrationsTable: true,
      failedMigrationNames: [],
      editedMigrationNames: [],
      history: null,
    })
  })

  test('F-02 an empty database is told from a ready one', async () => {
    const health = await open(await emptyDatabase()).health()
    expect(health).toMatchObject({ reachable: true, writable: true, schema: 'behind' })
    expect(health.reason).toContain('lacks migrations')
  })

  test('F-42 a newer version may have expanded the tables under this one, and not contracted them', async () => {
    const url = await freshDatabase()
    await query(url, noteOf('29990101000000_more_room'))
    const db = open(url)
    expect((await db.health()).schema).toBe('ahead-compatible')
    await query(url, noteOf('29990101000001_less_room_contracting'))
    expect((await db.health()).schema).toBe('ahead')
  })

  test('F-44 a migration that another tool left half-done is refused in one line', async () => {
    const url = await freshDatabase()
    await query(url, noteOf('29990101000000_broken', 'null'))
    const failure = migrate({ url, log: silent })
    await expect(failure).rejects.toThrow(MigrationError)
    await expect(failure).rejects.toThrow(/29990101000000_broken failed half-way/)
  })
})
