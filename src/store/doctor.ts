import { asked } from './credential-sql.ts'
import type { Database, Statement } from './database.ts'

const ADMINISTRATORS: Statement = {
  name: 'doctor_administrators',
  text: `
    select count(*)::int as active, count(*) filter (where exists (
      select from credential c
      where c.account_id = a.id and ${asked('c', 'a')}))::int as strong,
      (select count(*)::int from invitation where role = 'admin' and expires_at > $1::timestamptz) as invited
    from account a
    where role = 'admin' and state = 'active' and (closing_at is null or closing_at > $1::timestamptz)`,
}

const JOBS: Statement = {
  name: 'doctor_jobs',
  text: `
    select count(*)::int as late, count(*) filter (where attempts >= max_attempts)::int as dead
    from graphile_worker.jobs where locked_at is null and run_at < $1::timestamptz`,
}

const MESSAGES: Statement = {
  name: 'doctor_messages',
  text: `
    select count(*)::int as waiting, min(created_at) as oldest from delivery
    where state in ('queued', 'deferred', 'sending') and created_at < $1::timestamptz`,
}

/** What `doctor` looks at in the database. It changes nothing. */
export function createDoctorStore(db: Pick<Database, 'run' | 'orm'>) {
  return {
    /** With the number of passkeys, those among them whose removal can be taken back. */
    async deployment() {
      const orm = await db.orm()
      const select = { issuer: true, secretIds: true, passkeyDomain: true } as const
      const found = await orm.deployment.findUnique({ where: { id: 1 }, select })
      const passkeys = await orm.credential.count({ where: { kind: 'passkey', provenAt: { not: null } } })
      return found && { ...found, passkeys }
    },
    administrators: async (now: Date) =>
      (await db.run<{ active: number; strong: number; invited: number }>(ADMINISTRATORS, [now]))[0] ?? {
        active: 0,
        strong: 0,
        invited: 0,
      },
    /** Jobs that should have begun before `before`, and those that are tried no more. */
    jobs: async (before: Date) => (await db.run<{ late: number; dead: number }>(JOBS, [before]))[0] ?? { late: 0, dead: 0 },
    /** Messages from before `before` that are still to be handed over. */
    messages: async (before: Date) =>
      (await db.run<{ waiting: number; oldest: Date | null }>(MESSAGES, [before]))[0] ?? { waiting: 0, oldest: null },
  }
}
