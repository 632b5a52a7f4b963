import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { appOf, authorizeUrl, basic, newSecret, newVerifier, redeem, refresh, reply } from '../protocol/protocol.ts'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { createVisitor, type Visitor } from '../support/person.ts'
import { type Service, startAnother } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'
import { until } from './fault-tools.ts'
import { libraryVerifier, stubbornVerifier, type Verifier } from './key-verifiers.ts'

// Three instances on one database, under load, while their signing keys are exchanged ten times. What is asked of each
// token, as soon as it is there and again later, by verifiers with sets of their own: is its key known?

jest.setTimeout(900_000)

const ORDERS = 'https://orders.example/'
const WAREHOUSE = { id: 'warehouse', secret: newSecret() }
const STEP_SECONDS = 60
const HOUR = 3600
const DAY = 24 * HOUR
const REMEMBERED_MAX = 60
const ROTATIONS = 10

let stage: Stage
let services: Service[]
let verifiers: Verifier[]
let going = true
const loops: Promise<void>[] = []
const counts = { codes: 0, refreshes: 0, machines: 0, apis: 0, verified: 0, again: 0, lost: 0, refused: 0 }
const failed: string[] = []
const serverFaults: string[] = []
const remembered: string[] = []
const realNow = Date.now.bind(Date)

beforeAll(async () => {
  stage = await startAdminStage({
    env: {
      KEY_ROTATION: '1h',
      CLOCK_SKEW_MAX: '365d',
      KEY_ROTATION_WAIT: '10m',
      WAREHOUSE_SECRET: WAREHOUSE.secret,
      SESSION_TTL: '1d',
      SESSION_IDLE_TTL: '1d',
    },
    client: { id_token_signed_response_alg: 'RS256', refresh_token: 'always' },
    clients: [
      {
        client_id: WAREHOUSE.id,
        client_secret_env: 'WAREHOUSE_SECRET',
        grant_types: ['client_credentials'],
        resources: [ORDERS],
      },
    ],
    resourceServers: [{ id: ORDERS, name: 'Orders', scopes: { 'orders:read': 'See orders' }, signing_alg: 'RS256' }],
  })
  services = [stage.service, await startAnother(stage.service), await startAnother(stage.service)]
  // The verifiers live in this process: their clock moves along, and so does that of the library.
  Date.now = () => realNow() + stage.service.clockSeconds * 1000
  const { issuer } = stage.service
  const now = () => Date.now()
  verifiers = [
    libraryVerifier({ issuer, instance: someService, now }),
    ...services.map((_, at) =>
      stubbornVerifier({
        ...{ issuer, now, name: `stubborn ${at + 1}` },
        instance: () => (services[at]?.running ? (services[at] as Service) : someService()),
      }),
    ),
  ]
}, 120_000)

afterAll(async () => {
  going = false
  await Promise.all(loops)
  Date.now = realNow
  await Promise.all((services ?? []).slice(1).map((service) => service.stop()))
  await stage?.stop()
})

let turn = 0
/** Each in its turn, as a balancer would. */
function someService(): Service {
  const running = services.filter((service) => service.running)
  return running[turn++ % running.length] as Service
}

async function check(token: unknown, kind: 'verified' | 'again'): Promise<void> {
  if (typeof token !== 'string') return
  for (const verifier of verifiers) {
    const fault = await verifier.check(token)
    if (fault === null) counts[kind] += 1
    else failed.push(`${verifier.name}, ${kind}: ${fault} (${decodeProtectedHeader(token).kid})`)
  }
  if (kind === 'again') return
  remembered.push(token)
  if (remembered.length > REMEMBERED_MAX) remembered.splice(Math.floor(Math.random() * REMEMBERED_MAX), 1)
}

/** Until the end; a connection that broke with its process is lost, and nothing else is. */
function loop(work: () => Promise<void>): void {
  const run = async () => {
    while (going) {
      await work().catch((error: NodeJS.ErrnoException) => {
        if (/ECONNRE|socket hang up/.test(`${error.code} ${error.message}`)) counts.lost += 1
        else failed.push(`${error.stack}`)
      })
    }
  }
  loops.push(run())
}

