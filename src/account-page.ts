import { type Accounts, type Addresses, type Closing, createProfiles } from './accounts/index.ts'
import { type Audit, createTrail } from './audit/index.ts'
import type { Clock, Transact } from './base/index.ts'
import { ACCOUNT_CLIENT_ID, type Clients } from './clients/index.ts'
import type { Config } from './config/index.ts'
import type { KeptFactors } from './factors/index.ts'
import type { Notices } from './notices/index.ts'
import { createConnections, createSessions } from './oidc/index.ts'
import { createExporter, createSelfservice } from './selfservice/index.ts'
import { type AddressProofDeps, createAddressProof } from './signin/index.ts'
import {
  createAccountSessionStore,
  createConnectionStore,
  createDeviceStore,
  createProfileStore,
  createSessionStore,
  createTrailStore,
  type Database,
} from './store/index.ts'
import type { AccountPageParts } from './web/index.ts'

/** What the rest of the house has built by then. */
export interface AccountPageNeeds {
  config: Config
  db: Database
  accounts: Pick<Accounts, 'find'>
  addresses: Addresses
  closing: Closing
  clients: Pick<Clients, 'find'>
  kept: KeptFactors
  notices: Notices
  signIn: Omit<AddressProofDeps, 'clientId'>
  transact: Transact
  audit: Audit
  clock: Clock
}

/** Builds what stands behind the account page: what people can do there, and what they see. */
export function accountPage(needs: AccountPageNeeds): AccountPageParts {
  const { config, db, accounts, addresses, closing, clients, kept, notices, transact, audit, clock } = needs
  const sessions = createSessions({ store: createSessionStore(db), clock })
  const connections = createConnections({ store: createConnectionStore(db), clients, clock })
  const profiles = createProfiles({ store: createProfileStore(), clock })
  const trail = createTrail({ store: createTrailStore(db) })
  const remembered = createDeviceStore(db)
  const holds = { holdSeconds: config.addressHoldSeconds, graceSeconds: config.accountGraceSeconds }
  const exporter = createExporter({ accounts, addresses, kept, sessions, connections, devices: remembered, trail, clock })
  const accountSessions = createAccountSessionStore(db)
  const own = { addresses, closing, profiles, kept, notices, sessions, connections, exporter, transact, audit, clock }
  return {
    acrNames: config.acrNames,
    listener: { host: config.host, port: config.port },
    sessions: accountSessions,
    limits: needs.signIn.limits,
    selfservice: createSelfservice({ ...own, ...holds, devices: remembered, stands: accountSessions.stands }),
    notices,
    addressProof: createAddressProof({ ...needs.signIn, clientId: ACCOUNT_CLIENT_ID }),
    kept,
    profiles,
    remembered,
    trail,
    ...holds,
  }
}
