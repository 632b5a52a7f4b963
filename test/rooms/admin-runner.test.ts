import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Admin, type AdminActor, AdminFault, createAdmin, type PersonActor, type Role } from '../../src/admin/index.ts'
import { addSeconds, createSecrets, newId, Refusal, type Tx } from '../../src/base/index.ts'
import { createActorStore } from '../../src/store/admin-actors.ts'
import { type Database, runIn } from '../../src/store/database.ts'
import { createIdempotentAnswerStore } from '../../src/store/idempotent-answers.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, open } from './store-support.ts'

// Two operations with handlers that write rows; what real ones do is theirs to prove.
const READ = 'invitations.list'
const CHANGE = 'invitations.create'

const secrets = createSecrets(['the newest secret, of more than 32 characters', 'an older secret, of more than 32 characters'])
const begin = new Date('2030-01-01T00:00:00.000Z')
let now = begin
let url: string
let db: Database
let ada: PersonActor
let refused: string[] = []
/** What a handler does before it answers. */
let during: () => Promise<void> = async () => {}

beforeAll(async () => {
  url = await freshDatabase()
  db = open(url, { poolSize: 12 })
})

beforeEach(async () => {
  now = begin
  refused = []
  during = async () => {}
  await query(url, 'delete from invitation', [])
  ada = await person('admin')
})

afterAll(closeAll)

async function person(role: Role): Promise<PersonActor> {
  const [accountId, grant] = [newId(), newId()]
  await query(url, 'insert into account (id, role, created_at) values ($1, $2, $3)', [accountId, role, begin])
  await query(
    url,
    `insert into oidc_record (model, id, payload, account_id, expires_at)
     values ('Grant', translate(encode(sha256(convert_to($1, 'UTF8')), 'base64'), '+/=', '-_'), '{}', $2, $3)`,
    [grant, accountId, addSeconds(begin, 86_400 * 30)],
  )
  return {
    kind: 'person',
    accountId,
    role,
    level: 2,
    authTime: begin,
    standing: { grant },
    scopes: new Set(['accounts:read', 'accounts:write']),
    who: { actorId: accountId },
  }
}

function adminOf({ atOnceMax = 10, using = secrets } = {}): Admin {
  const handlers: Record<string, unknown> = {
    [READ]: async () => {
      await during()
      return { items: [], next: null, hidden: 'what no output names' }
    },
    [CHANGE]: async ({ tx, ifMatch }: { tx: Tx; ifMatch(version: string): void }, input: { address: string }) => {
      if (input.address === 'versioned') ifMatch('v1')
      const id = newId()
      const text = `insert into invitation (id, kind, canonical, invited_by, created_at, expires_at) values ($1, 'email', $2, 'x', $3, $3)`
      await runIn(tx, { name: 'test_invitation', text }, [id, newId(), now])
      await during()
      return { invitation_id: id, expires_at: now.toISOString() }
    },
  }
  return createAdmin({
    handlers: handlers as never,
    actors: createActorStore(db),
    answers: createIdempotentAnswerStore(),
    atOnceMax,
    audit: {
      note: async (event, { detail }) => {
        refused.push(`${event} ${(detail as { reason?: string })?.reason}`)
      },
    },
    transact: db.transact,
    secrets: using,
    clock: { now: () => now },
  })
}

const invited = async () => (await query<{ n: string }>(url, 'select count(*) as n from invitation', []))[0]?.n
const kept = () => query<{ id: string; answer: string }>(url, 'select id, answer from idempotent_answer', [])

