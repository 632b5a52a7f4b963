import { type Accounts, type Addresses, createProfiles } from './accounts/index.ts'
import { createTrail } from './audit/index.ts'
import type { Clock } from './base/index.ts'
import type { Clients } from './clients/index.ts'
import type { KeptFactors } from './factors/index.ts'
import { createConnections, createSessions } from './oidc/index.ts'
import { createExporter } from './selfservice/index.ts'
import {
  createClaimedAddressStore,
  createConnectionStore,
  createDeviceStore,
  createProfileStore,
  createRescueHistoryStore,
  createSessionStore,
  createTrailStore,
  type Database,
} from './store/index.ts'

/** What the rest of the house has built by then. */
export interface PersonNeeds {
  db: Database
  accounts: Pick<Accounts, 'find'>
  addresses: Addresses
  clients: Pick<Clients, 'find'>
  kept: KeptFactors
  clock: Clock
}

/** Builds what belongs to a person, for the account page and for administrators: sessions, applications, devices, trail. */
export function createPerson({ db, accounts, addresses, clients, kept, clock }: PersonNeeds) {
  const sessions = createSessions({ store: createSessionStore(db), clock })
  const connections = createConnections({ store: createConnectionStore(db), clients, clock })
  const profiles = createProfiles({ store: createProfileStore(), clock })
  const trail = createTrail({ store: createTrailStore(db) })
  const devices = createDeviceStore(db)
  const claimed = createClaimedAddressStore(db)
  const rescues = createRescueHistoryStore(db)
  const exporter = createExporter({ accounts, addresses, claimed, kept, sessions, connections, devices, rescues, trail, clock })
  return { sessions, connections, profiles, trail, devices, exporter }
}

export type Person = ReturnType<typeof createPerson>
