import type { IdempotentAnswerStore } from '../admin/index.ts'
import { runIn, type Statement } from './database.ts'

// A row that another transaction is about to commit makes this one wait; after it the row is there and nothing is taken.
const TAKE: Statement = {
  name: 'idempotent_answer_take',
  text: `
    insert into idempotent_answer (id, request_hash, expires_at) values ($1, $2, $3::timestamptz)
    on conflict (id) do update set request_hash = excluded.request_hash, answer = null, expires_at = excluded.expires_at
      where idempotent_answer.expires_at <= $4::timestamptz
    returning id`,
}

const FIND: Statement = {
  name: 'idempotent_answer_find',
  text: `select request_hash as "requestHash", answer from idempotent_answer where id = $1`,
}

const KEEP: Statement = {
  name: 'idempotent_answer_keep',
  text: `update idempotent_answer set answer = $2 where id = $1`,
}

/** Answers to changes that came with an Idempotency-Key, in `idempotent_answer`. */
export function createIdempotentAnswerStore(): IdempotentAnswerStore {
  return {
    async take(tx, row, now) {
      const taken = await runIn<{ id: string }>(tx, TAKE, [row.id, row.requestHash, row.expiresAt, now])
      return taken.length > 0
    },
    async find(tx, id) {
      const [row] = await runIn<{ requestHash: string; answer: string | null }>(tx, FIND, [id])
      return row ?? null
    },
    async keep(tx, id, answer) {
      await runIn(tx, KEEP, [id, answer])
    },
  }
}
