import { afterAll, describe, expect, test } from '@jest/globals'
import { createStatsHandlers, operations } from '../../src/admin/index.ts'
import type { AuditRow } from '../../src/audit/index.ts'
import { addSeconds } from '../../src/base/index.ts'
import { createDailyCountStore } from '../../src/store/index.ts'
import { reading } from './admin-calls.ts'
import { chainStage, closeAll, open, row, START } from './audit-chain-stage.ts'

afterAll(closeAll)

const DAY = 86_400

async function statsStage() {
  const stage = await chainStage()
  const budget = { microsPerDay: 60_000_000, currency: 'EUR' }
  const handlers = createStatsHandlers({ store: createDailyCountStore(stage.db), chain: stage.chain, budget })
  return {
    ...stage,
    /** What happened, and was chained. */
    async counted(...rows: AuditRow[]) {
      await stage.happened(...rows)
      await stage.chain.advance()
    },
    show: reading(operations['stats.show'], handlers['stats.show'], () => START),
  }
}

const started = row('sign_in.started', { detail: { method: 'email' } })
const completed = (amr: string) => row('sign_in.completed', { detail: { amr, acr: '1' } })
const mail = (seconds: number, channel = 'email') => row('message.handed_over', { detail: { channel, seconds } })
const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one)
const withLabel = (counted: { label: string; count: number }[]) =>
  Object.fromEntries(counted.flatMap(({ label, count }) => (count > 0 ? [[label, count]] : [])))

describe('what happened, by day', () => {
  test('counts sign-ins that were started and completed, each by the method it began with', async () => {
    const stage = await statsStage()
    const amrs = ['email_link', 'email_link otp mfa', 'email_code', 'sms', 'otp', 'recovery_code', 'passkey', '']
    await stage.counted(...times(10, started), ...amrs.map(completed))
    const { days } = await stage.show({ days: 3 })
    expect(days.map(({ day }) => day)).toEqual(['2029-12-30', '2029-12-31', '2030-01-01'])
    const today = days.at(-1)
    expect(today).toMatchObject({ started: 10, completed: 8 })
    expect(today?.methods).toEqual([
      { label: 'link', count: 2 },
      { label: 'code', count: 1 },
      { label: 'sms', count: 1 },
      { label: 'passkey', count: 1 },
      { label: 'totp', count: 1 },
      { label: 'recovery', count: 1 },
      { label: 'other', count: 1 },
    ])
    expect(days[0]).toMatchObject({ started: 0, completed: 0, hand_over_median_seconds: null })
  })

  test('a day is one of UTC, and the days before are counted apart', async () => {
    const stage = await statsStage()
    const midnight = new Date('2030-01-01T00:00:00Z')
    const at = (seconds: number) => ({ ...started, at: addSeconds(midnight, seconds) })
    await stage.counted(at(0), at(-0.001), at(-2 * DAY), at(-3 * DAY - 1), at(-4 * DAY), at(-6 * DAY))
    const { days, before } = await stage.show({ days: 3 })
    expect(days.map(({ started: count }) => count)).toEqual([1, 1, 1])
    expect(before).toEqual({ started: 2, completed: 0 })
    expect((await stage.show({ days: 1 })).before).toEqual({ started: 1, completed: 0 })
  })

  test('says within how many seconds half, and 95 percent, of the mails were taken', async () => {
    const stage = await statsStage()
    await stage.counted(...times(50, mail(0.5)), ...times(45, mail(0.51)), ...times(4, mail(59)), mail(601), mail(90_000))
    expect((await stage.show({ days: 1 })).days[0]).toMatchObject({ hand_over_median_seconds: 1, hand_over_slow_seconds: 60 })
    await stage.counted(mail(0), ...times(100, mail(300, 'sms')))
    expect((await stage.show({ days: 1 })).days[0]).toMatchObject({ hand_over_median_seconds: 0.5, hand_over_slow_seconds: 60 })
    await stage.counted(...times(1000, mail(86_401)))
    expect((await stage.show({ days: 1 })).days[0]).toMatchObject({ hand_over_median_seconds: 86_400 })
  })

  test('says why people did not get in; who met nothing of it never answered', async () => {
    const stage = await statsStage()
    await stage.counted(
      ...times(20, started),
      ...times(9, completed('email_link')),
      ...times(2, row('sign_in.code_closed', { detail: { method: 'email', scope: 'address' } })),
      row('sign_in.refused', { detail: { reason: 'closed' } }),
      row('sign_in.unmet'),
      row('consent.cancelled'),
      row('message.bounced', { detail: { channel: 'email', reason: 'bounced' } }),
      row('message.bounced', { attemptId: null, detail: { channel: 'email', reason: 'bounced' } }),
      row('message.refused', { detail: { channel: 'sms', reason: 'no_budget' } }),
      row('message.refused', { detail: { channel: 'email', reason: 'smtp_550' } }),
    )
    expect(withLabel((await stage.show()).failures)).toEqual({
      ...{ never_answered: 4, wrong_codes: 2, refused: 1, unmet: 1, consent_cancelled: 1 },
      ...{ bounced: 1, budget: 1, refused_message: 1 },
    })
    await stage.counted(...times(30, completed('email_link')))
    expect(withLabel((await stage.show()).failures)).not.toHaveProperty('never_answered')
  })

  test('counts each row once, whichever instance chains it, and says up to when', async () => {
    const stage = await statsStage()
    expect((await stage.show()).counted_to).toBeNull()
    await stage.happened(...times(300, started), { ...started, at: addSeconds(START, 7) })
    const chains = [stage.chain, stage.chainOn(open(stage.url)), stage.chainOn(open(stage.url))]
    await Promise.all([...chains, ...chains].map((chain) => chain.advance()))
    await stage.chain.advance()
    expect(await stage.show({ days: 1 })).toMatchObject({
      days: [{ started: 301 }],
      counted_to: addSeconds(START, 7).toISOString(),
    })
  })

  test('R-153 says what all texts of a day cost, and the budget', async () => {
    const stage = await statsStage()
    await stage.sql(
      `insert into spend_counter values ('all', '2030-01-01', 7500000), ('all', '2029-12-31', 10), ('client:app', '2030-01-01', 5)`,
    )
    const shown = await stage.show({ days: 2 })
    expect(shown.days.map(({ spent_micros }) => spent_micros)).toEqual([10, 7_500_000])
    expect(shown).toMatchObject({ budget_micros_per_day: 60_000_000, currency: 'EUR' })
  })
})

test('everybody may ask who they are to this API', async () => {
  const stage = await chainStage()
  const handlers = createStatsHandlers({ store: createDailyCountStore(stage.db), chain: stage.chain, budget: null })
  const me = await reading(operations['me.show'], handlers['me.show'], () => START)()
  expect(me).toMatchObject({ kind: 'local', id: 'local', role: 'admin' })
  expect(me.scopes).toContain('audit:read')
})
