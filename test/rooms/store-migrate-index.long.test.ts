import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { migrate } from '../../src/store/index.ts'
import { migrationStatusAt } from '../../src/store/schema-state.ts'
import { emptyDatabase, query } from '../support/database.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { eventually, listeningLog, silent } from './store-support.ts'

// Migrations beside those who read and write, and migrations that are killed. Each test has migrations of its own.

const INDEX = '-- outside a transaction\ncreate index concurrently "thing_name_idx" on "thing" ("name");'
const TABLE = `create table thing (id int primary key, name text);
  insert into thing select n, 'name ' || n from generate_series(1, 1000) as n`

let url: string
let dir: string
let held: Client

beforeEach(async () => {
  url = await emptyDatabase()
  dir = await tempFolder('migrations')
  await add('1_table', TABLE)
  await migrate({ url, dir, log: silent })
  held = new Client({ connectionString: url })
  await held.connect()
})
afterEach(() => held.end())

async function add(name: string, sql: string): Promise<void> {
  await mkdir(join(dir, name))
  await writeFile(join(dir, name, 'migration.sql'), sql)
}

/** Somebody who has begun and does not end: a concurrent build waits for them. */
async function holdOpen(sql: string): Promise<void> {
  await held.query('begin isolation level repeatable read')
  await held.query(sql)
}

const indexes = () =>
  query<{ valid: boolean }>(url, `select indisvalid as valid from pg_index where indexrelid = to_regclass('thing_name_idx')`)
const isBuilding = async () => (await indexes())[0]?.valid === false
const migrating = `from pg_stat_activity where application_name = 'doorward migrate' and datname = current_database()`
const applied = async () => (await query<{ name: string }>(url, 'select migration_name as name from _prisma_migrations')).length

describe('an index that is made while others write', () => {
  test('F-43 of three instances at once one makes it, and none waits for the other', async () => {
    await add('2_index', INDEX)
    await holdOpen('update thing set name = name where id = 1')
    const all = Promise.all([1, 2, 3].map(() => migrate({ url, dir, log: silent })))
    await eventually(isBuilding)
    await query(url, `set statement_timeout = 1000; update thing set name = 'new' where id = 2`)
    await held.query('commit')
    expect((await all).map((one) => one.applied).sort()).toEqual([[], [], ['2_index']])
    expect(await indexes()).toEqual([{ valid: true }])
  })

  test('F-44 ended half-way it leaves what serves nobody; that is told, and the next run makes it anew', async () => {
    await add('2_index', INDEX)
    await holdOpen('update thing set name = name where id = 1')
    const failing = migrate({ url, dir, log: silent })
    const failed = expect(failing).rejects.toThrow()
    await eventually(isBuilding)
    await query(url, `select pg_terminate_backend(pid) ${migrating}`)
    await failed
    await held.query('commit')
    expect(await migrationStatusAt(url)).toMatchObject({ invalidIndexes: ['thing_name_idx'] })
    const { log, lines } = listeningLog()
    expect(await migrate({ url, dir, log })).toEqual({ applied: ['2_index'] })
    expect(lines.join()).toContain('left half-built: it is made anew')
    expect(await indexes()).toEqual([{ valid: true }])
    expect(await migrate({ url, dir, log })).toEqual({ applied: [] })
  })

  test('F-44 one that is whole and lacks only its row is not made twice', async () => {
    await add('2_index', INDEX)
    await query(url, 'create index concurrently "thing_name_idx" on "thing" ("name")')
    const before = await query(url, `select 'thing_name_idx'::regclass::oid as oid`)
    expect(await migrate({ url, dir, log: silent })).toEqual({ applied: ['2_index'] })
    expect(await query(url, `select 'thing_name_idx'::regclass::oid as oid`)).toEqual(before)
  })

  test('F-42 one of no use is taken away while others read and write', async () => {
    await add('2_index', INDEX)
    await add('3_less', '-- outside a transaction\ndrop index concurrently if exists "thing_name_idx";')
    expect(await migrate({ url, dir, log: silent })).toEqual({ applied: ['2_index', '3_less'] })
    expect(await indexes()).toEqual([])
    await add('4_gone', '-- outside a transaction\ndrop index concurrently if exists "never_there_idx"')
    expect(await migrate({ url, dir, log: silent })).toEqual({ applied: ['4_gone'] })
  })

  test('stands alone in its file, and nothing else is done outside a transaction', async () => {
    const more = 'drop index concurrently if exists "a"; drop index concurrently if exists "b"'
    const wrong = [`${INDEX}\nselect 1;`, '-- outside a transaction\ndrop table thing', `-- outside a transaction\n${more}`]
    for (const [place, sql] of wrong.entries()) {
      await add(`3_${place}`, sql)
      await expect(migrate({ url, dir, log: silent })).rejects.toThrow(/stands one statement alone/)
    }
  })
})

describe('a migration in a transaction', () => {
  test('F-44 is rolled back with a process that dies by kill -9, and the next run finds its way free', async () => {
    await query(url, 'create table gate as select 60 as seconds')
    await add('2_long', 'alter table thing add more text; select pg_sleep(seconds) from gate;')
    const script = `
      const { migrate } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/store/migrate.ts'))})
      const { createLog } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/base/index.ts'))})
      await migrate({ url: ${JSON.stringify(url)}, dir: ${JSON.stringify(dir)}, log: createLog('silent') })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
    const sleeping = async () => (await query(url, `select ${migrating} and wait_event = 'PgSleep'`)).length > 0
    await eventually(sleeping)
    child.kill('SIGKILL')
    await query(url, 'update gate set seconds = 0')
    expect(await migrate({ url, dir, log: silent })).toEqual({ applied: ['2_long'] })
    expect(await applied()).toBe(2)
  })

  test('F-42 gives way where a table is busy: whoever comes behind it waits for a moment only', async () => {
    await add('2_column', 'alter table thing add more text')
    const { log, lines } = listeningLog()
    await holdOpen('select from thing')
    const all = migrate({ url, dir, log, lockTimeoutMs: 200 })
    await eventually(() => lines.some((line) => line.includes('a table is busy')))
    const waits: number[] = []
    for (let reads = 0; reads < 20; reads++) {
      const began = performance.now()
      await query(url, 'select count(*) from thing')
      waits.push(performance.now() - began)
    }
    await held.query('commit')
    expect(await all).toEqual({ applied: ['2_column'] })
    expect(Math.max(...waits)).toBeLessThan(1000)
  })

  test('tells what it is at when it takes long, and for whom it waits', async () => {
    await add('2_long', 'select pg_sleep(0.5)')
    await add('3_index', INDEX)
    await holdOpen('update thing set name = name where id = 1')
    const { log, lines } = listeningLog()
    const all = migrate({ url, dir, log, tellEveryMs: 50 })
    const told = () => lines.filter((line) => line.includes('a migration is at work')).map((line) => JSON.parse(line))
    await eventually(() => told().some(({ migration, waitsForBackends }) => migration === '3_index' && waitsForBackends))
    await held.query('commit')
    await all
    expect(told().some(({ migration }) => migration === '2_long')).toBe(true)
  })
})