function noted<T extends { status: number; text: string }>(answer: T): T {
  if (answer.status >= 500) serverFaults.push(`${answer.status} ${answer.text.slice(0, 200)}`)
  return answer
}

/** Codes by the session, redeemed at another instance, and refresh tokens; ID tokens are RS256. */
function people(number: number): void {
  const app = appOf(stage)
  const email = `person${number}@fabrikam.example`
  let visitor: Visitor | null = null
  let refreshToken: unknown = null
  loop(async () => {
    visitor ??= await stage.signIn(email, { visitor: createVisitor(stage.service) })
    const verifier = newVerifier()
    const url = authorizeUrl(stage.service, app, verifier, { prompt: 'none', scope: 'openid offline_access' })
    const cookie = visitor.jar.header(url) ?? ''
    const answer = noted(await send(url, { headers: { cookie }, via: someService() }))
    const code = new URL(answer.headers.location ?? 'about:blank').searchParams.get('code')
    if (!code) {
      counts.refused += 1
      visitor = null // the clock was moved beyond the session
      return
    }
    const redeemed = noted(await redeem(stage.service, app, { code, verifier }, {}, someService()))
    if (redeemed.status === 200) counts.codes += 1
    else counts.refused += 1
    await check(redeemed.body.id_token, 'verified')
    refreshToken = redeemed.body.refresh_token ?? refreshToken
    const refreshed = noted(await refresh(stage.service, app, refreshToken, {}, someService()))
    if (refreshed.status === 200) counts.refreshes += 1
    else counts.refused += 1
    refreshToken = refreshed.body.refresh_token
    await check(refreshed.body.id_token, 'verified')
  })
}

/** JWTs of machines: ES256 for the admin API, which checks them itself at another instance, and RS256 for another one. */
function machines(): void {
  loop(async () => {
    const headers = { authorization: basic(WAREHOUSE.id, WAREHOUSE.secret) }
    const body = { grant_type: 'client_credentials', resource: ORDERS, scope: 'orders:read' }
    const answer = noted(reply(await send(`${stage.service.issuer}/token`, { body, headers, via: someService() })))
    if (answer.status === 200) counts.machines += 1
    await check(answer.body.access_token, 'verified')
  })
  loop(async () => {
    const token = await machineToken(stage.service)
    await check(token, 'verified')
    const answer = noted(await callApi(stage.service, token, 'GET', '/me', { via: someService() }))
    if (answer.status === 200) counts.apis += 1
    else if (!/ended/.test(answer.text)) failed.push(`the admin API: ${answer.status} ${answer.text}`)
  })
  loop(async () => {
    await check(remembered[Math.floor(Math.random() * remembered.length)], 'again')
    await new Promise((resolve) => setImmediate(resolve))
  })
}

async function moveClock(seconds: number): Promise<void> {
  await Promise.all(services.filter(({ running }) => running).map((service) => service.moveClock(seconds)))
}

interface Counted {
  published: number
  activated: number
}
async function countEvents(): Promise<Counted> {
  const rows = await query<{ event: string; count: number }>(
    stage.service.databaseUrl,
    `select event, count(*)::int as count from audit_entry where event like 'key.%' group by 1`,
  )
  const of = (event: string) => rows.find((row) => row.event === event)?.count ?? 0
  return { published: of('key.published'), activated: of('key.activated') }
}

const runJob = () => query(stage.service.databaseUrl, `select graphile_worker.add_job('keys', job_key => 'keys')`)

/** The clock goes on minute by minute, with the job in each, until so many keys have come to sign. */
async function passMinutes(activated: number): Promise<void> {
  for (let minutes = 0; minutes < 20; minutes++) {
    const before = { ...counts }
    await moveClock(STEP_SECONDS)
    await runJob()
    await until('the load goes on', () => counts.codes > before.codes + 1 && counts.machines > before.machines + 2)
    if ((await countEvents()).activated >= activated) return
  }
  throw new Error('the new keys never signed')
}

