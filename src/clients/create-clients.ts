import { isDeepStrictEqual } from 'node:util'
import { type Clock, hashOf, type Log, sameText, type Tx } from '../base/index.ts'
import type { Client, ClientStore, ClientsFile, DeclaredSource, ResourceServer } from './client.ts'
import { createMemory } from './memory.ts'

const KEPT_MS = 5000
const KEPT_MAX = 1000

export interface Clients {
  /** The client of this id, at most 5 s old; `null` where there is none. */
  find(id: string): Promise<Client | null>
  /** The resource server of this indicator, compared as an exact string; at most 5 s old. */
  resourceServer(id: string): Promise<ResourceServer | null>
  resourceServers(): Promise<ResourceServer[]>
  /** Whether this is one of the client's secrets; takes the same time whichever it is. */
  secretMatches(client: Client, presented: string): boolean
  /**
   * Makes the declared registrations equal to the file: adds, changes, and removes what it no longer holds. Demo
   * registrations of a trial and those of a file take each other's place. Applying a file twice changes nothing.
   */
  apply(tx: Tx, file: ClientsFile, source: DeclaredSource): Promise<Applied>
  /** Forgets what was kept in the process; the next `find` asks the store. */
  forget(): void
}

/** How many registrations were touched: clients and resource servers together. */
export interface Applied {
  created: number
  updated: number
  removed: number
}

/** Clients and resource servers as they stand in the store, kept in the process for a few seconds. */
export function createClients(deps: {
  store: ClientStore
  /** Clients that are built in; they stand in no table. */
  own?: readonly Client[]
  clock: Clock
  log: Log
}): Clients {
  const { store, clock, log } = deps
  const own = new Map(deps.own?.map((client) => [client.id, client]))
  // Apart, so that a flood of unknown ids cannot push out the clients that exist.
  const known = createMemory<Client>({ clock, keptMs: KEPT_MS, keptMax: KEPT_MAX })
  const unknown = createMemory<null>({ clock, keptMs: KEPT_MS, keptMax: KEPT_MAX })
  const apis = createMemory<ResourceServer[]>({ clock, keptMs: KEPT_MS, keptMax: 1 })

  async function find(id: string): Promise<Client | null> {
    if (!/^[\x21-\x7e]{1,200}$/.test(id)) return null
    const kept = own.get(id) ?? known.get(id) ?? unknown.get(id)
    if (kept !== undefined) return kept
    const found = await store.findClient(id)
    if (found) known.set(id, found)
    else unknown.set(id, null)
    return found
  }

  async function resourceServers(): Promise<ResourceServer[]> {
    const kept = apis.get('all')
    if (kept) return kept
    const found = await store.listResourceServers()
    apis.set('all', found)
    return found
  }

  function forget(): void {
    for (const memory of [known, unknown, apis]) memory.clear()
  }

  async function apply(tx: Tx, file: ClientsFile, source: DeclaredSource): Promise<Applied> {
    const before = await store.lockDeclared(tx)
    const clients = compare(before.clients, file.clients)
    const resourceServers = compare(before.resourceServers, file.resourceServers)
    await store.save(tx, { clients: clients.changed, resourceServers: resourceServers.changed }, source, clock.now())
    await store.remove(tx, { clients: clients.gone, resourceServers: resourceServers.gone })
    const applied = {
      created: clients.created + resourceServers.created,
      updated: clients.updated + resourceServers.updated,
      removed: clients.gone.length + resourceServers.gone.length,
    }
    store.afterCommit(tx, () => {
      forget()
      log.info({ source, ...applied }, 'clients applied')
    })
    return applied
  }

  return {
    find,
    resourceServer: async (id) => (await resourceServers()).find((one) => one.id === id) ?? null,
    resourceServers,
    secretMatches,
    apply,
    forget,
  }
}

function secretMatches(client: Client, presented: string): boolean {
  const hash = hashOf(presented)
  // Every hash is compared, so that the time does not tell which one matched.
  return client.secretHashes.reduce((matched, one) => sameText(one, hash) || matched, false)
}

function compare<T extends { id: string }>(before: readonly T[], after: readonly T[]) {
  const old = new Map(before.map((one) => [one.id, one]))
  const kept = new Set(after.map((one) => one.id))
  const changed = after.filter((one) => !isDeepStrictEqual(old.get(one.id), one))
  const created = changed.filter((one) => !old.has(one.id)).length
  const gone = before.filter((one) => !kept.has(one.id)).map((one) => one.id)
  return { changed, created, updated: changed.length - created, gone }
}
