import type { RescueHistory } from '../selfservice/index.ts'
import type { Database, Statement } from './database.ts'

const LOCKED_UNTIL: Statement = {
  name: 'rescue_history_locked_until',
  text: 'select rescue_locked_until as "lockedUntil" from account where id = $1',
}

const ALL: Statement = {
  name: 'rescue_history_all',
  text: `
    select state, started_by is not null as "byAdministrator", client_id as "clientId", address, device, started_at as "startedAt",
      opens_at as "opensAt", lapses_at as "lapsesAt", ended_at as "endedAt",
      case when ended_by is null or ended_by in ('person', 'notice', 'clock') then ended_by else 'administrator' end as "endedBy"
    from rescue where account_id = $1 order by started_at desc, id desc`,
}

/** What is kept of an account's rescues, for its person. */
export function createRescueHistoryStore(db: Pick<Database, 'run'>) {
  return {
    async ofAccount(accountId: string): Promise<RescueHistory> {
      const [account] = await db.run<Pick<RescueHistory, 'lockedUntil'>>(LOCKED_UNTIL, [accountId])
      const rescues = await db.run<RescueHistory['rescues'][number]>(ALL, [accountId])
      return { lockedUntil: account?.lockedUntil ?? null, rescues }
    },
  }
}
