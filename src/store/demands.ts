import type { Tx } from '../base/index.ts'
import type { Demander } from '../factors/index.ts'
import { demanded } from './credential-sql.ts'
import { runIn, type Statement } from './database.ts'

// Nobody changes it, or the account's credentials, until the transaction ends.
const BY: Statement = {
  name: 'demands_by',
  text: `
    select case when a.demands_second then 'person' when ${demanded('a')} then 'role' else 'nobody' end as by
    from account a where a.id = $1 for no key update`,
}

/** Who wants an account asked for one of its passkeys in every sign-in, in `account`. */
export async function demandedBy(tx: Tx, accountId: string): Promise<Demander> {
  return (await runIn<{ by: Demander }>(tx, BY, [accountId]))[0]?.by ?? 'nobody'
}
