import type { Addresses, Closing, Deaths } from './accounts/index.ts'
import { acrNamesOf } from './app-settings.ts'
import type { Audit } from './audit/index.ts'
import type { Clock, Transact } from './base/index.ts'
import { ACCOUNT_CLIENT_ID, adminApiId } from './clients/index.ts'
import type { Config } from './config/index.ts'
import type { KeptFactors } from './factors/index.ts'
import type { Notices } from './notices/index.ts'
import type { Person } from './person.ts'
import type { Rescues } from './rescue/index.ts'
import { createSelfservice, type RoleVerbs } from './selfservice/index.ts'
import { type AddressProofDeps, createAddressProof, type Passkeys } from './signin/index.ts'
import { createAccountSessionStore, createCredentialStore, createRoleStore, type Database, demandedBy } from './store/index.ts'
import type { AccountPageParts } from './web/index.ts'

/** What the rest of the house has built by then. */
export interface AccountPageNeeds {
  config: Config
  db: Database
  addresses: Addresses
  closing: Closing
  kept: KeptFactors
  notices: Notices
  deaths: Deaths
  person: Person
  passkeys: Passkeys | null
  rescues: Rescues
  signIn: Omit<AddressProofDeps, 'clientId'>
  transact: Transact
  audit: Audit
  clock: Clock
}

/** Builds what stands behind the account page: what people can do there, and what they see. */
export function accountPage(needs: AccountPageNeeds): AccountPageParts {
  const { config, db, addresses, closing, kept, notices, deaths, person, rescues, transact, audit, clock } = needs
  const { sessions, connections, profiles, trail, devices, exporter } = person
  const holds = { holdSeconds: config.addressHoldSeconds, graceSeconds: config.accountGraceSeconds }
  const accountSessions = createAccountSessionStore(db, ACCOUNT_CLIENT_ID)
  const own = {
    addresses,
    closing,
    profiles,
    kept,
    notices,
    deaths,
    rescues,
    sessions,
    connections,
    exporter,
    transact,
    audit,
    clock,
  }
  return {
    acrNames: acrNamesOf(config),
    listener: { host: config.host, port: config.port },
    sessions: accountSessions,
    limits: needs.signIn.limits,
    selfservice: createSelfservice({
      ...own,
      ...holds,
      devices,
      passkeys: needs.passkeys,
      demand: { by: demandedBy, set: createCredentialStore(db).demand },
      roles: rolesOf(db, config.issuer),
      stands: accountSessions.stands,
    }),
    notices,
    addressProof: createAddressProof({ ...needs.signIn, clientId: ACCOUNT_CLIENT_ID }),
    passkeysOn: needs.passkeys !== null,
    kept,
    profiles,
    remembered: devices,
    trail,
    ...holds,
  }
}

/** What a person's own doing may do about their role. */
export function rolesOf(db: Database, issuer: string): RoleVerbs {
  const { lock, of, otherAdmins, endAdministration, set } = createRoleStore(db)
  return {
    ...{ lock, of, otherAdmins },
    async takeAway(tx, accountId) {
      await endAdministration(tx, accountId, adminApiId(issuer))
      await set(tx, accountId, null)
    },
  }
}