/** The code of the fault that ends this. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    if (error instanceof AdminFault || error instanceof Refusal) return error.code
    throw error
  }
}

const change = (
  more: { actor?: AdminActor; address?: string; key?: string | null; ifMatch?: string | null; admin?: Admin } = {},
) =>
  (more.admin ?? adminOf()).perform(
    CHANGE,
    more.actor ?? ada,
    { address: more.address ?? 'bo@example.org' },
    { idempotencyKey: more.key ?? null, ifMatch: more.ifMatch ?? null },
  )

describe('who may', () => {
  test('R-175 an operation without its scope is refused, whatever the role, and the trail hears of it', async () => {
    const actor: PersonActor = { ...ada, scopes: new Set(['accounts:read']) }
    expect(await codeOf(change({ actor }))).toBe('insufficient_scope')
    expect(await invited()).toBe('0')
    expect(refused).toEqual(['administrator.refused insufficient_scope'])
  })

  test('R-175 a role that is not named is refused, whatever the scopes', async () => {
    expect(await codeOf(change({ actor: { ...ada, role: 'auditor' } }))).toBe('forbidden')
    expect(refused).toEqual(['administrator.refused forbidden'])
  })

  test('R-175 people need a second factor to change and to read; for reading it may be an old one', async () => {
    const actor: PersonActor = { ...ada, level: 1 }
    expect(await codeOf(change({ actor }))).toBe('insufficient_user_authentication')
    expect(await codeOf(adminOf().perform(READ, actor, {}))).toBe('insufficient_user_authentication')
    now = addSeconds(begin, 3600)
    expect(await adminOf().perform(READ, ada, {})).toEqual({ items: [], next: null })
  })

  test.each([
    [600, 'done'],
    [601, 'insufficient_user_authentication'],
  ])('R-175 a change by a proof of %i seconds ago: %s', async (seconds, outcome) => {
    now = addSeconds(begin, seconds)
    expect(await codeOf(change())).toBe(outcome)
  })

  test.each([
    ['suspended', `update account set state = 'suspended' where id = $1`],
    ['without the role', 'update account set role = null where id = $1'],
    ['in another role', `update account set role = 'support' where id = $1`],
    ['without the grant', `delete from oidc_record where account_id = $1`],
  ])('R-175 what was taken back since the request began counts in the transaction: %s', async (_, sql) => {
    await query(url, sql, [ada.accountId])
    expect(await codeOf(change())).toBe('unauthorized')
    expect(await invited()).toBe('0')
  })
})

describe('what goes in and comes out', () => {
  test('R-175 a member that the operation does not know is refused, and named', async () => {
    const input = { address: 'bo@example.org', role: 'admin', expires_in_days: 0 } as never
    const fault = await adminOf()
      .perform(CHANGE, ada, input)
      .catch((error: AdminFault) => error)
    expect(fault).toMatchObject({ code: 'invalid_input', status: 422 })
    expect((fault as AdminFault).faults).toEqual([
      { field: 'expires_in_days', words: 'is too small: at least 1' },
      { field: 'role', words: 'is not known here' },
    ])
    expect(await invited()).toBe('0')
  })

  test('what is missing is said to be missing', async () => {
    const fault = await adminOf()
      .perform(CHANGE, ada, {} as never)
      .catch((error: AdminFault) => error)
    expect((fault as AdminFault).faults).toEqual([{ field: 'address', words: 'is missing' }])
  })

  test('what the output does not name never leaves', async () => {
    expect(await adminOf().perform(READ, ada, {})).toEqual({ items: [], next: null })
  })
})

describe('If-Match', () => {
  test('another version is refused, and nothing is done', async () => {
    expect(await codeOf(change({ address: 'versioned', ifMatch: 'v0' }))).toBe('precondition_failed')
    expect(await invited()).toBe('0')
    expect(await codeOf(change({ address: 'versioned', ifMatch: 'v1' }))).toBe('done')
  })

  test('an operation that has no versions is not done as if it had', async () => {
    expect(await codeOf(change({ ifMatch: 'v1' }))).toBe('invalid_input')
    expect(await invited()).toBe('0')
  })
})

describe('Idempotency-Key', () => {
  test('the same request is done once and answered alike, for a day', async () => {
    const first = await change({ key: 'one' })
    expect(await change({ key: 'one' })).toEqual(first)
    expect(await invited()).toBe('1')
    now = addSeconds(begin, 86_400)
    expect(await change({ key: 'one', actor: { ...ada, authTime: now } })).not.toEqual(first)
  })

  test('ten at once: one is done, all get its answer', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => change({ key: 'ten' })))
    expect(new Set(answers.map(({ invitation_id }) => invitation_id)).size).toBe(1)
    expect(await invited()).toBe('1')
  })

  test.each([
    ['other input', { address: 'eve@example.org' }],
    ['another condition', { ifMatch: 'v1' }],
  ])('%s under the same key is refused', async (_, other) => {
    await change({ key: 'one' })
    expect(await codeOf(change({ key: 'one', ...other }))).toBe('idempotency_mismatch')
  })

  test("somebody else's key is another key", async () => {
    const first = await change({ key: 'one' })
    expect(await change({ key: 'one', actor: await person('support') })).not.toEqual(first)
  })

  test('R-170 the answer is kept sealed', async () => {
    const { invitation_id } = await change({ key: newId() })
    const rows = await kept()
    expect(rows.length).toBeGreaterThan(0)
    expect(JSON.stringify(rows)).not.toContain(invitation_id)
  })

  test('an answer that an older secret has sealed is given again', async () => {
    const [newest = '', older = ''] = [
      'the newest secret, of more than 32 characters',
      'an older secret, of more than 32 characters',
    ]
    const first = await change({ key: 'rotated', admin: adminOf({ using: createSecrets([older]) }) })
    expect(await change({ key: 'rotated', admin: adminOf({ using: createSecrets([newest, older]) }) })).toEqual(first)
  })

  test('a change that fails keeps nothing: the same key may try again', async () => {
    during = async () => {
      throw new AdminFault('conflict', 'not now')
    }
    expect(await codeOf(change({ key: 'again' }))).toBe('conflict')
    expect(await invited()).toBe('0')
    during = async () => {}
    expect(await codeOf(change({ key: 'again' }))).toBe('done')
  })

  test('whoever may no longer do it gets no kept answer either', async () => {
    await change({ key: 'mine' })
    await query(url, `update account set state = 'suspended' where id = $1`, [ada.accountId])
    expect(await codeOf(change({ key: 'mine' }))).toBe('unauthorized')
  })

  test.each([' ', 'two words', 'ü', 'x'.repeat(256)])('a key such as "%s" is none', async (key) => {
    expect(await codeOf(change({ key }))).toBe('invalid_input')
  })
})

test('F-09 so many run at once, some wait, and whoever comes then is turned away at once', async () => {
  const admin = adminOf({ atOnceMax: 2 })
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let running = 0
  let most = 0
  during = async () => {
    most = Math.max(most, ++running)
    await opened
    running--
  }
  const asked = Array.from({ length: 20 }, () => codeOf(admin.perform(READ, ada, {})))
  expect(await Promise.race(asked)).toBe('unavailable')
  open()
  const outcomes = Map.groupBy(await Promise.all(asked), (outcome) => outcome)
  expect([...outcomes].map(([outcome, all]) => [outcome, all.length])).toEqual([
    ['done', 18],
    ['unavailable', 2],
  ])
  expect(most).toBe(2)
  expect(await codeOf(admin.perform(READ, ada, {}))).toBe('done')
})
