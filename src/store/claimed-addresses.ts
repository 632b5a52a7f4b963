import type { Address, AddressKind } from '../base/index.ts'
import type { Database, Statement } from './database.ts'

const OF_ACCOUNT: Statement = {
  name: 'claimed_of_account',
  text: 'select kind, canonical as address from claimed_address where account_id = $1 order by kind, canonical',
}

/** Addresses that were only said of an account, by an import, and that nobody has proven. */
export function createClaimedAddressStore(db: Pick<Database, 'run'>) {
  return { ofAccount: (accountId: string) => db.run<{ kind: AddressKind; address: Address }>(OF_ACCOUNT, [accountId]) }
}
