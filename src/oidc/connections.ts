import type { Clock, Tx } from '../base/index.ts'
import { type Clients, OWN_PAGE_IDS } from '../clients/index.ts'
import { appViewOf } from './app-view.ts'
import type { Consent } from './consent.ts'

/** An application that has access to an account. */
export interface Connection {
  clientId: string
  name: string
  letter: string
  /** What it may ask for: by agreement, or, for one's own applications, by registration. */
  scopes: readonly string[]
  resources: Readonly<Record<string, readonly string[]>>
  since: Date
  /** When it was last given a token that is kept; null where none is left. */
  lastUsedAt: Date | null
  /** It holds a refresh token that outlives the session. */
  offline: boolean
  firstParty: boolean
}

export interface ConnectionRow extends Pick<Connection, 'clientId' | 'since' | 'lastUsedAt' | 'offline'> {
  /** What the person agreed to; null for one's own applications. */
  consent: Pick<Consent, 'scopes' | 'resources'> | null
  /** What the engine's grants hold, as it writes it: scopes with spaces between them. */
  grants: readonly { scope: string | null; resources: Readonly<Record<string, string>> | null }[]
}

export interface ConnectionStore {
  /** Clients with an agreement, with codes or tokens that live, or known to a living session. */
  ofAccount(accountId: string, now: Date): Promise<ConnectionRow[]>
  /**
   * Takes the agreement back, ends the client's codes, tokens and grants, and makes the account's sessions forget it,
   * of which it is told (back-channel logout).
   * Single-winner: an engine request that relies on any of it writes nothing afterwards. False when there was nothing.
   */
  revoke(tx: Tx, accountId: string, clientId: string, now: Date): Promise<boolean>
}

/** Applications that have access to an account, as its person sees and ends them. The caller tells the audit trail. */
export function createConnections(deps: { store: ConnectionStore; clients: Pick<Clients, 'find'>; clock: Clock }) {
  const { store, clients, clock } = deps

  /** All but the pages of this service itself, and clients that are registered no more. */
  async function ofAccount(accountId: string): Promise<Connection[]> {
    const rows = await store.ofAccount(accountId, clock.now())
    const found = await Promise.all(rows.filter(({ clientId }) => !OWN_PAGE_IDS.includes(clientId)).map(connectionOf))
    return found.filter((connection) => connection !== null)
  }

  async function connectionOf(row: ConnectionRow): Promise<Connection | null> {
    const { clientId, since, lastUsedAt, offline } = row
    const client = await clients.find(clientId)
    if (!client) return null
    const { name, letter } = appViewOf(client)
    const { firstParty } = client.policy
    return { clientId, name, letter, ...allowed(row), since, lastUsedAt, offline, firstParty }
  }

  /** False when it has none, as for the account page and the console, whose access ends with the session. */
  async function revoke(tx: Tx, accountId: string, clientId: string): Promise<boolean> {
    return !OWN_PAGE_IDS.includes(clientId) && store.revoke(tx, accountId, clientId, clock.now())
  }

  return { ofAccount, revoke }
}

function allowed({ consent, grants }: ConnectionRow): Pick<Connection, 'scopes' | 'resources'> {
  if (consent) return consent
  const resources: Record<string, string[]> = {}
  for (const [id, scopes] of grants.flatMap((grant) => Object.entries(grant.resources ?? {}))) {
    resources[id] = distinct([...(resources[id] ?? []), ...scopes.split(' ')])
  }
  return { scopes: distinct(grants.flatMap(({ scope }) => scope?.split(' ') ?? [])), resources }
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter(Boolean)
}
