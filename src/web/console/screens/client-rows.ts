import type { OutputOf } from '../../../admin/index.ts'
import { addSeconds } from '../../../base/index.ts'
import type { ClientRow, ClientState } from '../../../text/index.ts'
import { clientPath } from '../paths.ts'

/** A secret that ends within so long is spoken of. */
const SOON_SECONDS = 30 * 24 * 3600

export type ClientSummary = OutputOf<'clients.list'>['items'][number]

/** A client as lists and headings show it. */
export function clientRow(client: ClientSummary, now: Date): ClientRow {
  return {
    id: client.client_id,
    name: client.client_name,
    letter: letterOf(client.client_name),
    url: clientPath(client.client_id),
    kind: client.kind,
    firstParty: client.first_party,
    secondFactor: client.second_factor,
    source: client.source,
    lastUsedAt: client.last_used_at === null ? null : new Date(client.last_used_at),
    state: stateOf(client, now),
  }
}

export function letterOf(name: string): string {
  return (Array.from(name.trim())[0] ?? '').toUpperCase()
}

/** Whether a moment is near enough to be spoken of. */
export function isSoon(at: Date, now: Date): boolean {
  return at <= addSeconds(now, SOON_SECONDS)
}

function stateOf({ disabled, secret_ends_at }: ClientSummary, now: Date): ClientState {
  if (disabled) return { kind: 'off', at: null }
  const at = secret_ends_at === null ? null : new Date(secret_ends_at)
  if (!at || !isSoon(at, now)) return { kind: 'on', at: null }
  return { kind: at <= now ? 'secret_ended' : 'secret_ends', at }
}
