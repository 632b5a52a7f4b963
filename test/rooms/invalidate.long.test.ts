import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ask, submit, type Walk } from '../faults/fault-tools.ts'
import { appOf, refresh } from '../protocol/protocol.ts'
import { emptyDatabase, query } from '../support/database.ts'
import { formWith, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service, startService } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'

// A backup of an hour ago is restored. What was used since is used again, unless the command was run before the start.

const SECRETS = randomBytes(32).toString('base64url')
const ROOT = join(import.meta.dirname, '../..')
const [DUMP, LOAD] = ['pg_dump', 'psql'] as const
const EMAIL = 'ada@fabrikam.example'

let stage: Stage
let visitor: Visitor
let walk: Walk
let code: string
let backup: () => Promise<string>
let token: string
const services: Service[] = []

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, SECRETS } })
  visitor = await stage.signIn(EMAIL)
  token = stage.relyingParty.last().tokens.refresh_token ?? ''
  walk = await ask(stage, 'code@fabrikam.example')
  code = (await stage.mailbox.next('code@fabrikam.example')).code ?? ''
  // The moment of the backup.
  await stage.service.stop()
  backup = await dump(stage.service.databaseUrl)
  await stage.service.restart()
})
afterAll(async () => {
  for (const service of services) await service.stop()
  await stage.stop()
})

/** By pg_dump where it is as new as the server, else by a clone; answers what restores it into a database of its own. */
async function dump(url: string): Promise<() => Promise<string>> {
  try {
    const sql = execFileSync(DUMP, ['--no-owner', url], { maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'ignore'] })
    return async () => {
      const restored = await emptyDatabase()
      execFileSync(LOAD, ['-q', '-v', 'ON_ERROR_STOP=1', restored], { input: sql, stdio: ['pipe', 'ignore', 'inherit'] })
      return restored
    }
  } catch {
    process.stdout.write('pg_dump is missing or older than the server: the database is cloned instead\n')
    const kept = await cloned(url)
    return () => cloned(kept)
  }
}

async function cloned(url: string): Promise<string> {
  const target = new URL(url)
  const name = `t_${randomBytes(8).toString('hex')}`
  const source = target.pathname.slice(1)
  target.pathname = '/postgres'
  await query(target.href, `create database ${name} template ${source}`)
  target.pathname = `/${name}`
  return target.href
}

/** The service on another database, at the address of the first, which has been stopped. */
async function serve(databaseUrl: string): Promise<Service> {
  const { env, port } = stage.service
  const service = await startService({ port, databaseUrl, env: { ...env, DATABASE_URL: databaseUrl } })
  services.push(service)
  return service
}

const silently = async () =>
  new URL((await visitor.open(await stage.authorizeUrl(visitor, { prompt: 'none' }))).location ?? '').searchParams.get('error')

/** Types the code that was mailed before the backup; whether it let somebody in. */
async function typeCode(): Promise<boolean> {
  const page = await walk.visitor.open(walk.home)
  if (!formWith(page, 'code')) return false
  return (await submit({ ...walk, page }, 'code', { code })).location !== null
}

const refreshed = async () => (await refresh(stage.service, appOf(stage), token)).status

const command = (databaseUrl: string, ...args: string[]) =>
  execFileSync(process.execPath, ['src/cli.ts', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', ...stage.service.env, DATABASE_URL: databaseUrl },
    encoding: 'utf8',
  })

test('F-60 after a restore what was used since is good again, and after the command it is refused', async () => {
  // Used since: the code, the refresh token, and the session, by a sign-out at the database's side of it.
  expect(await refreshed()).toBe(200)
  expect(await typeCode()).toBe(true)
  await query(stage.service.databaseUrl, `delete from oidc_record where model = 'Session'`)
  expect([await refreshed(), await typeCode(), await silently()]).toEqual([400, false, 'login_required'])
  await stage.service.stop()

  // The risk, as the page about backups says it. This browser has thrown its cookie of the sign-in away; another keeps it.
  const copy = await backup()
  expect(await query(copy, `select state from challenge where target = 'code@fabrikam.example'`)).toEqual([{ state: 'open' }])
  const careless = await serve(copy)
  expect([await refreshed(), await silently()]).toEqual([200, null])
  await careless.stop()

  const restored = await backup()
  const said = command(restored, 'after-restore', '--yes')
  expect(said).toMatch(/^Ended:\n {2}records: [1-9]/)
  await serve(restored)
  expect([await refreshed(), await silently(), await typeCode()]).toEqual([400, 'login_required', false])
  expect(await query(restored, 'select from challenge')).toEqual([])
  const trail = await query<{ event: string }>(restored, `select event from audit_entry where actor_id = 'local'`)
  expect(trail).toEqual([{ event: 'service.restored' }])
  // Nobody is kept out: the same person signs in anew.
  await stage.signIn(EMAIL)
}, 240_000)
