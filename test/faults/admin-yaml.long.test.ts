import { execFile } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse, stringify } from 'yaml'
import { enterConsole } from '../protocol/console-walk.ts'
import { ask, newSecret } from '../protocol/protocol.ts'
import { callApi, machineToken, startAdminPairStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import type { Service } from '../support/service.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from './fault-tools.ts'

// The clients file as operators live with it: what waits, what differs and what would be done is told by both processes,
// by the console and by the command line in the same words.

const ROOT = join(import.meta.dirname, '../..')
const NOTHING = 'Nothing to do: what is registered is what the file says.'
const secret = newSecret()

let stage: Awaited<ReturnType<typeof startAdminPairStage>>
let both: Service[]
let secretPath: string
let token: string

beforeAll(async () => {
  secretPath = join(await tempFolder('mounted'), 'job-secret')
  const job = { client_id: 'job', client_name: 'Job', client_secret_file: secretPath, grant_types: ['client_credentials'] }
  stage = await startAdminPairStage({ clients: [job] })
  both = [stage.service, stage.second]
  token = await machineToken(stage.service)
}, 60_000)
afterAll(() => stage?.stop())

/** How the file stands, as each process tells it. */
async function told(): Promise<Record<string, unknown>[]> {
  const asked = both.map((via) => callApi(stage.service, token, 'GET', '/clients-file', { via }))
  return (await Promise.all(asked)).map(({ body }) => ({ faults: body.faults, waiting: body.waiting, drift: body.drift }))
}

const ALL_WELL = { faults: [], waiting: [], drift: [] }
const allWell = () =>
  until('both say that all is well', async () => (await told()).every((one) => JSON.stringify(one) === JSON.stringify(ALL_WELL)))

/** What the command line would do, and how it ends. */
function plan(): Promise<{ code: number | null; out: string }> {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  const env = { PATH, NODE_COMPILE_CACHE, ...stage.service.env }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['src/cli.ts', 'plan', '--exit-code'], { cwd: ROOT, env }, (_, out) =>
      resolve({ code: child.exitCode, out: out.trim() }),
    )
  })
}

/** Puts another text in the place of a file, as a mounted folder does it: whole and at once. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

const file = () => stage.service.env.CLIENTS_FILE as string
const byHand = (sql: string) => query<{ name?: string }>(stage.service.databaseUrl, sql)
const nameOf = async () => (await byHand(`select metadata ->> 'client_name' as name from client where id = 'job'`))[0]
const timesApplied = async () => (await byHand(`select 1 from audit_entry where event = 'client.applied'`)).length
const gets = async () =>
  Promise.all(
    both.map(async (via) => {
      const app = { id: 'job', secret, redirectUri: '' }
      return (await ask(stage.service, '/token', app, { grant_type: 'client_credentials' }, via)).status
    }),
  )

describe('a clients file, looked at from everywhere', () => {
  test('R-171 says for which secret a client waits, and takes it up once', async () => {
    const words = expect.stringContaining(secretPath)
    expect(await told()).toEqual(both.map(() => ({ ...ALL_WELL, waiting: [{ client_id: 'job', words }] })))
    expect(await plan()).toEqual({ code: 0, out: expect.stringMatching(/^… client job \(waits\): .*job-secret/) })
    const before = await timesApplied()
    await writeFile(secretPath, secret)
    await allWell()
    expect(await gets()).toEqual([200, 200])
    expect(await timesApplied()).toBe(before + 1)
    expect(await plan()).toEqual({ code: 0, out: NOTHING })
  }, 60_000)

  test('shows what was changed by hand as it is and as the file has it, lets it stand, and the next start makes it right', async () => {
    await byHand(`update client set metadata = metadata || '{"client_name": "By hand"}' where id = 'job'`)
    const changes = [{ field: 'client_name', before: 'By hand', after: 'Job' }]
    expect(await told()).toEqual(both.map(() => ({ ...ALL_WELL, drift: [{ id: 'job', changes }] })))
    expect(await plan()).toEqual({ code: 5, out: '~ client job (changed)\n    client_name: By hand → Job' })
    const { open } = await enterConsole(stage, 'ida@fabrikam.example', 'auditor')
    expect((await open('/admin')).words).toContain('One registration differs from the clients file.')
    expect((await open('/admin/clients/job')).words).toMatch(/Field As it is now In the file Name By hand Job/)
    expect(await nameOf()).toEqual({ name: 'By hand' })

    await stage.second.restart()
    expect(await nameOf()).toEqual({ name: 'Job' })
    await allWell()
    expect(await gets()).toEqual([200, 200])
  }, 60_000)

  test('a roll-back takes back what the file changed and what a hand did since, once over the processes', async () => {
    const good = await readFile(file(), 'utf8')
    const { clients } = parse(good) as { clients: Record<string, unknown>[] }
    const renamed = clients.map((one) => (one.client_id === 'job' ? { ...one, client_name: 'Night job' } : one))
    const extra = { client_id: 'extra', redirect_uris: ['https://extra.example/cb'], token_endpoint_auth_method: 'none' }
    const before = await timesApplied()
    await replace(file(), stringify({ ...parse(good), clients: [...renamed, extra] }))
    await until('it counts', async () => (await nameOf())?.name === 'Night job')
    await allWell()
    await byHand(`update client set metadata = metadata || '{"client_name": "By hand"}' where id = 'job'`)
    await replace(file(), good)
    await until('it counts no more', async () => (await nameOf())?.name === 'Job')
    await allWell()
    expect(await byHand(`select 1 from client where id = 'extra'`)).toEqual([])
    expect(await gets()).toEqual([200, 200])
    expect(await timesApplied()).toBe(before + 2)
    expect(await plan()).toEqual({ code: 0, out: NOTHING })
  }, 60_000)
})
