import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { membersOf } from '../protocol/account-person.ts'
import { lacking } from '../protocol/account-walk.ts'
import { type App, appOf, tokensOf } from '../protocol/protocol.ts'
import { query } from '../support/database.ts'
import { type LogoutReceiver, startLogoutReceiver } from '../support/logout-receiver.ts'
import { formWith, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { until } from './fault-tools.ts'

// What applications do with the request that tells them of a sign-out is their own affair: nobody else notices.

const APPS = 10

let stage: Stage
let main: LogoutReceiver
const others: LogoutReceiver[] = []

beforeAll(async () => {
  const now = () => new Date(Date.now() + stage.service.clockSeconds * 1000)
  const issuer = () => stage.service.issuer
  main = await startLogoutReceiver({ clientId: 'test-app', issuer, now })
  for (let at = 0; at < APPS; at++) others.push(await startLogoutReceiver({ clientId: `app-${at}`, issuer, now }))
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS },
    client: { backchannel_logout_uri: main.uri, backchannel_logout_session_required: true },
    clients: others.map(({ uri }, at) => ({
      client_id: `app-${at}`,
      redirect_uris: [callbackOf(at)],
      token_endpoint_auth_method: 'none',
      first_party: true,
      backchannel_logout_uri: uri,
    })),
  })
})
afterEach(async () => {
  for (const receiver of [main, ...others]) receiver.behave('accept')
})
afterAll(async () => {
  await stage.stop()
  await Promise.all([main, ...others].map((receiver) => receiver.stop()))
})

const callbackOf = (at: number) => `http://127.0.0.1:${40_000 + at}/callback`
const appAt = (at: number): App => ({ id: `app-${at}`, secret: null, redirectUri: callbackOf(at) })

/** Somebody who is signed in to these applications in one browser. */
async function signedIn(email: string, apps: readonly App[]): Promise<Visitor> {
  const { visitor } = await tokensOf(stage, appOf(stage), { email })
  for (const app of apps) await tokensOf(stage, app, { email, visitor })
  return visitor
}

/** Signs out, and answers how long the person waited, in milliseconds. */
async function signOut(visitor: Visitor): Promise<number> {
  const page = await visitor.get(`${stage.service.issuer}/logout`)
  const from = performance.now()
  const answer = await visitor.submit(formWith(page, 'xsrf') ?? lacking(page), {}, 'yes')
  expect(answer.status).toBeLessThan(400)
  return performance.now() - from
}

const jobs = () =>
  query<{ payload: unknown }>(
    stage.service.databaseUrl,
    `select payload from graphile_worker._private_jobs join graphile_worker._private_tasks on _private_tasks.id = task_id
     where identifier = 'backchannel-logout'`,
  )

async function memoryBytes(): Promise<number> {
  const status = await readFile(`/proc/${stage.service.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024
}

test('F-52 ten that hang: signing out takes no longer, mails leave at once, and the one that answers is told', async () => {
  const people = await Promise.all(
    [1, 2, 3].map((n) =>
      signedIn(
        `ten-${n}@fabrikam.example`,
        others.map((_, at) => appAt(at)),
      ),
    ),
  )
  for (const other of others) other.behave('hang')
  const before = main.told.length
  const waits = await Promise.all(people.map(signOut))
  expect(Math.max(...waits)).toBeLessThan(2000)
  await until('some hang by now', () => others.filter((other) => other.asked() > 0).length >= 8)
  const from = performance.now()
  await stage.signIn('mail-meanwhile@fabrikam.example')
  expect(performance.now() - from).toBeLessThan(4000)
  await until('the one that answers was told of all three', () => main.told.length === before + 3, 30)
  for (const other of others) other.behave('accept')
  await stage.moveClock(120)
  await until('all were told in the end', async () => (await jobs()).length === 0, 60)
  for (const other of others) expect(other.told.length).toBeGreaterThanOrEqual(3)
}, 120_000)

test('F-52 hostile ones: no redirect is followed, an answer without end is not read, and memory stays flat', async () => {
  let touched = false
  const canary = createServer((socket) => {
    touched = true
    socket.destroy()
  })
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
  const { port } = canary.address() as AddressInfo
  const [leading, endless, failing, refusing] = others as [LogoutReceiver, LogoutReceiver, LogoutReceiver, LogoutReceiver]
  const visitor = await signedIn('hostile@fabrikam.example', [0, 1, 2, 3].map(appAt))
  leading.behave({ status: 302, location: `http://127.0.0.1:${port}/inside` })
  endless.behave('endless')
  failing.behave({ status: 500 })
  refusing.behave({ status: 400 })
  const memory = await memoryBytes()
  const [sent, asked] = [endless.sent(), refusing.asked()]
  expect(await signOut(visitor)).toBeLessThan(2000)
  for (let minutes = 0; minutes < 70; minutes += 10) {
    await until('all that is due was done', async () => {
      const [row] = await query<{ due: boolean }>(
        stage.service.databaseUrl,
        `select exists (select from graphile_worker._private_jobs where run_at <= $1) as due`,
        [new Date(Date.now() + stage.service.clockSeconds * 1000)],
      )
      return row?.due === false
    })
    await stage.moveClock(600)
  }
  await until('they were given up within the hour', async () => (await jobs()).length === 0, 30)
  expect(touched).toBe(false)
  expect(refusing.asked() - asked).toBe(3)
  expect(endless.sent() - sent).toBeLessThan(200_000_000)
  expect((await memoryBytes()) - memory).toBeLessThan(150_000_000)
  expect(stage.service.output()).toContain('an application was not told of a sign-out')
  await new Promise((resolve) => canary.close(resolve))
}, 180_000)

test('R-042 a process that is killed between the sign-out and its telling has told of it in the end', async () => {
  const visitor = await signedIn('killed@fabrikam.example', [])
  main.behave('hang')
  const [asked, told] = [main.asked(), main.told.length]
  await signOut(visitor)
  await main.untilAsked(asked + 1)
  await stage.service.kill9()
  main.behave('accept')
  await stage.service.restart()
  await until('it was told', () => main.told.length === told + 1, 60)
  await until('nothing is left', async () => (await jobs()).length === 0, 30)
}, 120_000)

test('R-042 an account that is erased in the middle of a session is told of as well', async () => {
  const on = membersOf(stage)
  const one = await on.member('erased@fabrikam.example')
  await tokensOf(stage, appOf(stage), { email: one.address, visitor: one.visitor })
  const told = main.told.length
  await query(
    stage.service.databaseUrl,
    `update account set closing_at = $2 where id = (select account_id from address where canonical = $1)`,
    [one.address, new Date(Date.now() + stage.service.clockSeconds * 1000 - 1000)],
  )
  await stage.moveClock(61)
  await until('the sweep has erased it and told of it', () => main.told.length === told + 1, 90)
  expect(await on.accountOf(one.address)).toBe(null)
}, 120_000)
