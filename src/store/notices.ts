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
    insert into notice (${COLUMNS}) select $1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz
    where not exists (
      select 1 from notice where account_id = $2 and kind = $3 and device = $5 and created_at > $8::timestamptz
    ) returning id`,
}

const FIND: Statement = {
  name: 'notices_find',
  text: `
    select id, account_id as "accountId", kind, detail -> 'values' as values, detail -> 'undo' as undo, device,
      created_at as at, object_until as "objectUntil", objected_at as "objectedAt"
    from notice where id = $1`,
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
    async addOnce(tx, notice, since) {
      await runIn(tx, LOCK, [`notice ${notice.accountId}`])
      return (await runIn(tx, ADD_ONCE, [...valuesOf(notice), since])).length === 1
    },
    find: async (id) => (await db.run<Notice>(FIND, [id]))[0] ?? null,
    object: async (tx, id, now) => (await runIn(tx, OBJECT, [id, now])).length === 1,
  }
}

function valuesOf({ id, accountId, kind, values, undo, device, at, objectUntil }: Notice): unknown[] {
  return [id, accountId, kind, JSON.stringify({ values, undo }), device, at, objectUntil]
}
