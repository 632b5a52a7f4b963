import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse, stringify } from 'yaml'
import { createLocalVerbs } from '../../src/local-verbs.ts'
import { until } from '../faults/fault-tools.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type App, ask, newSecret } from './protocol.ts'

const [secret, next] = [newSecret(), newSecret()]
const job = (own: string): App => ({ id: 'job', secret: own, redirectUri: '' })

let stage: Awaited<ReturnType<typeof startPairStage>>
let secretPath: string
let both: Service[]

beforeAll(async () => {
  secretPath = join(await tempFolder('mounted'), 'job-secret')
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

const everywhere = (what: string, own: string, wanted: boolean) =>
  until(what, async () => ((await gets(own)).every((one) => one === wanted) ? true : null))

/** Waits until each of these has applied what `change` does to the file; answers what `change` answers. */
async function seenBy<T>(services: readonly Service[], change: () => Promise<T>): Promise<T> {
  const times = ({ output }: Service) => output().split('clients applied').length
  const before = services.map(times)
  const answer = await change()
  await until('every instance has seen the file', async () =>
    services.every((one, index) => times(one) > (before[index] ?? 0)) ? true : null,
  )
  return answer
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
  test('R-171 a secret that comes late is taken up, and so is the one that follows it', async () => {
    expect(await gets(secret)).toEqual([false, false])
    for (const { output } of both) expect(output()).toContain(`the file ${secretPath} cannot be read`)
    await writeFile(secretPath, secret)
    await everywhere('the secret counts', secret, true)
    await replace(secretPath, next)
    await everywhere('the next one counts', next, true)
    expect(await gets(secret)).toEqual([false, false])
    await rm(secretPath)
    expect(await gets(next)).toEqual([true, true])
    await writeFile(secretPath, next)
  })

  test('an edit counts everywhere and is made once; a roll-back takes it back', async () => {
    const before = await seenBy(both, () =>
      edit((file) => Object.assign(entry(file, 'job'), { disabled: true, client_name: 'Off' })),
    )
    await everywhere('it is off', next, false)
    const made = `select 1 from audit_entry where event = 'client.applied' and detail ->> 'change' like '0 created, 1 updated%'`
    const count = (await query(stage.service.databaseUrl, made)).length
    await seenBy(both, () => putBack(before)) // none of them looks at it again in the middle of what follows
    await everywhere('it is on again', next, true)
    expect(await nameOf('job')).toBe('job')
    expect(await query(stage.service.databaseUrl, made)).toHaveLength(count + 1)
  })
})

test('what one process changes counts at the other at once, though it has the client in memory', async () => {
  expect(await gets(next)).toEqual([true, true])
  await query(stage.service.databaseUrl, `update client set disabled_at = now() where id = 'job'`)
  expect(await gets(next)).toEqual([true, true])
  await query(stage.service.databaseUrl, `select pg_notify('doorward_clients', '')`)
  await everywhere('it is off', next, false)
})

test('what the file owns is left to the console by a command, which refuses while the file is set', async () => {
  const { env } = stage.service
  const owned = () => query(stage.service.databaseUrl, `select id from client where source = 'file'`)
  await expect(createLocalVerbs(env).releaseClientsFile()).rejects.toThrow('CLIENTS_FILE is set')
  expect(await owned()).toContainEqual({ id: 'test-app' })
  const { CLIENTS_FILE: _none, ...without } = env
  expect(await createLocalVerbs(without).releaseClientsFile()).toContain('test-app')
  expect(await owned()).toEqual([])
})
