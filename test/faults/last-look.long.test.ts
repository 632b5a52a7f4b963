import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { hashOf } from '../../src/base/index.ts'
import { appOf, silently } from '../protocol/protocol.ts'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { freshDatabase, query } from '../support/database.ts'
import { formWith, type Page } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { ask, until, type Walk } from './fault-tools.ts'
import { type Line, lineTo } from './line.ts'

// Somebody has proven who they are, and what made them welcome ends before their session is there.

let databaseUrl: string
let line: Line
let stage: Stage
let token: string

beforeAll(async () => {
  databaseUrl = await freshDatabase()
  line = await lineTo(databaseUrl)
  stage = await startAdminStage({ env: { DATABASE_URL: line.url, DATABASE_DIRECT_URL: databaseUrl } })
  token = await machineToken(stage.service)
})
afterAll(async () => {
  await stage?.stop()
  await line?.stop()
})

const ACCOUNT = '(select account_id from address where canonical = $1)'

const happenings = {
  suspended: (email: string) => query(databaseUrl, `update account set state = 'suspended' where id = ${ACCOUNT}`, [email]),
  closed: (email: string) => query(databaseUrl, `update account set state = 'closed' where id = ${ACCOUNT}`, [email]),
  'past the day on which it is deleted': (email: string) =>
    query(databaseUrl, `update account set closing_at = $2 where id = ${ACCOUNT}`, [email, new Date(Date.now() - 1000)]),
}

/** As an administrator does it. */
async function administer(email: string, what: 'suspend' | 'end-sessions') {
  const [row] = await query<{ id: string }>(databaseUrl, `select ${ACCOUNT} as id`, [email])
  return callApi(stage.service, token, 'POST', `/accounts/${encodeURIComponent(row?.id ?? '')}/${what}`, { body: {} })
}

/** Somebody who has an account stands on the page that waits for the code, in a browser that knows nobody. */
async function standing(email: string): Promise<{ walk: Walk; type(): Promise<Page> }> {
  await stage.signIn(email)
  const walk = await ask(stage, email)
  const { code } = await stage.mailbox.next(email)
  const form = formWith(walk.page, 'code')
  if (!form) throw new Error(walk.page.words)
  return { walk, type: async () => walk.visitor.follow(await walk.visitor.submit(form, { code: code ?? '' })) }
}

const WAITING = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

/** What this statement locks nobody else can take up until `go`. */
async function heldBy(statement: string): Promise<{ reached(count?: number): Promise<void>; go(): Promise<void> }> {
  const holder = new Client({ connectionString: databaseUrl })
  await holder.connect()
  await holder.query(`begin; ${statement}`)
  return {
    reached: async (count = 1) => {
      await until('somebody waits for it', async () => (await query(databaseUrl, WAITING)).length === count)
    },
    go: async () => {
      await holder.query('commit')
      await holder.end()
    },
  }
}

const INTERACTIONS = `select from oidc_record where model = 'Interaction' for update`

/** Whoever claims an interaction in `work` finds nothing to write the result into. */
async function losingResults<T>(work: () => Promise<T>): Promise<T> {
  await query(
    databaseUrl,
    `create function lose_result() returns trigger language plpgsql as
       'begin delete from oidc_record where model = new.model and id = new.id; return null; end'`,
  )
  await query(
    databaseUrl,
    `create trigger lose_result after update of account_id on oidc_record for each row
     when (new.model = 'Interaction' and new.account_id is distinct from old.account_id) execute function lose_result()`,
  )
  try {
    return await work()
  } finally {
    await query(databaseUrl, 'drop function lose_result cascade')
  }
}

async function expectNobodyThere({ visitor }: Walk, email: string): Promise<void> {
  const answer = await silently(stage, appOf(stage), visitor, { prompt: 'none' })
  expect(answer?.searchParams.get('error')).toBe('login_required')
  const signedIn = `select from audit_entry where event = 'sign_in.completed' and account_id = ${ACCOUNT}`
  expect(await query(databaseUrl, signedIn, [email])).toHaveLength(1) // the one that made the account
}

