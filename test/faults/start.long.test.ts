import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { freePorts } from '../support/ports.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { watchOver } from '../support/watchdog.ts'
import { launch, probe, type Started, until } from './fault-tools.ts'

// `npm start` with nothing but Node: what somebody who tries it sees, also when things go wrong.

interface Trial {
  port: number
  dataDir: string
  issuer: string
  start(): Started
  /** Starts and waits until people are served. */
  ready(): Promise<Started>
  /** The server's process; null when none runs. */
  databaseRuns(): Promise<number | null>
  databaseUrl(): Promise<string>
}

const cleanUp: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const work of cleanUp.splice(0).reverse()) await work()
})

async function trial(): Promise<Trial> {
  const [port] = await freePorts(3)
  const dataDir = await tempFolder('trial')
  await chmod(dataDir, 0o711)
  const postgres = join(dataDir, 'postgres')
  cleanUp.push(watchOver(postgres))
  const start = () => {
    const started = launch({ PORT: String(port), DATA_DIR: dataDir })
    cleanUp.push(async () => {
      started.signal('SIGKILL')
      await started.ended
    })
    return started
  }
  const kept = async (file: string) => (await readFile(join(postgres, file), 'utf8')).trim()
  return {
    port,
    dataDir,
    issuer: `http://localhost:${port}`,
    start,
    ready: async () => {
      const started = start()
      await until('it is ready', async () => (await probe(port + 2, '/readyz')) === 200 || !started.running(), 60)
      if (!started.running()) throw new Error(started.output())
      return started
    },
    databaseRuns: () =>
      kept('postgres/postmaster.pid').then(
        (text) => Number(text.split('\n')[0]),
        () => null,
      ),
    databaseUrl: async () =>
      `postgresql://doorward:${await kept('postgres.password')}@127.0.0.1:${await kept('postgres.port')}/doorward`,
  }
}

/** What it says to a person: all lines that are not the log. */
const said = (started: Started) =>
  started
    .output()
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('{'))

/** From the demo application to the page that asks for the address. */
async function begin({ issuer, port }: Trial): Promise<{ visitor: Visitor; page: Page }> {
  const visitor = createVisitor({ issuer, port, clockSeconds: 0 })
  const demo = await visitor.get(`http://127.0.0.1:${port + 1}/sign-in`)
  return { visitor, page: await visitor.open(demo.location ?? '') }
}

describe('a trial start', () => {
  test.each([
    ['for people', 0],
    ['of the demo application', 1],
    ['for operations', 2],
  ])(
    'with the port %s taken ends with one line that names it, and leaves no database running',
    async (_which, offset) => {
      const wanted = await trial()
      const taken = wanted.port + offset
      const other = createServer().listen(taken, '127.0.0.1')
      cleanUp.push(() => void other.close())
      const started = wanted.start()
      expect(await started.ended).toBe(1)
      expect(said(started)).toHaveLength(1)
      expect(said(started)[0]).toMatch(new RegExp(`^Port ${taken} is taken by another process.*PORT\\.$`))
      expect(await wanted.databaseRuns()).toBeNull()
    },
    60_000,
  )

  test('after kill -9 takes up the database that was left behind, with the sign-in under way', async () => {
    const wanted = await trial()
    const first = await wanted.ready()
    const walk = await begin(wanted)
    const form = formWith(walk.page, 'identifier')
    if (!form) throw new Error(walk.page.words)
    const waiting = await walk.visitor.follow(await walk.visitor.submit(form, { identifier: 'maria@fabrikam.example' }))
    const mail = await until(
      'the mail',
      async () => JSON.parse((await walk.visitor.get(`${wanted.issuer}/dev/inbox.json`)).text)[0],
    )
    first.signal('SIGKILL')
    await first.ended
    const server = await wanted.databaseRuns()
    expect(server).not.toBeNull()

    const second = await wanted.ready()
    expect(await wanted.databaseRuns()).toBe(server)
    const answer = formWith(waiting, 'code')
    if (!answer) throw new Error(waiting.words)
    // The demo application has forgotten its own part; ours goes on to its end.
    const proven = await walk.visitor.follow(await walk.visitor.submit(answer, { code: mail.code }))
    const consent = proven.forms.find(({ action }) => action.endsWith('/consent'))
    const end = consent ? await walk.visitor.follow(await walk.visitor.submit(consent, {}, 'allow')) : proven
    expect(end.location).toMatch(/\/callback\?code=/)

    second.signal('SIGTERM')
    expect(await second.ended).toBe(0)
    expect(await wanted.databaseRuns()).toBeNull()
  }, 60_000)

  test('F-20 SIGTERM: what is in flight is answered before the database stops', async () => {
    const wanted = await trial()
    const started = await wanted.ready()
    const { visitor, page } = await begin(wanted)
    const form = formWith(page, 'identifier')
    if (!form) throw new Error(page.words)
    const holder = new Client({ connectionString: await wanted.databaseUrl() })
    holder.on('error', () => {})
    await holder.connect()
    await holder.query('begin; lock table challenge in exclusive mode')
    const answer = visitor.submit(form, { identifier: 'inflight@fabrikam.example' })
    const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'doorward'`
    await until('the request waits', async () => (await holder.query(waiting)).rowCount)
    started.signal('SIGTERM')
    await until('it is not ready', async () => (await probe(wanted.port + 2, '/readyz')) === 503)
    await holder.query('rollback')
    expect((await answer).status).toBe(303)
    await holder.end().catch(() => {})
    expect(await started.ended).toBe(0)
    expect(await wanted.databaseRuns()).toBeNull()
  }, 60_000)

  test('with a folder that cannot be used ends with one line that names the setting', async () => {
    const wanted = await trial()
    const file = join(wanted.dataDir, 'a-file')
    await writeFile(file, '')
    const closed = join(await tempFolder('closed'))
    await chmod(closed, 0o500)
    // The superuser may write everywhere, so for it only the file stands in the way.
    for (const dataDir of process.getuid?.() === 0 ? [join(file, 'var')] : [join(file, 'var'), closed]) {
      const started = launch({ PORT: String(wanted.port), DATA_DIR: dataDir })
      expect(await started.ended).toBe(1)
      expect(said(started)).toHaveLength(1)
      expect(said(started)[0]).toMatch(/data folder .* cannot be used .*choose another DATA_DIR/)
    }
  }, 60_000)

  test('F-14 says in a few lines what to open; a second one on the same folder is refused in one line', async () => {
    const wanted = await trial()
    const first = await wanted.ready()
    const lines = said(first).join('\n')
    expect(said(first).length).toBeLessThanOrEqual(6)
    expect(lines).toContain(`http://127.0.0.1:${wanted.port + 1}`)
    expect(lines).toContain(`${wanted.issuer}/dev/inbox`)
    const [port] = await freePorts(3)
    const second = launch({ PORT: String(port), DATA_DIR: wanted.dataDir })
    expect(await second.ended).toBe(1)
    expect(said(second)).toHaveLength(1)
    expect(said(second)[0]).toMatch(/in use by process \d+/)
    expect((await begin(wanted)).page.status).toBe(200)
    expect(first.running()).toBe(true)
  }, 60_000)
})
