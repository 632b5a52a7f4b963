import type { DeliveryState, MessageFilter, MessageReaderStore, MessageRow } from '../delivery/index.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { mayGoAgain, mayWait } from './delivery-sql.ts'

const COLUMNS = `d.id, d.channel, d.message, d.target, d.state, d.reason, d.tries, d.route, d.created_at as "createdAt",
  d.handed_at as "handedAt", d.delivered_at as "deliveredAt", d.due_at as "dueAt",
  (${mayWait('$1')} or ${mayGoAgain('$1')}) as "mayGoAgain"`

const FIND: Statement = { name: 'admin_messages_find', text: `select ${COLUMNS} from delivery d where d.id = $2` }

const CONDITIONS = {
  targets: (n: number) => `d.target = any($${n}::text[])`,
  channel: (n: number) => `d.channel = $${n}`,
  markAt: (n: number) => `d.created_at <= $${n}::timestamptz`,
} as const satisfies Record<string, (n: number) => string>

// Each a statement of its own, so that it is planned for how many there are of it.
const STATES: Readonly<Record<DeliveryState, string>> = {
  queued: `d.state = 'queued'`,
  sending: `d.state = 'sending'`,
  deferred: `d.state = 'deferred'`,
  handed_over: `d.state = 'handed_over'`,
  refused: `d.state = 'refused'`,
  expired: `d.state = 'expired'`,
}

type Name = keyof typeof CONDITIONS

/** The table `delivery`, for those who look after people. */
export function createMessageReaderStore(db: Database): MessageReaderStore {
  return {
    async list(filter, before, limit, now) {
      const { statement, values } = listing(filter, before, limit, now)
      return db.run<MessageRow>(statement, values)
    },
    find: async (id, now) => (await db.run<MessageRow>(FIND, [now, id]))[0] ?? null,
    findIn: async (tx, id, now) => (await runIn<MessageRow>(tx, FIND, [now, id]))[0] ?? null,
  }
}

function listing(filter: MessageFilter, before: { at: Date; id: string } | null, limit: number, now: Date) {
  const given: Record<Name, unknown> = {
    targets: filter.targets,
    channel: filter.channel,
    markAt: before?.at,
  }
  const values: unknown[] = [now, limit]
  const names = (Object.keys(CONDITIONS) as Name[]).filter((name) => given[name] !== undefined)
  const conditions = names.map((name) => CONDITIONS[name](values.push(given[name])))
  if (before) conditions.push(`(d.created_at < $${values.length}::timestamptz or d.id < $${values.push(before.id)})`)
  if (filter.state) conditions.push(STATES[filter.state])
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''
  // The page first: what may go again is asked of its rows alone.
  const page = `select * from delivery d ${where} order by d.created_at desc, d.id desc limit $2`
  const text = `select ${COLUMNS} from (${page}) d order by d.created_at desc, d.id desc`
  return { statement: { name: ['admin_messages', ...names, ...(filter.state ? [filter.state] : [])].join('_'), text }, values }
}
