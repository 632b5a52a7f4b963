import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { EmailAddress } from '../../src/base/index.ts'
import { isKept } from '../../src/signin/index.ts'
import { cleanUp } from './delivery-stage.ts'
import { asker, DELAY, EMAIL, PHONE, rescueStage } from './rescue-stage.ts'

// One stage for all: each test is about people of its own, and the clock goes on from one to the next.
let stage: Awaited<ReturnType<typeof rescueStage>>
beforeAll(async () => {
  stage = await rescueStage()
})
afterAll(cleanUp)

const mailbox = (name: string) => `${name}@fabrikam.example` as EmailAddress

/** Somebody whose rescue waits no more: an attempt that may take it up. */
async function waitedOut(name: string) {
  const { person, begin, proved, waited } = stage
  const { id } = await person([mailbox(name)])
  expect(await begin(mailbox(name))).toBe('begun')
  await waited(DELAY)
  return { id, attempt: await proved(mailbox(name)) }
}

test('R-088 a change of addresses that waits for its day never comes after a rescue, and what was lost is asked for no more while it is completed', async () => {
  const { takenUp, rows } = stage
  const { id, attempt } = await waitedOut('maria')
  await rows(
    `insert into address (kind, canonical, account_id, usable_from, proven_at, created_at) values ('email', 'thief@contoso.example', $1, '2099-01-01', $2, $2)`,
    [id, stage.now()],
  )
  expect(attempt.challenges.filter(({ kind, state }) => kind === 'totp' && state === 'open')).toHaveLength(1)
  const ready = await takenUp(attempt)
  expect(ready.attempt.challenges.filter(({ state }) => state === 'open' || state === 'held')).toEqual([])
  expect(await ready.finish()).toEqual({ outcome: 'second' })
  expect(await rows('select canonical from address where account_id = $1', [id])).toEqual([{ canonical: mailbox('maria') }])
})

test.each([
  ['suspended', `state = 'suspended'`],
  ['to be deleted', `closing_at = '2099-01-01'`],
])('an account that is %s meanwhile is given back to nobody', async (what, change) => {
  const { one, rows } = stage
  const { id, attempt } = await waitedOut(what.replaceAll(' ', '-'))
  const ready = () => one.on.transact((tx) => one.rescues.readyIn(tx, attempt))
  expect(await ready()).not.toBeNull()
  await rows(`update account set ${change} where id = $1`, [id])
  expect([await ready(), await one.rescues.readyFor(attempt), await one.rescues.takeUp(attempt)]).toEqual([null, null, false])
})

test('R-088, R-093 nothing begins and nothing is taken up by a proof that is in doubt, or where a factor was shown', async () => {
  const { one } = stage
  const { attempt } = await waitedOut('omar')
  const [proof] = attempt.proofs
  if (!proof) throw new Error('nothing was proven')
  const shown = { ...proof, kind: 'totp' }
  expect(isKept(shown)).toBe(true)
  for (const proofs of [[{ ...proof, doubtful: true as const }], [proof, shown]]) {
    const other = { ...attempt, proofs }
    expect(await one.rescues.begin(other, asker)).toBe('never')
    expect(await one.rescues.readyFor(other)).toBeNull()
    expect(await one.on.transact((tx) => one.rescues.readyIn(tx, other))).toBeNull()
  }
})

test('V-25, R-093 a mailbox that messages come back from takes up none, and a number that was proven too long ago begins none', async () => {
  const { one, person, proved, rows, now } = stage
  const { id, attempt } = await waitedOut('lena')
  await rows('update address set dead_since = $2 where account_id = $1', [id, now()])
  expect([await one.rescues.readyFor(attempt), await one.on.transact((tx) => one.rescues.readyIn(tx, attempt))]).toEqual([
    null,
    null,
  ])

  const own = await person([PHONE])
  const byNumber = await proved(PHONE)
  const account = await one.accounts.find(own.id)
  if (!account) throw new Error('no account')
  expect(await one.rescues.may(byNumber, account, asker)).toMatchObject({ may: 'now' })
  await rows(`update address set proven_at = '2020-01-01' where account_id = $1`, [own.id])
  expect(await one.rescues.may(byNumber, account, asker)).toEqual({ may: 'address' })
  expect(await one.rescues.begin(byNumber, asker)).toBe('not_proven')
})

test('R-088 nobody waits less in a browser that another account remembers', async () => {
  const { one, person, proved, config } = await rescueStage({ RESCUE_DELAY_KNOWN: '12h' })
  const [{ id }, other] = [await person(), await person([mailbox('other')])]
  const account = await one.accounts.find(id)
  if (!account) throw new Error('no account')
  const attempt = await proved(EMAIL)
  for (const [whose, delaySeconds] of [
    [other.id, DELAY],
    [id, config.rescueDelayKnownSeconds],
  ] as const) {
    const deviceToken = await one.on.transact((tx) => one.devices.remember(tx, whose, 'Firefox'))
    expect(await one.rescues.may(attempt, account, { ...asker, deviceToken })).toEqual({ may: 'now', delaySeconds })
  }
})
