import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { addSeconds } from '../../src/base/index.ts'
import { query } from '../support/database.ts'
import { type AccountsStage, email, START, startAccounts } from './accounts-stage.ts'

let stage: AccountsStage
beforeAll(async () => {
  stage = await startAccounts()
})
afterAll(async () => {
  await stage.stop()
})

const GRACE_SECONDS = 14 * 86_400
const named = (name: string) => email(`${name}@fabrikam.example`)

test('R-184, R-185 an erased person leaves neither place nor device in rows of what they did to others, and whom it was done to stays', async () => {
  const id = await stage.begun(named('administrator'))
  const other = await stage.begun(named('helped'))
  const told = `insert into audit_entry (at, event, account_id, actor_id, attempt_id, request_id, ip, device, detail, chain_salt)
    select $3, 'invitation.created', $1, $2, 'a', 'r', '192.0.2.9', 'Firefox', '{"address":"m"}', 's' from generate_series(1, 2500)`
  await query(stage.url, told, [other, id, START])
  await query(stage.url, told, [other, 'local', START])
  await stage.one.transact((tx) => stage.closingOn(stage.one).ask(tx, id, addSeconds(START, GRACE_SECONDS)))
  stage.at(GRACE_SECONDS)
  expect(await stage.closingOn(stage.one).erase(stage.clock.now())).toBe(1)
  const rows = await query(
    stage.url,
    `select actor_id as by, account_id, attempt_id, request_id, ip, device, detail, chain_salt as salt, count(*)::int as count
     from audit_entry where actor_id is not null and account_id = $1 group by 1, 2, 3, 4, 5, 6, 7, 8 order by count(*), actor_id = 'local'`,
    [other],
  )
  const [done, stays] = [
    { by: id, account_id: other },
    { by: 'local', account_id: other },
  ]
  const detail = { address: 'm' }
  expect(rows).toEqual([
    { ...done, attempt_id: null, request_id: null, ip: null, device: null, detail, salt: null, count: 2500 },
    { ...stays, attempt_id: 'a', request_id: 'r', ip: '192.0.2.9', device: 'Firefox', detail, salt: 's', count: 2500 },
  ])
})
