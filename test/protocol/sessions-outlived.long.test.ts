import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog, createMetrics, type Tx } from '../../src/base/index.ts'
import { createSessions } from '../../src/oidc/index.ts'
import { openDatabase, runIn } from '../../src/store/database.ts'
import { createSessionStore } from '../../src/store/sessions.ts'
import { csrfOf, isAccountPage, openAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import type { Form } from '../support/html.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { stoppedAtProof } from '../support/stopped.ts'
import type { App } from './protocol.ts'
import { afterFirst, choosing, keyOn } from './second-standing.ts'

const strict: App = { id: 'strict', secret: null, redirectUri: 'https://strict.example/callback' }

let stage: Stage
let db: ReturnType<typeof openDatabase>
let sessions: ReturnType<typeof createSessions>
beforeAll(async () => {
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS },
    clients: [
      {
        ...{ client_id: strict.id, token_endpoint_auth_method: 'none', redirect_uris: [strict.redirectUri] },
        ...{ first_party: true, second_factor: 'required' },
      },
    ],
  })
  const clock = { now: () => new Date(Date.now() + stage.service.clockSeconds * 1000) }
  const url = stage.service.databaseUrl
  db = openDatabase({ url, poolSize: 5, log: createLog('fatal'), metrics: createMetrics(), clock })
  sessions = createSessions({ store: createSessionStore(db), clock })
})
afterAll(async () => {
  await db?.close()
  await stage?.stop()
})

const at = (path: string) => `${stage.service.issuer}${path}`
const rows = <Row>(sql: string, values: readonly unknown[]) => query<Row>(stage.service.databaseUrl, sql, values)
const ALL = { except: null, offline: true }

async function accountOf(address: string): Promise<string> {
  const [row] = await rows<{ id: string }>('select account_id as id from address where canonical = $1', [address])
  return row?.id ?? ''
}

async function livingSessions(address: string): Promise<number> {
  return (await sessions.ofAccount(await accountOf(address))).length
}

const endAll = async (address: string, which = ALL) => {
  const accountId = await accountOf(address)
  return db.transact((tx) => sessions.endAll(tx, accountId, which))
}

/** Somebody on the way in a new browser, and where they go on. */
interface Way {
  visitor: Visitor
  next: string
}

/** Up to the right code: the attempt is proven, and that is all. */
async function proven(address: string): Promise<Way> {
  const { visitor, page, type } = await typing(address)
  await stoppedAtProof(stage.service.databaseUrl, type)
  return { visitor, next: `${page.url}/continue` }
}

/** One step further: the engine has the result, and was not asked to go on with it. */
async function finished(address: string): Promise<Way> {
  const { visitor, type } = await typing(address)
  return { visitor, next: (await type()).location ?? '' }
}

async function typing(address: string) {
  const visitor = createVisitor(stage.service)
  const start = await visitor.open(at('/account'))
  const page = await visitor.follow(await visitor.submit(formOf(start, 'identifier'), { identifier: address }))
  const { code } = await stage.mailbox.next(address)
  return { visitor, page, type: () => visitor.submit(formOf(page, 'code'), { code: code ?? '' }) }
}

/** Goes on; answers the page where that ends. Nobody may be signed in by it. */
async function lockedOut(address: string, { visitor, next }: Way): Promise<Page> {
  const before = await livingSessions(address)
  const page = await visitor.open(next)
  expect(isAccountPage(page)).toBe(false)
  expect(await livingSessions(address)).toBe(before)
  expect(isAccountPage(await visitor.open(at('/account')))).toBe(false)
  return page
}

async function addEmail(visitor: Visitor, address: string): Promise<void> {
  const page = await visitor.open(at('/account/addresses/new?kind=email'))
  const asked = await visitor.follow(await visitor.submit(formOf(page, 'address'), { address }))
  const { code } = await stage.mailbox.next(address)
  await visitor.follow(await visitor.submit(formOf(asked, 'code'), { code: code ?? '' }))
}

async function object(address: string): Promise<void> {
  const visitor = createVisitor(stage.service)
  const page = await visitor.open((await stage.mailbox.nextNotice(address)).objection ?? '')
  expect((await visitor.submit(formOf(page, 'csrf'))).status).toBe(303)
}

