import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse, stringify } from 'yaml'
import { until } from '../faults/fault-tools.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type App, ask, newSecret } from './protocol.ts'

const secret = newSecret()
const job = (own: string): App => ({ id: 'job', secret: own, redirectUri: '' })

let stage: Awaited<ReturnType<typeof startPairStage>>
let both: Service[]

beforeAll(async () => {
  const secretPath = join(await tempFolder('mounted'), 'job-secret')
  await writeFile(secretPath, secret)
  stage = await startPairStage({
    env: { LIMITS: GENEROUS_LIMITS },
    clients: [{ client_id: 'job', client_secret_file: secretPath, grant_types: ['client_credentials'] }],
  })
  both = [stage.service, stage.second]
})
afterAll(() => stage.stop())

// As a mounted folder does it: whole and at once.
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

type Entries = { clients: Record<string, unknown>[] }

/** Changes the clients file; answers what it was. */
async function edit(change: (file: Entries) => void): Promise<string> {
  const path = stage.service.env.CLIENTS_FILE as string
  const before = await readFile(path, 'utf8')
  const file = parse(before) as Entries
  change(file)
  await replace(path, stringify(file))
  return before
}
const putBack = (text: string) => replace(stage.service.env.CLIENTS_FILE as string, text)
const entry = ({ clients }: Entries, id: string) => clients.find(({ client_id }) => client_id === id) as Record<string, unknown>

/** Whether the job gets a token with this secret, at each instance. */
async function gets(own: string): Promise<boolean[]> {
  const asked = both.map((via) => ask(stage.service, '/token', job(own), { grant_type: 'client_credentials' }, via))
  return (await Promise.all(asked)).map(({ status }) => status === 200)
}

/** Waits until each of these has applied what `change` does to the file. */
async function seenBy(services: readonly Service[], change: () => Promise<unknown>): Promise<void> {
  const times = ({ output }: Service) => output().split('clients applied').length
  const before = services.map(times)
  await change()
  await until('every instance has seen the file', async () =>
    services.every((one, index) => times(one) > (before[index] ?? 0)) ? true : null,
  )
}

const nameOf = async (id: string) =>
  (
    await query<{ name: string }>(
      stage.service.databaseUrl,
      `select metadata ->> 'client_name' as name from client where id = $1`,
      [id],
    )
  )[0]?.name

describe('a clients file, on two processes, without a restart', () => {
  test('one with faults is told of and changes nothing', async () => {
    const before = await edit((file) => Object.assign(entry(file, 'job'), { redirect_uri: 'x', client_name: 'Bad' }))
    const told = ({ output }: Service) =>
      output().includes('clients_file.refused') && output().includes('redirect_uri: unknown key')
    await until('it is told of', async () => (both.every(told) ? true : null))
    expect(await gets(secret)).toEqual([true, true])
    expect(await nameOf('job')).toBe('job')
    await seenBy(both, () => putBack(before))
  })

  test('what somebody changes by hand is told of, and stays until the file changes', async () => {
    await query(
      stage.service.databaseUrl,
      `update client set metadata = metadata || '{"client_name": "By hand"}' where id = 'job'`,
    )
    await stage.moveClock(61)
    await until('it is told of', async () => (both.some(({ output }) => output().includes('clients_file.drift')) ? true : null))
    expect(await nameOf('job')).toBe('By hand')
    await seenBy(both, () => edit((file) => Object.assign(entry(file, 'job'), { contacts: ['us@fabrikam.example'] })))
    await until('the file counts again', async () => ((await nameOf('job')) === 'job' ? true : null))
  })
})
