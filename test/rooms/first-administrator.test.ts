import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { AdminFault, createFirstAdministrator } from '../../src/admin/index.ts'
import { createAudit } from '../../src/audit/index.ts'
import { addSeconds, createLog, createMetrics, createSecrets } from '../../src/base/index.ts'
import {
  afterCommit,
  checkDeployment,
  createAuditStore,
  createFirstAdministratorStore,
  type Database,
} from '../../src/store/index.ts'
import { query } from '../support/database.ts'
import { type AccountsStage, email, START, startAccounts } from './accounts-stage.ts'

const ISSUER = 'https://id.example.com'
const OLD = 'an older secret that is long enough to be one'
const NEW = 'a newer secret that is long enough to be one!'
const DAY = 86_400

let stage: AccountsStage
let count = 0

beforeAll(async () => {
  stage = await startAccounts()
  const log = createLog('silent')
  await checkDeployment(stage.one, { issuer: ISSUER, secretIds: createSecrets([NEW, OLD]).ids, now: START, log })
})
afterEach(async () => {
  stage.at(0)
  await query(stage.url, 'delete from account')
  await query(stage.url, 'delete from audit_entry')
  await query(stage.url, 'delete from invitation')
  await query(stage.url, 'update deployment set admin_nonce = null, admin_link_expires_at = null, admin_claimed_at = null')
})
afterAll(() => stage.stop())

/** One instance. */
function instance(db: Database = stage.one, secrets: readonly string[] = [NEW]) {
  const { clock } = stage
  const metrics = createMetrics()
  return createFirstAdministrator({
    ...{ store: createFirstAdministratorStore(db), secrets: createSecrets(secrets), issuer: ISSUER, transact: db.transact },
    audit: createAudit({ store: createAuditStore(db), afterCommit, clock, log: createLog('silent'), metrics }),
    invite: async (_tx, address, _who, now) => {
      invited.push(address)
      return { expiresAt: addSeconds(now, DAY) }
    },
  })
}

const invited: string[] = []
const now = () => stage.clock.now()
const person = () => stage.begun(email(`person-${count++}@fabrikam.example`))
const tokenOf = (link: { url: string } | null) => new URL(link?.url ?? '').pathname.split('/').at(-1) ?? ''
const claim = (token: string, accountId: string, db = stage.one, secrets?: readonly string[]) =>
  db.transact((tx) => instance(db, secrets).claim(tx, { token, accountId, who: {}, now: now() }))
const administrators = async () =>
  (await query<{ id: string }>(stage.url, `select id from account where role = 'admin'`)).map(({ id }) => id)
const trail = async () =>
  query<{ event: string; account_id: string | null; actor_id: string | null }>(
    stage.url,
    `select event, account_id, actor_id from audit_entry where event like 'administrator.%' order by id`,
  )

describe('the link for the first administrator', () => {
  test('R-174 every instance prints the same one, until it ends after a day; the next start makes another', async () => {
    const first = await instance(stage.one).linkFor(now())
    expect(first?.url).toMatch(/^https:\/\/id\.example\.com\/admin\/first\/[A-Za-z0-9_-]{43}$/)
    expect(first?.expiresAt).toEqual(addSeconds(START, DAY))
    stage.at(DAY - 1)
    expect(await instance(stage.two).linkFor(now())).toEqual(first)
    expect(await instance().judge(tokenOf(first), now())).toBe('open')

    stage.at(DAY)
    expect(await instance().judge(tokenOf(first), now())).toBe('ended')
    const second = await instance().linkFor(now())
    expect(second?.url).not.toBe(first?.url)
    expect(await instance().judge(tokenOf(first), now())).toBe('ended')
    expect(await instance().judge(tokenOf(second), now())).toBe('open')
  })

  test('R-174 twenty instances that start at once print one link', async () => {
    const links = await Promise.all(
      Array.from({ length: 20 }, (_, at) => instance(at % 2 ? stage.one : stage.two).linkFor(now())),
    )
    expect(new Set(links.map((link) => link?.url)).size).toBe(1)
  })

  test('R-174, R-170 what the database holds is not the link, and opens nothing', async () => {
    const link = await instance().linkFor(now())
    const [row] = await query<{ admin_nonce: string }>(stage.url, 'select admin_nonce from deployment')
    expect(link?.url).not.toContain(row?.admin_nonce)
    expect(await instance().judge(row?.admin_nonce ?? '', now())).toBe('ended')
  })

  test('R-174 while SECRETS are exchanged, the links of both kinds of instance are good', async () => {
    const [older, newer] = [await instance(stage.one, [OLD]).linkFor(now()), await instance(stage.two, [NEW, OLD]).linkFor(now())]
    expect(older?.url).not.toBe(newer?.url)
    expect(await instance(stage.two, [NEW, OLD]).judge(tokenOf(older), now())).toBe('open')
    expect(await instance(stage.two, [NEW]).judge(tokenOf(older), now())).toBe('ended')
  })

  test('R-174 whoever takes it up first is the administrator, and the trail says so', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    const id = await person()
    expect(await claim(token, id)).toBe('open')
    expect(await administrators()).toEqual([id])
    expect(await trail()).toEqual([
      { event: 'administrator.first', account_id: id, actor_id: id },
      { event: 'administrator.granted', account_id: id, actor_id: id },
    ])
  })

  test('R-174, F-26 of twenty people at two instances at once one becomes it, and the others are told that it is over', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    const people: string[] = []
    for (let at = 0; at < 20; at++) people.push(await person())
    const said = await Promise.all(people.map((id, at) => claim(token, id, at % 2 ? stage.one : stage.two)))
    expect(said.filter((state) => state === 'open')).toHaveLength(1)
    expect(said.filter((state) => state === 'closed')).toHaveLength(19)
    expect(await administrators()).toEqual([people[said.indexOf('open')]])
    expect((await trail()).map(({ event }) => event)).toEqual(['administrator.first', 'administrator.granted'])
  })

  test('R-174 it is closed for good, also when that administrator is none any more', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    await claim(token, await person())
    await query(stage.url, 'update account set role = null')
    expect(await claim(token, await person())).toBe('closed')
    expect(await instance().judge(token, now())).toBe('closed')
    expect(await instance().linkFor(now())).toBeNull()
    expect(await administrators()).toEqual([])
  })

  test('R-174 there is none where somebody administers already, however they came to it', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    const id = await person()
    await query(stage.url, `update account set role = 'admin' where id = $1`, [id])
    expect(await instance().judge(token, now())).toBe('closed')
    expect(await claim(token, await person())).toBe('closed')
    expect(await instance().linkFor(now())).toBeNull()
  })

  test('R-174 after its end, and by a token that was never one, nobody becomes anything', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    const id = await person()
    for (const forged of ['', 'x', token.slice(0, -1), `${token}x`, token.toUpperCase()])
      expect(await claim(forged, id)).toBe('ended')
    stage.at(DAY)
    expect(await claim(token, id)).toBe('ended')
    expect(await administrators()).toEqual([])
    expect(await trail()).toEqual([])
  })

  test('R-174 an account that may not sign in does not use it up', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    const id = await person()
    await query(stage.url, `update account set state = 'suspended' where id = $1`, [id])
    await expect(claim(token, id)).rejects.toThrow(AdminFault)
    expect(await administrators()).toEqual([])
    expect(await instance().judge(token, now())).toBe('open')
  })
})

