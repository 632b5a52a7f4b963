import { addSeconds } from '../../base/index.ts'
import type { Client } from '../../clients/index.ts'
import type { Cursors } from '../cursor.ts'
import type { Handlers } from '../operation.ts'
import type { clientOperations, resourceServerOperations } from '../specs/clients.ts'
import { changed, createClientChanges } from './changes.ts'
import type { ClientHandlersDeps } from './deps.ts'
import { checkNotItself, checkPower, isId, lockAny, lockOwn, notFound } from './judge.ts'
import { createResourceServerHandlers } from './resource-servers.ts'
import { makeSecret, withoutSecret, withSecret } from './secrets.ts'
import { type SnippetApi, snippetsFor } from './snippets.ts'
import type { ClientMark, StoredClient } from './stores.ts'
import { trialOf } from './try-client.ts'
import { shownOnce, summaryOf, versionOf, viewOf } from './view.ts'

const IMPACT_SECONDS = 30 * 24 * 3600

/** The operations on applications, and on the APIs that their tokens are meant for. */
export function createClientHandlers(
  deps: ClientHandlersDeps,
): Handlers<typeof clientOperations & typeof resourceServerOperations> {
  const { store, audit, cursors, adminApi, issuer } = deps

  async function found(id: string): Promise<StoredClient> {
    const stored = isId(id) ? await store.find(id) : null
    if (!stored) throw notFound()
    return stored
  }

  async function firstApi({ policy }: Client): Promise<SnippetApi | null> {
    const [id] = policy.resources
    if (id === undefined) return null
    if (id === adminApi.id) return { id, scopes: policy.adminScopes ?? [] }
    const api = await deps.resourceServers.find(id)
    return api && { id, scopes: Object.keys(api.server.scopes) }
  }

  return {
    ...createClientChanges(deps),
    ...createResourceServerHandlers(deps),

    async 'clients.list'({ now }, input) {
      const { q, kind, state, source, limit } = input
      const filter = {
        q: q === undefined || searchable(q) === '' ? null : searchable(q),
        kind: kind ?? null,
        disabled: state === undefined ? null : state === 'off',
        source: source ?? null,
      }
      const rows = await store.list(filter, markOf(cursors, input), limit + 1)
      const page = rows.slice(0, limit)
      const last = rows.length > limit ? page.at(-1) : undefined
      return {
        items: page.map((row) => summaryOf(row, now)),
        next: last ? cursors.seal('clients.list', input, [last.mark.name, last.mark.id]) : null,
      }
    },

    'clients.get': async ({ now }, { client_id }) => viewOf(await found(client_id), now),

    async 'clients.impact'({ now }, { client_id }) {
      const { client, lastUsedAt } = await found(client_id)
      const { people, consents, refreshTokens } = await store.impact(client.id, addSeconds(now, -IMPACT_SECONDS), now)
      const last_used_at = lastUsedAt?.toISOString() ?? null
      return { people_30_days: people, consents, refresh_tokens: refreshTokens, last_used_at }
    },

    async 'clients.snippets'(_call, { client_id }) {
      const { client } = await found(client_id)
      return { items: snippetsFor(client, issuer, await firstApi(client)) }
    },

    async 'clients.add-secret'(call, { client_id, expires_in_days, retire_others_in_hours }) {
      const { tx, now, actor } = call
      const { client } = await lockOwn(deps, tx, client_id)
      call.ifMatch(versionOf(client))
      checkNotItself(actor, client_id, 'secret')
      checkPower(actor, adminApi, client)
      const made = makeSecret(actor, now, expires_in_days)
      const secrets = withSecret(client, made.kept, { now, retireInHours: retire_others_in_hours })
      await store.update(tx, { ...client, secrets }, now)
      if (retire_others_in_hours === 0) await store.endOwnTokens(tx, client_id)
      await audit.record(tx, 'client.secret_added', { ...actor.who, clientId: client.id, detail: { secretId: made.kept.id } })
      await changed(deps, tx)
      return shownOnce(made.kept, made.text)
    },

    async 'clients.retire-secret'(call, { client_id, secret_id }) {
      const { tx, now, actor } = call
      const { client } = await lockOwn(deps, tx, client_id)
      call.ifMatch(versionOf(client))
      const secrets = withoutSecret(client, secret_id, now)
      await store.update(tx, { ...client, secrets }, now)
      await store.endOwnTokens(tx, client_id)
      await audit.record(tx, 'client.secret_retired', { ...actor.who, clientId: client.id, detail: { secretId: secret_id } })
      await changed(deps, tx)
      return { done: true }
    },

    async 'clients.try'({ tx, now, actor }, { client_id, redirect_uri }) {
      const { client } = await lockAny(deps, tx, client_id)
      const { trial, secret, expiresAt } = trialOf(client, redirect_uri, { issuer, actor, now })
      await store.insert(tx, trial, now)
      await audit.record(tx, 'client.tried', { ...actor.who, clientId: client.id })
      await changed(deps, tx)
      return {
        client_id: trial.id,
        client_secret: secret,
        redirect_uri,
        scope: trial.metadata.scope ?? 'openid',
        expires_at: expiresAt.toISOString(),
      }
    },

    'clients-file.show': () => deps.clientsFile.show(),
  }
}

function markOf(cursors: Cursors, input: Readonly<Record<string, unknown>> & { cursor?: string | undefined }): ClientMark | null {
  if (input.cursor === undefined) return null
  const [name = '', id = ''] = cursors.open('clients.list', input, input.cursor)
  return { name, id }
}

// The database takes no NUL and no half of a surrogate pair.
function searchable(text: string): string {
  return text
    .toWellFormed()
    .replace(/\p{Cc}/gu, ' ')
    .trim()
}
