import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { EmbeddedPostgresError, startEmbeddedPostgres, waitForDatabase } from '../../src/store/index.ts'
import { query } from '../support/database.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { closeAll, eventually, listeningLog, open } from './store-support.ts'

const settings = { fsync: 'off' }
let dataDir = ''
const undo: (() => unknown)[] = []

beforeEach(async () => {
  const folder = await tempFolder('embedded')
  await chmod(folder, 0o711) // as root, the server runs as another user, who must come through
  dataDir = join(folder, 'data')
})

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function start(more: { port?: number } = {}) {
  const { log, lines } = listeningLog()
  const server = await startEmbeddedPostgres({ dataDir, settings, log, ...more })
  undo.push(() => server.stop())
  return { ...server, lines }
}

/** A process of its own that has started a server in the folder. */
async function owner() {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'store-embedded-owner.ts'), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  undo.push(() => child.kill('SIGKILL'))
  const [said] = await once(child.stdout, 'data')
  return { child, url: String(said).trim() }
}

describe('the embedded PostgreSQL', () => {
  test('keeps its data, its port and its password from one start to the next', async () => {
    const first = await start()
    await query(first.url, "create table kept as select 'x' as what")
    await first.stop()
    const second = await start()
    expect([second.url, second.adopted]).toEqual([first.url, false])
    expect(await query(second.url, 'select * from kept')).toEqual([{ what: 'x' }])
    expect((await stat(join(dataDir, 'postgres.password'))).mode & 0o777).toBe(0o600)
  })

  test('speaks UTF-8 and UTC, and asks everybody for the password', async () => {
    const server = await start()
    const [row] = await query(
      server.url,
      "select current_setting('server_encoding') as encoding, current_setting('timezone') as zone",
    )
    expect(row).toEqual({ encoding: 'UTF8', zone: 'UTC' })
    const wrong = new URL(server.url)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/)
  })

  test('F-14 a second process is refused in one line that names the first', async () => {
    const { child, url } = await owner()
    const refused = start()
    await expect(refused).rejects.toThrow(EmbeddedPostgresError)
    await expect(refused).rejects.toThrow(new RegExp(`^the data folder .* is in use by process ${child.pid}`))
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('F-14 so is a second start in the same process', async () => {
    await start()
    await expect(start()).rejects.toThrow(/is in use by process/)
  })

  test('F-14 of many that find a dead owner at once one takes the folder', async () => {
    const { child } = await owner()
    child.kill('SIGKILL')
    await once(child, 'exit')
    const starts = await Promise.allSettled([1, 2, 3, 4].map(() => start()))
    expect(starts.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
  })

  test('a server whose owner was killed is taken over as it runs', async () => {
    const { child, url } = await owner()
    await query(url, "create table kept as select 'x' as what")
    child.kill('SIGKILL')
    await once(child, 'exit')
    const server = await start()
    expect([server.adopted, server.url]).toEqual([true, url])
    expect(await query(server.url, 'select * from kept')).toEqual([{ what: 'x' }])
    expect(server.lines.join()).toContain('still running')
  })

  test('a taken port of its own is changed, a given one is told in one line', async () => {
    const first = await start()
    await first.stop()
    const port = Number(new URL(first.url).port)
    const other = createServer().listen(port, '127.0.0.1')
    undo.push(() => other.close())
    await once(other, 'listening')
    await expect(start({ port })).rejects.toThrow(
      new EmbeddedPostgresError(`port ${port} on 127.0.0.1 is taken: PostgreSQL cannot listen there`),
    )
    const second = await start()
    expect(new URL(second.url).port).not.toBe(String(port))
  })

  test('F-01 whoever waits for the database goes on as soon as it is there', async () => {
    const first = await start()
    await first.stop()
    const { log, lines } = listeningLog()
    const waiting = waitForDatabase(open(first.url), { log, until: () => false })
    await eventually(() => lines.length > 0)
    expect(lines.join()).toContain('waiting for the database: connect ECONNREFUSED')
    await start()
    await waiting
    expect(lines.join()).toContain('the database answers')
    await closeAll()
  })

  test('a folder that cannot be used is told in one line', async () => {
    await writeFile(dataDir, 'a file')
    const { log } = listeningLog()
    const refused = startEmbeddedPostgres({ dataDir: join(dataDir, 'below'), log })
    await expect(refused).rejects.toThrow(/^the data folder .* cannot be used \(ENOTDIR\): choose another DATA_DIR$/)
  })

  test('its log tells no statement and no row, which may name a person', async () => {
    const server = await start()
    await query(server.url, 'create table one (email text primary key)')
    await query(server.url, "insert into one values ('maria@fabrikam.example')")
    await expect(query(server.url, "insert into one values ('maria@fabrikam.example')")).rejects.toThrow(/duplicate/)
    const log = await readFile(join(dataDir, 'postgres.log'), 'utf8')
    expect(log).toContain('duplicate key')
    expect(log).not.toContain('maria')
  })
})
