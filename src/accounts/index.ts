// accounts: who somebody is — the account, its proven addresses, what is said about it to applications, who may join,
// and its end. It does not prove anything itself and knows no sessions or tokens.
// Tables: account, address; an account takes all that belongs to it with it. Specs: OpenID Connect Core §5.1 (claims),
// §5.7 (sub), F-25.
export { type Account, type AccountState, handleOf, type Identity, initialsOf, nameOf } from './account.ts'
export {
  type AcceptedInvitation,
  type AccountStore,
  type Accounts,
  createAccounts,
  type FoundAccount,
  type Proven,
  type ProvenAddress,
} from './accounts.ts'
export type { OwnAddress } from './address-plan.ts'
export type { AddressView } from './address-view.ts'
export { ADDRESSES_MAX, type Addresses, type AddressStore, createAddresses } from './addresses.ts'
export { PROFILE_CLAIMS, recoveryClaimOf } from './claims.ts'
export { type Closing, type ClosingStore, createClosing } from './closing.ts'
export { createDeaths, type DeadAddressOf, type DeathStore, type Deaths } from './deaths.ts'
export type { ProfileClaim, ProfileFieldType } from './profile-fields.ts'
export { createProfiles, type ProfileField, type ProfileStore, type Profiles, readProfile } from './profiles.ts'
