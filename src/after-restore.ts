import type { Audit } from './audit/index.ts'
import type { Clock, Transact } from './base/index.ts'
import { type AfterRestore, CommandFault } from './cli/index.ts'
import type { CredentialFactors } from './factors/index.ts'
import type { createAfterRestoreStore } from './store/index.ts'

export interface AfterRestoreDeps {
  store: ReturnType<typeof createAfterRestoreStore>
  totp: Pick<CredentialFactors['totp'], 'newestStep'>
  audit: Pick<Audit, 'record'>
  transact: Transact
  clock: Clock
}

/**
 * F-60: ends, in one transaction with its row of the trail, everything that could have been used, ended or revoked between
 * the moment of the backup and its restore: nobody knows which of it was. Without `yes` it only counts. Throws
 * `CommandFault` while a service runs.
 */
export async function afterRestore(deps: AfterRestoreDeps, { yes }: { yes: boolean }): Promise<AfterRestore> {
  const { store, audit, clock } = deps
  const now = clock.now()
  if (!yes) return { done: false, ends: await store.count(), stays: await store.left(now) }
  if (await store.isServed()) {
    throw new CommandFault(
      'failed',
      'a service works on this database: stop every instance first, since each would go on with it',
    )
  }
  const ends = await deps.transact(async (tx) => {
    const counts = await store.end(tx, deps.totp.newestStep())
    const { records, sessions, messages, jobs, invitations } = counts
    const detail = { records, sessions, messages, jobs, invitations }
    await audit.record(tx, 'service.restored', { actorId: 'local', detail })
    return counts
  })
  return { done: true, ends, stays: await store.left(now) }
}
