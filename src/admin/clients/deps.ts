import type { Audit } from '../../audit/index.ts'
import type { Clients, RegistrationRules, ResourceServer } from '../../clients/index.ts'
import type { OutputOf } from '../create-admin.ts'
import type { Cursors } from '../cursor.ts'
import type { AdminClientStore, AdminResourceServerStore } from './stores.ts'

/** What the operations on clients and resource servers stand on. */
export interface ClientHandlersDeps {
  store: AdminClientStore
  resourceServers: AdminResourceServerStore
  clients: Pick<Clients, 'forget'>
  /** How the clients file stands to what is registered. */
  clientsFile: { show(): Promise<OutputOf<'clients-file.show'>> }
  audit: Pick<Audit, 'record'>
  cursors: Cursors
  issuer: string
  /** The built-in API of this very house. */
  adminApi: ResourceServer
  rules: Pick<RegistrationRules, 'trial' | 'ttlMaxSeconds'>
}
