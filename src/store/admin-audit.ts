import type { AuditEntry, AuditFilter, AuditReaderStore, TrailMark } from '../audit/index.ts'
import { momentOf } from './audit-moments.ts'
import type { Database, Statement } from './database.ts'

const COLUMNS = `a.id::text as id, ${momentOf('a.at')} as at, a.event, a.account_id as "accountId", a.client_id as "clientId",
  a.attempt_id as "attemptId", a.request_id as "requestId", a.actor_id as "actorId", a.ip, a.device, a.detail,
  case when a.chain_seq is not null then json_build_object('place', a.chain_seq, 'salt', a.chain_salt,
    'proof', coalesce(a.chain_proof, ''), 'hash', coalesce(a.chain_hash, '')) end as link`

const NEWEST_FIRST = 'order by a.at desc, a.id desc limit $1'

const FIND: Statement = { name: 'admin_audit_find', text: `select ${COLUMNS} from audit_entry a where a.id = $1::bigint` }

// Each filter has an index that ends in `at`, read backwards from where the page begins; rows of one moment are sorted
// by their ids within it.
const CONDITIONS = {
  accountId: (n: number) => `a.account_id = $${n}`,
  clientId: (n: number) => `a.client_id = $${n}`,
  actorId: (n: number) => `a.actor_id = $${n}`,
  from: (n: number) => `a.at >= $${n}::timestamptz`,
  to: (n: number) => `a.at < $${n}::timestamptz`,
  markAt: (n: number) => `a.at <= $${n}::timestamptz`,
} as const satisfies Record<string, (n: number) => string>

type Given = Omit<AuditFilter, 'events'> & { markAt: Date | undefined }

/** The whole of `audit_entry`, for those who may read it. */
export function createAuditReaderStore(db: Database): AuditReaderStore {
  return {
    async list(filter, before, limit) {
      const { statement, values } = listing(filter, before, limit)
      return db.run<AuditEntry>(statement, values)
    },
    find: async (id) => (await db.run<AuditEntry>(FIND, [id]))[0] ?? null,
  }
}

function listing({ events, ...rest }: AuditFilter, before: TrailMark | null, limit: number) {
  const given: Given = { ...rest, markAt: before?.at }
  const values: unknown[] = [limit]
  const names = Object.keys(CONDITIONS).filter((name) => given[name as keyof Given] !== undefined) as (keyof Given)[]
  const conditions = names.map((name) => CONDITIONS[name](values.push(given[name])))
  if (before)
    conditions.push(`(a.at < $${names.indexOf('markAt') + 2}::timestamptz or a.id < $${values.push(before.id)}::bigint)`)
  const eventsAt = events && values.push(events)
  const name = ['admin_audit', ...names, ...(eventsAt ? ['events'] : [])].join('_') // within 63 characters
  return { statement: { name, text: eventsAt ? byEvents(conditions, eventsAt) : plain(conditions) }, values }
}

function plain(conditions: readonly string[]): string {
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''
  return `select ${COLUMNS} from audit_entry a ${where} ${NEWEST_FIRST}`
}

// The newest of each event, and of those the newest: so that a rare event is not looked for among all others. Ordered by
// the event first, and not compared by `=`, which would let the planner read rows of all events by their moment.
function byEvents(conditions: readonly string[], eventsAt: number): string {
  const where = ['a.event between wanted.event and wanted.event', ...conditions].join(' and ')
  return `
    select a.* from unnest($${eventsAt}::text[]) as wanted(event) cross join lateral (
      select ${COLUMNS} from audit_entry a where ${where} order by a.event desc, a.at desc, a.id desc limit $1
    ) a order by a.at desc, a.id::bigint desc limit $1`
}
