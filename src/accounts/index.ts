// accounts: who somebody is — the account, its proven addresses, what is said about it to applications, and who
// may join. It does not prove anything itself and knows no sessions or tokens.
// Tables: account, address. Specs: OpenID Connect Core §5.1 (claims), §5.7 (sub).
export { type Account, type AccountState, handleOf, initialsOf, nameOf } from './account.ts'
export {
  type AccountStore,
  type Accounts,
  createAccounts,
  type Proven,
  type ProvenAddress,
} from './accounts.ts'
export type { AddressView } from './address-view.ts'