function formOf(page: Page, field: string): Form {
  const form = formWith(page, field)
  if (!form) throw new Error(`no field ${field} on ${page.url} (${page.status}): ${page.words}`)
  return form
}

const holdAccount = (tx: Tx, accountId: string) =>
  runIn(tx, { name: 'hold_account', text: 'select 1 from account where id = $1 for update' }, [accountId])

const holdSessions = (tx: Tx, accountId: string) => {
  const text = `select 1 from oidc_record where model = 'Session' and account_id = $1 for update`
  return runIn(tx, { name: 'hold_sessions', text }, [accountId])
}

/** Resolves once so many connections wait for a lock. */
async function somebodyWaits(count = 1): Promise<void> {
  const sql = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  while ((await rows(sql, [])).length < count);
}

describe('R-135 what was proven before all sessions end', () => {
  test('R-135 signs in no more after "end all others", neither as it stands nor when the engine has it by then', async () => {
    const email = 'end-others@fabrikam.example'
    const own = createVisitor(stage.service)
    await openAccount(stage, own, email)
    const [one, two] = [await proven(email), await finished(email)]
    expect(new URL(one.next).pathname).toMatch(/^\/sign-in\/.*\/continue$/)
    expect(new URL(two.next).pathname).toMatch(/^\/authorize\//)
    await own.post(at('/account/devices/end-others'), { csrf: csrfOf(await own.open(at('/account/devices'))) })
    // The first page: whoever may, begins anew.
    expect(formWith(await lockedOut(email, one), 'identifier')).toBeDefined()
    expect((await lockedOut(email, two)).status).toBe(400)
    expect(isAccountPage(await own.open(at('/account')))).toBe(true)
    expect(isAccountPage(await openAccount(stage, one.visitor, email))).toBe(true)
  })

  test('R-135, R-088 nor after an objection, by the address that was taken back', async () => {
    const [email, added] = ['objects@fabrikam.example', 'thief@fabrikam.example']
    const thief = createVisitor(stage.service)
    await openAccount(stage, thief, email)
    await addEmail(thief, added)
    const [one, two] = [await proven(added), await finished(added)]
    await object(email)
    for (const way of [one, two]) await lockedOut(email, way)
    expect(await livingSessions(email)).toBe(0)
  })

  test('R-135, R-033 nor when the account is about to be closed', async () => {
    const email = 'closes@fabrikam.example'
    const own = createVisitor(stage.service)
    await openAccount(stage, own, email)
    const [one, two] = [await proven(email), await finished(email)]
    await own.post(at('/account/close'), { csrf: csrfOf(await own.open(at('/account/close'))) })
    for (const way of [one, two]) await lockedOut(email, way)
    expect(await livingSessions(email)).toBe(1)
  })

  test('R-135 leaves alone what another account has proven, and what is proven afterwards', async () => {
    const [email, other] = ['ends@fabrikam.example', 'bystander@fabrikam.example']
    for (const one of [email, other]) await openAccount(stage, createVisitor(stage.service), one)
    const ways = [await proven(other), await finished(other)]
    await endAll(email)
    ways.push(await proven(email))
    for (const { visitor, next } of ways) expect(isAccountPage(await visitor.open(next))).toBe(true)
  })

  test('R-135 ends an attempt that has proven its first half and waits for the second', async () => {
    const email = 'half@fabrikam.example'
    await openAccount(stage, createVisitor(stage.service), email)
    const { visitor, next } = await proven(email)
    await rows(`update attempt set state = 'open', asks = 'second' where account_id = $1 and state = 'proven'`, [
      await accountOf(email),
    ])
    await endAll(email)
    const sql = `select distinct state from attempt where account_id = $1`
    expect(await rows(sql, [await accountOf(email)])).toEqual([{ state: 'ended' }])
    expect(formWith(await visitor.open(next.replace('/continue', '')), 'identifier')).toBeDefined()
  })
})

describe('R-135 at the same moment', () => {
  test('R-135 a sign-in that goes on while all sessions are being ended waits, and begins anew', async () => {
    const email = 'end-first@fabrikam.example'
    await openAccount(stage, createVisitor(stage.service), email)
    const way = await proven(email)
    const accountId = await accountOf(email)
    let goingOn: Promise<Page> | undefined
    await db.transact(async (tx) => {
      await sessions.endAll(tx, accountId, ALL)
      goingOn = way.visitor.get(way.next)
      await somebodyWaits()
    })
    expect((await goingOn)?.location).toMatch(/\/sign-in\/[\w-]+$/)
    await lockedOut(email, way)
    expect(await livingSessions(email)).toBe(0)
  })

  test('R-135 a sign-in that is just going on is waited for, and ended with the rest', async () => {
    const email = 'continue-first@fabrikam.example'
    await openAccount(stage, createVisitor(stage.service), email)
    const way = await proven(email)
    const accountId = await accountOf(email)
    // The last look holds the attempt and stops at the account.
    const hold = await db.transact(async (tx) => {
      await holdAccount(tx, accountId)
      const goingOn = way.visitor.get(way.next)
      await somebodyWaits()
      const ending = endAll(email)
      await somebodyWaits(2)
      return { goingOn, ending }
    })
    const [page] = await Promise.all([hold.goingOn, hold.ending])
    expect(page.status).toBeLessThan(500)
    const later = await way.visitor.open(page.location ?? way.next)
    expect(isAccountPage(later)).toBe(false)
    expect(await livingSessions(email)).toBe(0)
  })

  test('R-135 a sign-in whose last look is over is ended before its result is written', async () => {
    const [email, other] = ['between@fabrikam.example', 'present@fabrikam.example']
    const visitor = await stage.signIn(other)
    const { page } = await afterFirst(stage, email, { visitor })
    const form = page.forms.find(({ action }) => action.includes('/switch'))
    if (!form) throw new Error(`nobody is asked on ${page.url}: ${page.words}`)
    const { goingOn } = await db.transact(async (tx) => {
      // The session that ends with the switch: the result is written with it.
      await holdSessions(tx, await accountOf(other))
      const goingOn = visitor.submit(form)
      await somebodyWaits()
      await endAll(email)
      return { goingOn }
    })
    const { status, location } = await goingOn
    expect([location, Math.floor(status / 100)]).toEqual([null, 4])
    expect([await livingSessions(email), await livingSessions(other)]).toEqual([0, 1])
  })

  test('R-135, S-1 however they meet, nobody is signed in afterwards', async () => {
    const email = 'meet@fabrikam.example'
    await openAccount(stage, createVisitor(stage.service), email)
    for (let round = 0; round < 12; round++) {
      const way = round % 2 === 0 ? await proven(email) : await finished(email)
      const goingOn = way.visitor.open(way.next)
      await new Promise((resolve) => setImmediate(resolve))
      await endAll(email)
      const page = await goingOn
      expect(page.status).toBeLessThan(500)
      // It may have come first, and was ended; it is never there afterwards.
      expect(await livingSessions(email)).toBe(0)
      expect(isAccountPage(await way.visitor.open(at('/account')))).toBe(false)
    }
  })

  test('R-135, R-107 no authenticator is set up in a sign-in that is just being ended', async () => {
    const email = 'sets-up@fabrikam.example'
    await openAccount(stage, createVisitor(stage.service), email)
    const walk = await afterFirst(stage, email, { app: strict })
    const setUp = await choosing(walk, 'totp')
    const accountId = await accountOf(email)
    const confirm = () =>
      setUp.visitor.submit(formOf(setUp.page, 'code'), { code: keyOn(setUp, stage.service).codeNow(), name: '' })
    const { confirming } = await db.transact(async (tx) => {
      await sessions.endAll(tx, accountId, ALL)
      const confirming = confirm()
      await somebodyWaits()
      return { confirming }
    })
    expect((await confirming).status).toBe(303)
    const sql = 'select 1 from credential where account_id = $1 and proven_at is not null'
    expect(await rows(sql, [accountId])).toEqual([])
  })

  test('R-087 an address that is taken away while it is proven brings nobody in, and notes no sign-in', async () => {
    const [email, added] = ['taken@fabrikam.example', 'taken-away@fabrikam.example']
    const own = createVisitor(stage.service)
    await openAccount(stage, own, email)
    await addEmail(own, added)
    const way = await proven(added)
    await rows('delete from address where canonical = $1', [added])
    const noted = async () => rows('select last_sign_in_at::text from account where id = $1', [await accountOf(email)])
    const before = await noted()
    expect(formWith(await lockedOut(email, way), 'identifier')).toBeDefined()
    expect(await noted()).toEqual(before)
  })
})