describe('grant-admin', () => {
  const grant = (typed: string, db = stage.one) => instance(db).grant(email(typed), { actorId: 'local' }, now())

  test('R-174 makes the person of an address an administrator, and closes the link', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    const id = await stage.begun(email('ada@fabrikam.example'))
    expect(await grant('ada@fabrikam.example')).toEqual({ outcome: 'made', accountId: id })
    expect(await grant('Ada@Fabrikam.example')).toEqual({ outcome: 'was_one', accountId: id })
    expect(await administrators()).toEqual([id])
    expect(await trail()).toEqual([{ event: 'administrator.granted', account_id: id, actor_id: 'local' }])
    expect(await claim(token, await person())).toBe('closed')
  })

  test('R-174 leaves an invitation where nobody has the address, and closes the link', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    expect(await grant('grace@fabrikam.example')).toMatchObject({ outcome: 'invited' })
    expect(invited).toContain('grace@fabrikam.example')
    expect(await claim(token, await person())).toBe('closed')
    expect(await instance().linkFor(now())).toBeNull()
  })

  test('R-174 gives a suspended account nothing, and leaves the link as it is', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    const id = await stage.begun(email('eve@fabrikam.example'))
    await query(stage.url, `update account set state = 'suspended' where id = $1`, [id])
    await expect(grant('eve@fabrikam.example')).rejects.toMatchObject({ code: 'conflict' })
    expect(await instance().judge(token, now())).toBe('open')
  })

  test('R-174 an address that is on its way out, or not yet in use, opens no door to the role', async () => {
    const id = await stage.begun(email('old@fabrikam.example'))
    await query(stage.url, 'update address set leaves_at = $2 where account_id = $1', [id, START])
    expect(await grant('old@fabrikam.example')).toMatchObject({ outcome: 'invited' })
    await query(stage.url, 'update address set leaves_at = null, usable_from = $2 where account_id = $1', [
      id,
      addSeconds(START, 9),
    ])
    expect(await grant('old@fabrikam.example')).toMatchObject({ outcome: 'invited' })
    expect(await administrators()).toEqual([])
  })

  test('R-174, F-26 twenty at once for one address make one administrator, once; the link is good for nobody after', async () => {
    const token = tokenOf(await instance().linkFor(now()))
    const id = await stage.begun(email('ada@fabrikam.example'))
    const other = await person()
    const both = [stage.one, stage.two]
    const [claimed, ...granted] = await Promise.all([
      claim(token, other, stage.two),
      ...Array.from({ length: 20 }, (_, at) => grant('ada@fabrikam.example', both[at % 2])),
    ])
    expect(granted.filter(({ outcome }) => outcome === 'made')).toHaveLength(1)
    expect((await administrators()).sort()).toEqual([id, ...(claimed === 'open' ? [other] : [])].sort())
    expect(await claim(token, await person())).toBe('closed')
  })
})