test('R-045, F-37 ten rotations over three instances under load: no token whose key is unknown, and no 5xx', async () => {
  for (const number of [1, 2]) people(number)
  machines()
  await until('the load runs', () => counts.codes > 3 && counts.machines > 3 && counts.apis > 3)
  for (let round = 1; round <= ROTATIONS; round++) {
    const published = 2 * round
    if (round === 4) await deafen(services[1] as Service)
    if (round === 6) await addSleeper()
    if (round % 2 === 1) {
      // By the schedule: the job of any instance begins it.
      await moveClock(HOUR)
      await until('the schedule begins', async () => {
        await runJob()
        return (await countEvents()).published === published
      })
    } else {
      // By hand, at all instances at once: one begins.
      const token = await machineToken(stage.service)
      const asked = await Promise.all(
        services.map((via) => callApi(stage.service, token, 'POST', '/keys/rotate', { body: {}, via })),
      )
      expect(asked.map(({ status }) => status).sort()).toEqual([200, 409, 409])
    }
    expect((await countEvents()).published).toBe(published)
    await until('every instance publishes the new keys', async () => (await kidsOfAll()).every((kids) => kids === 2 + published))
    if (round === 8) {
      await (services[2] as Service).kill9()
      await runJob()
    }
    await passMinutes(published)
    if (round === 8) await bringBack(services[2] as Service)
  }
  const rows = await query<{ reason: string; count: number }>(
    stage.service.databaseUrl,
    `select detail ->> 'reason' as reason, count(*)::int as count from audit_entry where event = 'key.activated' group by 1 order by 1`,
  )
  const told = { rotations: ROTATIONS, ...counts, failed: failed.length, serverFaults: serverFaults.length, activated: rows }
  process.stdout.write(`${JSON.stringify(told)}\n`)
  expect(failed).toEqual([])
  expect(serverFaults).toEqual([])
  expect(rows.map(({ reason }) => reason)).toEqual(['all_seen', 'deadline'])
  expect(counts.verified).toBeGreaterThan(1000)
})

test('R-045 keys that signed go once nothing they signed can live', async () => {
  going = false
  await Promise.all(loops)
  expect((await kidsOfAll())[0]).toBeGreaterThan(10)
  const { databaseUrl } = stage.service
  // SESSION_TTL and an hour after it stopped signing the oldest one goes, and not a minute before.
  const [oldest] = await query<{ id: string; retiredAt: Date }>(
    databaseUrl,
    `select id, retired_at as "retiredAt" from signing_key where state = 'previous' order by retired_at limit 1`,
  )
  const left = (Number(oldest?.retiredAt) - Date.now()) / 1000 + DAY + HOUR
  await moveClock(Math.floor(left) - 60)
  await runJob()
  const jobs = () => query(databaseUrl, `select from graphile_worker.jobs where task_identifier = 'keys'`)
  await until('the job has looked', async () => (await jobs()).length === 0)
  expect((await send(`${stage.service.issuer}/jwks`)).text).toContain(oldest?.id)
  await moveClock(DAY + 2 * HOUR)
  await until('they go', async () => {
    await runJob()
    return (await kidsOfAll()).every((kids) => kids <= 4)
  })
})

async function kidsOfAll(): Promise<number[]> {
  const answers = await Promise.all(
    services.filter(({ running }) => running).map((via) => send(`${stage.service.issuer}/jwks`, { via })),
  )
  return answers.map(({ text }) => (JSON.parse(text) as { keys: unknown[] }).keys.length)
}

/** Its connection for notices ends: it hears of the next change late, by its own look. */
async function deafen(service: Service): Promise<void> {
  expect(service.running).toBe(true)
  await query(
    service.databaseUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doorward notices' and datname = current_database()`,
  )
}

async function bringBack(service: Service): Promise<void> {
  await service.restart()
  await service.moveClock(stage.service.clockSeconds - service.clockSeconds)
}

/** An application that asks for tokens and fetches the keys never: waited for until the deadline. */
async function addSleeper(): Promise<void> {
  const add = `insert into client (id, metadata, policy, secrets, secret_hashes, source, created_at, updated_at)
    values ('sleeper', '{"client_name": "Sleeper", "token_endpoint_auth_method": "client_secret_basic"}', '{}', '[]', '{}',
      'console', now(), now())`
  await query(stage.service.databaseUrl, add)
  const seen = `insert into client_network (client_id, network, last_at) values ('sleeper', 'elsewhere', now() + interval '1 day')`
  await query(stage.service.databaseUrl, seen)
}
