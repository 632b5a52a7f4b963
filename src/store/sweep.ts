import { addSeconds, type Clock, counterIn, createMetrics, gaugeIn, histogramIn, type Log, type Metrics } from '../base/index.ts'
import type { Database, Statement } from './database.ts'
import { pause } from './pause.ts'

/** Rows deleted, by table; tables without any are left out. */
type SweepReport = Record<string, number>

interface SweepDeps {
  db: Pick<Database, 'run'>
  clock: Clock
  log: Log
  /** Where rows and time are counted; nowhere, when it is left out. */
  metrics?: Metrics
  /** Erases a batch of accounts whose closing has come by `now`, and answers how many; what has audit rows is not just deleted. */
  eraseAccounts?: (now: Date) => Promise<number>
  /** Rows of one statement: what one sign-in may have to wait behind. */
  batchSize?: number
  /** The next minute's sweep goes on where this one ends. */
  secondsMax?: number
}

interface Swept {
  table: string
  /** How long a row is kept beyond its end, so that a late visitor is told "expired" and not "unknown". */
  keepSeconds: number
  statement: Statement
}

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY
const PAUSE_MS_MIN = 10

// `skip locked`: a row that is just being used is left for the next sweep, and nobody waits for the other.
function expired(table: string, condition: string, keepSeconds: number, order = 'expires_at', name = table): Swept {
  const text = `
    with gone as (
      delete from ${table} where ctid = any(array(
        select ctid from ${table} where ${condition} order by ${order} limit $2 for update skip locked))
      returning 1)
    select count(*)::int as count from gone`
  return { table, keepSeconds, statement: { name: `sweep_${name.replace('.', '_')}`, text } }
}

// The audit trail is not here.
const SWEPT: readonly Swept[] = [
  expired('oidc_record', 'expires_at < $1', MINUTE),
  expired('replay', 'expires_at < $1', MINUTE),
  expired('limit_counter', 'resets_at < $1', MINUTE, 'resets_at'),
  expired('passkey_ceremony', 'expires_at < $1', MINUTE),
  expired('attempt', 'expires_at < $1', HOUR), // with its challenges; what was sent stays
  expired('credential', 'proven_at is null and created_at < $1', HOUR, 'created_at'), // begun, and never proven once
  // An objection looks back as far as it comes late: twice the longest hold-off (ADDRESS_HOLD), and a day more.
  expired('credential', 'removed_at < $1', 61 * DAY, 'removed_at', 'credential_removed'),
  expired('address', 'leaves_at < $1', MINUTE, 'leaves_at'),
  expired('account_session', 'expires_at < $1', MINUTE),
  expired('invitation', 'expires_at < $1', DAY),
  expired('idempotent_answer', 'expires_at < $1', MINUTE),
  // With its messages. The longest wait of a rescue (RESCUE_DELAY) and the time after it, and a day more: its link stops it.
  expired('notice', 'created_at < $1', 38 * DAY, 'created_at'),
  expired('rescue', "state <> 'waiting' and opens_at < $1", YEAR, 'opens_at'),
  expired('client', "source = 'try' and expires_at < $1", MINUTE), // with what was agreed to for it
  expired('remembered_device', 'expires_at < $1', MINUTE),
  expired('delivery', 'created_at < $1', 30 * DAY, 'created_at'), // for whoever asks where a message went
  // Only a success ends a row of wrong codes. One that nobody added to for a year stands for nobody any more.
  expired('guess_counter', 'updated_at < $1', YEAR, 'updated_at'),
  expired('spend_counter', `day < $1::timestamptz::date and id <> 'all'`, 30 * DAY, 'day'),
  // What all texts cost is no person's, and shown for three months.
  expired('spend_counter', 'day < $1::timestamptz::date', 100 * DAY, 'day', 'spend_counter_all'),
  // A client that has asked for nothing for so long is waited for no more (keys).
  expired('client_network', 'last_at < $1', 30 * DAY, 'last_at'),
  expired('jwks_fetch', 'last_at < $1', 30 * DAY, 'last_at'),
  expired('text_tally', 'hour < $1', 30 * DAY, 'hour'),
  // An address that takes no messages is asked again after a year: it may belong to somebody else by then.
  expired('suppression', 'created_at < $1', YEAR, 'created_at'),
  expired(
    'graphile_worker._private_jobs',
    'attempts >= max_attempts and locked_at is null and updated_at < $1',
    7 * DAY,
    'updated_at',
  ),
]

/** Makes the sweep: deletes what has expired, in small batches, until nothing is left or its time is over. */
export function createSweep(deps: SweepDeps): () => Promise<SweepReport> {
  const { db, clock, log, eraseAccounts, batchSize = 500, secondsMax = 45 } = deps
  const tell = createTeller(deps.metrics ?? createMetrics(), clock)

  async function sweepOne({ keepSeconds, statement }: Swept, startedAt: Date): Promise<{ deleted: number; timeIsOver: boolean }> {
    const before = addSeconds(startedAt, -keepSeconds)
    for (let deleted = 0; ; ) {
      const asked = performance.now()
      const [row] = await db.run<{ count: number }>(statement, [before, batchSize])
      deleted += row?.count ?? 0
      const timeIsOver = clock.now() >= addSeconds(startedAt, secondsMax)
      if ((row?.count ?? 0) < batchSize || timeIsOver) return { deleted, timeIsOver }
      await pause(Math.max(PAUSE_MS_MIN, performance.now() - asked)) // half of the time is others'
    }
  }

  return async () => {
    const startedAt = clock.now()
    const began = performance.now()
    const report: SweepReport = {}
    for (const swept of SWEPT) {
      const { deleted, timeIsOver } = await sweepOne(swept, startedAt)
      if (deleted > 0) report[swept.table] = (report[swept.table] ?? 0) + deleted
      if (!timeIsOver) continue
      log.warn({ ...report, secondsMax }, 'more rows have expired than one sweep deletes: the next one goes on')
      break
    }
    const erased = (await eraseAccounts?.(startedAt)) ?? 0
    if (erased > 0) report.account = erased
    if (Object.keys(report).length > 0) log.debug(report, 'expired rows deleted')
    tell(report, (performance.now() - began) / 1000)
    return report
  }
}

function createTeller(metrics: Metrics, clock: Clock): (report: SweepReport, seconds: number) => void {
  const rows = counterIn(metrics, 'doorward_swept_rows_total')
  const time = histogramIn(metrics, 'doorward_sweep_seconds')
  const success = gaugeIn(metrics, 'doorward_sweep_success_timestamp_seconds')
  const succeeded = () => success.set(Math.round(clock.now().getTime() / 1000))
  succeeded() // a process that has just begun has not failed to sweep
  return (report, seconds) => {
    for (const [table, count] of Object.entries(report)) rows.inc({ table }, count)
    time.observe(seconds)
    succeeded()
  }
}
