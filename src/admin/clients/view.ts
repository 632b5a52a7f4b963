import type { z } from 'zod'
import { hashOf } from '../../base/index.ts'
import { type Client, type ClientSecret, changeableFields, kindOf, livingSecrets, warningsOf } from '../../clients/index.ts'
import { canonical } from '../canonical.ts'
import type { clientSummary, clientView, newSecret } from '../specs/clients.ts'
import type { StoredClient } from './stores.ts'

type ClientSummary = z.input<typeof clientSummary>
type ClientView = z.input<typeof clientView>

/** Changes with whatever can be changed of a client; for If-Match. */
export function versionOf({ metadata, policy, secrets, source, disabledAt }: Client): string {
  return hashOf(canonical([metadata, policy, secrets, source, disabledAt])).slice(0, 22)
}

/** One line of the list of clients. */
export function summaryOf({ client, lastUsedAt }: StoredClient, now: Date): ClientSummary {
  const ends = livingSecrets(client, now).flatMap(({ expiresAt }) => expiresAt ?? [])
  ends.sort((a, b) => a.getTime() - b.getTime())
  return {
    client_id: client.id,
    client_name: client.metadata.client_name,
    kind: kindOf(client),
    source: sourceOf(client),
    first_party: client.policy.firstParty,
    second_factor: client.policy.secondFactor,
    disabled: client.disabledAt !== null,
    secret_ends_at: textOf(ends[0] ?? null),
    last_used_at: textOf(lastUsedAt),
  }
}

/** A client with all that may be known of it: no secret and no hash of one. */
export function viewOf(stored: StoredClient, now: Date): ClientView {
  const { client, createdAt, updatedAt } = stored
  return {
    ...summaryOf(stored, now),
    fields: { ...changeableFields(client) },
    secrets: livingSecrets(client, now).map(({ id, hint, createdAt: at, expiresAt, madeBy }) => ({
      ...{ secret_id: id, hint, made_by: madeBy },
      ...{ created_at: at.toISOString(), expires_at: textOf(expiresAt) },
    })),
    warnings: warningsOf(client, now),
    contacts: stored.contacts.map(({ purpose, lastOkAt, failedAt, failures, reason }) => ({
      ...{ purpose, failures, reason },
      ...{ last_ok_at: textOf(lastOkAt), failed_at: textOf(failedAt) },
    })),
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
    version: versionOf(client),
  }
}

/** What is shown once. */
export function shownOnce({ id, expiresAt }: ClientSecret, secret: string): z.input<typeof newSecret> {
  return { secret_id: id, secret, expires_at: textOf(expiresAt) }
}

// What is neither is found by no operation.
function sourceOf({ source }: Client): ClientSummary['source'] {
  return source === 'file' || source === 'trial' ? source : 'console'
}

function textOf(at: Date | null): string | null {
  return at?.toISOString() ?? null
}
