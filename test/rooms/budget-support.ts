import { randomBytes } from 'node:crypto'
import { addSeconds, type Clock, createLog, createMetrics, createSecrets, type PhoneNumber } from '../../src/base/index.ts'
import { type BudgetDeps, createBudget, type PriceTable, type TextBudget } from '../../src/limits/index.ts'
import { createBudgetStore, type Database } from '../../src/store/index.ts'
import { query } from '../support/database.ts'

export const begin = new Date('2030-01-01T10:30:00.000Z')

const prices: PriceTable = {
  date: '2030-01-01',
  currency: 'EUR',
  otherMicros: 500_000,
  microsByCountry: new Map([
    ['DE', 110_000],
    ['AT', 130_000],
  ]),
}
const NO_CAPS = { all: 1e12, country: 1e12, prefix: 1e12, client: 1e12, number: 1e12 }
const secrets = createSecrets(['a secret of at least thirty-two characters'])

export function movable(at: Date = begin): Clock & { move(seconds: number): void } {
  let now = at
  return {
    now: () => now,
    move: (seconds) => {
      now = addSeconds(now, seconds)
    },
  }
}

/** A budget as the service has it; caps that are not named are out of reach. */
export function budgetOn(
  db: Database,
  own: Omit<Partial<BudgetDeps>, 'budget'> & { budget?: Partial<BudgetDeps['budget']> } = {},
) {
  const { budget, ...rest } = own
  return createBudget({
    store: createBudgetStore(db),
    secrets,
    clock: movable(),
    log: createLog('silent'),
    metrics: createMetrics(),
    prices,
    countries: ['DE', 'AT'],
    ratio: { textsMin: 20, proofBelowPercent: 50, closeBelowPercent: 25 },
    proofOfWork: 'off',
    ...rest,
    budget: { ...NO_CAPS, ...budget },
  })
}

/** As a stranger asks, at the gate. */
export const asked = { knownBrowser: false, unasked: false }

/** Numbers of one prefix: all but the last four digits are those of `prefix`. */
export function german(prefix: number, last: number): PhoneNumber {
  return `+4915${String(prefix).padStart(5, '0')}${String(last).padStart(4, '0')}` as PhoneNumber
}

/** Messages that wait to be sent, without an attempt: their ids. */
export async function deliveries(url: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomBytes(8).toString('hex'))
  await query(
    url,
    `insert into delivery (id, channel, message, target, locale, created_at, due_at, give_up_at)
      select id, 'sms', 'sign-in', '+491500000000', 'en', $2, $2, $2 from unnest($1::text[]) id`,
    [ids, begin],
  )
  return ids
}

/** A message of an attempt of this client to this number: its id. */
export async function deliveryOf(url: string, number: PhoneNumber, clientId: string, knownBrowser = false): Promise<string> {
  const id = randomBytes(8).toString('hex')
  await query(
    url,
    `with a as (
      insert into attempt (id, interaction_hash, interaction, purpose, client_id, device, locale, created_at, expires_at)
      values ($1, 'h', 'i', 'sign-in', $3, 'd', 'en', $4, $4)
    ), h as (
      insert into challenge (id, attempt_id, kind, target, target_key, secret_id, known_browser, short_code, first_sent_at, last_sent_at, expires_at)
      values ($1, $1, 'sms', $2, 'k', 's', $5, true, $4, $4, $4)
    )
    insert into delivery (id, challenge_id, channel, message, target, locale, created_at, due_at, give_up_at)
    values ($1, $1, 'sms', 'sign-in', $2, 'en', $4, $4, $4)`,
    [id, number, clientId, begin, knownBrowser],
  )
  return id
}

/** What is counted, by the kind of counter and the day: every counter of a kind together, and the highest of them. */
export async function spentOn(url: string, day = '2030-01-01') {
  const rows = await query<{ kind: string; sum: number; max: number; rows: number }>(
    url,
    `select split_part(id, ':', 1) as kind, sum(spent_micros)::float8 as sum, max(spent_micros)::float8 as max, count(*)::int as rows
      from spend_counter where day = $1::date group by 1`,
    [day],
  )
  return Object.fromEntries(rows.map(({ kind, ...amounts }) => [kind, amounts]))
}

export const empty = (url: string) => query(url, 'truncate spend_counter, text_tally, delivery')

/** Reserves one text after the other: how many are paid for, and why the first is not. */
export async function send(budget: TextBudget, ids: readonly string[], numberOf: (at: number) => PhoneNumber) {
  const answers: Awaited<ReturnType<TextBudget['reserve']>>[] = []
  for (const [at, deliveryId] of ids.entries())
    answers.push(await budget.reserve({ ...asked, deliveryId, number: numberOf(at), clientId: 'app' }))
  return { sent: answers.filter(({ ok }) => ok).length, first: answers.find(({ ok }) => !ok) }
}