describe('between the proof and the session', () => {
  test.each(Object.entries(happenings))(
    'R-095 the account is %s: refused on a page, and there is no session',
    async (what, happens) => {
      const email = `${what.split(' ')[0]}@fabrikam.example`
      const { walk, type } = await standing(email)
      const held = await heldBy(INTERACTIONS)
      const typed = type()
      await held.reached()
      await happens(email)
      await held.go()
      const end = await typed
      expect([end.status, end.location]).toEqual([403, null])
      expect(end.words).not.toContain(email)
      await expectNobodyThere(walk, email)
    },
  )

  test.each(Object.entries(happenings))(
    'R-095 the connection is cut there, and the account is %s before the person goes on: refused on a page',
    async (what, happens) => {
      const email = `cut-${what.split(' ')[0]}@fabrikam.example`
      const { walk, type } = await standing(email)
      const happened = line.cutAtCommitOf('accounts_signed_in', 'before')
      const cut = await type()
      expect([happened(), cut.status]).toEqual([true, 503])
      const proven = `select from audit_entry where event = 'sign_in.proven' and account_id = ${ACCOUNT}`
      expect(await query(databaseUrl, proven, [email])).toHaveLength(2)
      await happens(email)
      const end = await walk.visitor.open(`${walk.home}/continue`)
      expect([end.status, end.location]).toEqual([403, null])
      await expectNobodyThere(walk, email)
    },
  )

  test('the connection is cut there, and an administrator ends all sessions: what was proven opens nothing, and a new sign-in does', async () => {
    const email = 'ended@fabrikam.example'
    const { walk, type } = await standing(email)
    const happened = line.cutAtCommitOf('accounts_signed_in', 'before')
    await type()
    expect(happened()).toBe(true)
    expect(await administer(email, 'end-sessions')).toMatchObject({ status: 200 })
    const end = await walk.visitor.open(`${walk.home}/continue`)
    expect([end.location, formWith(end, 'identifier') === undefined]).toEqual([null, false])
    await expectNobodyThere(walk, email)
    await stage.signIn(email, { visitor: walk.visitor })
  })

  test('the connection is cut there, and what was proven ends while the person goes on: it opens nothing', async () => {
    const email = 'ending@fabrikam.example'
    const { walk, type } = await standing(email)
    const happened = line.cutAtCommitOf('accounts_signed_in', 'before')
    await type()
    expect(happened()).toBe(true)
    const held = await heldBy(`update attempt set state = 'ended' where state = 'proven'`)
    const opened = walk.visitor.open(`${walk.home}/continue`)
    await held.reached()
    await held.go()
    const end = await opened
    expect([end.location, formWith(end, 'identifier') === undefined]).toEqual([null, false])
    await expectNobodyThere(walk, email)
  })

  test('the result is lost after the claim: nothing is kept of either, and one button lands the person signed in', async () => {
    const email = 'lost@fabrikam.example'
    const { walk, type } = await standing(email)
    const page = await losingResults(type)
    const claimed = `select account_id as "claimedFor" from oidc_record where model = 'Interaction' and id = $1`
    expect(await query(databaseUrl, claimed, [hashOf(walk.uid)])).toEqual([{ claimedFor: null }])
    const onward = page.forms.find(({ action }) => action.endsWith('/continue'))
    if (!onward) throw new Error(`no way on (${page.status}): ${page.words}`)
    const end = await walk.visitor.follow(await walk.visitor.submit(onward))
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
    expect(stage.relyingParty.last().userinfo.email).toBe(email)
  })

  test.each(['suspend', 'end-sessions'] as const)(
    'an administrator’s %s comes while the session is being made: whichever is first, the person is out',
    async (what) => {
      const email = `meanwhile-${what}@fabrikam.example`
      const { walk, type } = await standing(email)
      const held = await heldBy(INTERACTIONS)
      const typed = type()
      await held.reached()
      const administered = administer(email, what)
      await held.reached(2)
      await held.go()
      const [answer] = await Promise.all([administered, typed])
      expect(answer.status).toBe(200)
      const back = await silently(stage, appOf(stage), walk.visitor, { prompt: 'none' })
      expect(back?.searchParams.get('error')).toBe('login_required')
    },
  )
})
