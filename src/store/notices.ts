import type { Notice, NoticeStore } from '../notices/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const COLUMNS = 'id, account_id, kind, detail, device, created_at, object_until'

const ADD: Statement = {
  name: 'notices_add',
  text: `insert into notice (${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7)`,
}

// Two sign-ins at once are put in a row, so that the second one sees what the first has told.
const LOCK: Statement = {
  name: 'notices_lock',
  text: 'select pg_advisory_xact_lock(hashtextextended($1, 4712))',
}

const ADD_ONCE: Statement = {
  name: 'notices_add_once',
  text: `
    insert into notice (${COLUMNS}) select $1, $2, $3, $4::jsonb, $5, $6::timestamptz, $7::timestamptz
    where not exists (
      select 1 from notice
      where account_id = $2 and kind = $3 and detail ->> 'once' = $4::jsonb ->> 'once' and created_at > $8::timestamptz
    ) returning id`,
}

const DROP: Statement = { name: 'notices_drop', text: 'delete from notice where id = $1' }

const READ = `
  id, account_id as "accountId", kind, detail -> 'values' as values, detail -> 'undo' as undo, device,
  created_at as at, object_until as "objectUntil", objected_at as "objectedAt"`

const FIND: Statement = { name: 'notices_find', text: `select ${READ} from notice where id = $1` }

const TEXTS: Statement = {
  name: 'notices_texts',
  text: `
    select count(*)::int as texts from notice n join delivery d on d.notice_id = n.id and d.channel = 'sms'
    where n.account_id = $1 and n.created_at > $2::timestamptz`,
}

// Several objections at once stand in one row: each locks from the newest on.
const OPEN_SINCE: Statement = {
  name: 'notices_open_since',
  text: `
    select ${READ} from notice
    where account_id = $1 and created_at >= $2::timestamptz and objected_at is null and object_until > $3::timestamptz
    order by created_at desc, id for update`,
}

const OBJECT: Statement = {
  name: 'notices_object',
  text: `
    update notice set objected_at = $2::timestamptz
    where id = $1 and objected_at is null and object_until > $2::timestamptz returning id`,
}

/** What people were told about their accounts, in `notice`. */
export function createNoticeStore(db: Database): NoticeStore {
  return {
    async add(tx, notice) {
      await runIn(tx, ADD, valuesOf(notice))
    },
    async addOnce(tx, notice, once, since) {
      const locked = runIn(tx, LOCK, [`notice ${notice.accountId}`])
      const [added] = await Promise.all([runIn(tx, ADD_ONCE, [...valuesOf(notice, once), since]), locked])
      return added.length === 1
    },
    async drop(tx, id) {
      await runIn(tx, DROP, [id])
    },
    find: async (id) => (await db.run<Notice>(FIND, [id]))[0] ?? null,
    texts: async (tx, accountId, since) => (await runIn<{ texts: number }>(tx, TEXTS, [accountId, since]))[0]?.texts ?? 0,
    openSince: (tx, accountId, since, now) => runIn<Notice>(tx, OPEN_SINCE, [accountId, since, now]),
    object: async (tx, id, now) => (await runIn(tx, OBJECT, [id, now])).length === 1,
  }
}

function valuesOf({ id, accountId, kind, values, undo, device, at, objectUntil }: Notice, once?: string): unknown[] {
  return [id, accountId, kind, JSON.stringify({ values, undo, once }), device, at, objectUntil]
}
