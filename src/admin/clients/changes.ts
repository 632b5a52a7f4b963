import type { Tx } from '../../base/index.ts'
import { randomFrom } from '../../base/index.ts'
import {
  type Client,
  type ClientFields,
  changedFields,
  clientIdOf,
  fromTemplate,
  livingSecrets,
  withFields,
} from '../../clients/index.ts'
import { AdminFault } from '../fault.ts'
import type { ChangeCall, Handlers } from '../operation.ts'
import type { clientOperations } from '../specs/clients.ts'
import type { ClientHandlersDeps } from './deps.ts'
import { checkNotItself, checkPower, checkWritable, isId, judged, lockOwn } from './judge.ts'
import { makeSecret, takesSecret } from './secrets.ts'
import type { StoredClient } from './stores.ts'
import { shownOnce, versionOf, viewOf } from './view.ts'

type Changes = Pick<
  Handlers<typeof clientOperations>,
  'clients.create' | 'clients.update' | 'clients.disable' | 'clients.enable' | 'clients.delete'
>

const SUFFIX_ALPHABET = 'abcdefghjkmnpqrstvwxyz23456789'
const SUFFIX_LENGTH = 5

/** Registering applications, and changing them one at a time. */
export function createClientChanges(deps: ClientHandlersDeps): Changes {
  const { store, audit, adminApi } = deps

  /** Writes a client that is there, and what is to be told of it. */
  async function write({ tx, now }: ChangeCall, stored: StoredClient, changes: Partial<Client>): Promise<StoredClient> {
    const client = { ...stored.client, ...changes }
    await store.update(tx, client, now)
    await changed(deps, tx)
    return { ...stored, client, updatedAt: now }
  }

  async function freeId({ tx, now }: ChangeCall, given: string | undefined, name: string | undefined): Promise<string> {
    if (given !== undefined) {
      if ((await store.findIn(tx, given)) || (await store.isPersons(tx, given))) throw taken()
      if (!(await store.endTokens(tx, given, now))) throw beingEnded('client_id')
      return given
    }
    if (name === undefined) {
      const words = 'is needed: people read it when they sign in'
      throw new AdminFault('invalid_input', 'An application needs a name.', [{ field: 'client_name', words }])
    }
    const first = clientIdOf(name, suffix(), false)
    const held = (await store.findIn(tx, first)) || (await store.isPersons(tx, first))
    const free = !held && (await store.endTokens(tx, first, now))
    return free ? first : clientIdOf(name, suffix(), true)
  }

  return {
    async 'clients.create'(call, { template, dry_run, secret_expires_in_days, client_id, ...given }) {
      const { tx, now, actor } = call
      await store.lock(tx)
      const id = await freeId(call, client_id, given.client_name)
      const fields = { ...fromTemplate(template, given as ClientFields), client_id: id }
      const { disabled, ...registration } = await judged(deps, tx, fields)
      checkPower(actor, adminApi, registration)
      const made = takesSecret(registration) ? makeSecret(actor, now, secret_expires_in_days) : null
      if (!made && secret_expires_in_days !== undefined) throw noSecretToEnd(registration.metadata.token_endpoint_auth_method)
      const rest = { source: 'console', disabledAt: disabled ? now : null, expiresAt: null } as const
      const client = { ...registration, secrets: made ? [made.kept] : [], ...rest }
      const view = viewOf({ client, createdAt: now, updatedAt: now, lastUsedAt: null, contacts: [] }, now)
      if (dry_run) return { client: { ...view, secrets: [] }, secret: null }
      if (!(await store.insert(tx, client, now))) throw taken()
      await audit.record(tx, 'client.created', { ...actor.who, clientId: id })
      await changed(deps, tx)
      return { client: view, secret: made && shownOnce(made.kept, made.text) }
    },

    async 'clients.update'(call, { client_id, fields, dry_run }) {
      const { tx, now, actor } = call
      const stored = await lockOwn(deps, tx, client_id)
      const before = stored.client
      call.ifMatch(versionOf(before))
      checkWritable(fields)
      const { disabled: _, ...after } = await judged(deps, tx, withFields(before, fields))
      checkPower(actor, adminApi, before, after)
      const changes = changedFields(before, after)
      const names = changes.map(({ field }) => field)
      checkNotItself(actor, client_id, names)
      const secrets = takesSecret(after) ? livingSecrets(before, now) : []
      if (dry_run || changes.length === 0) {
        const would = viewOf({ ...stored, client: { ...before, ...after, secrets } }, now)
        return { client: { ...would, version: versionOf(before) }, changes }
      }
      const written = await write(call, stored, { ...after, secrets })
      if (secrets.length < livingSecrets(before, now).length) await store.endOwnTokens(tx, client_id)
      await audit.record(tx, 'client.changed', { ...actor.who, clientId: client_id, detail: { change: names.join(', ') } })
      return { client: viewOf(written, now), changes }
    },

    async 'clients.disable'(call, { client_id }) {
      const { tx, now, actor } = call
      const stored = await lockOwn(deps, tx, client_id)
      call.ifMatch(versionOf(stored.client))
      const off = stored.client.disabledAt !== null
      const written = off ? stored : await write(call, stored, { disabledAt: now })
      await store.endTokens(tx, client_id, now) // also what was left by the time before
      if (off) return viewOf(stored, now)
      await audit.record(tx, 'client.disabled', { ...actor.who, clientId: client_id })
      return viewOf(written, now)
    },

    async 'clients.enable'(call, { client_id }) {
      const { tx, now, actor } = call
      const stored = await lockOwn(deps, tx, client_id)
      call.ifMatch(versionOf(stored.client))
      if (!stored.client.disabledAt) return viewOf(stored, now)
      checkPower(actor, adminApi, stored.client)
      if (!(await store.endTokens(tx, client_id, now))) throw beingEnded('disabled')
      const written = await write(call, stored, { disabledAt: null })
      await audit.record(tx, 'client.enabled', { ...actor.who, clientId: client_id })
      return viewOf(written, now)
    },

    async 'clients.delete'(call, { client_id }) {
      const { tx, now, actor } = call
      await store.lock(tx)
      // A copy that a sign-in was tried with is found by nothing else, and may go before its time.
      if (!isId(client_id) || !(await store.isTrial(tx, client_id))) {
        const stored = await lockOwn(deps, tx, client_id)
        call.ifMatch(versionOf(stored.client))
      }
      await store.remove(tx, client_id, now)
      await audit.record(tx, 'client.deleted', { ...actor.who, clientId: client_id })
      await changed(deps, tx)
      return { done: true }
    },
  }
}

/** What follows every change: all processes forget what they knew, this one at once. */
export async function changed({ store, clients }: Pick<ClientHandlersDeps, 'store' | 'clients'>, tx: Tx): Promise<void> {
  await store.notify(tx)
  store.afterCommit(tx, () => clients.forget())
}

// Read aloud without mistakes.
function suffix(): string {
  return Array.from({ length: SUFFIX_LENGTH }, () => SUFFIX_ALPHABET[randomFrom(0, SUFFIX_ALPHABET.length)]).join('')
}

function taken(): AdminFault {
  return new AdminFault('conflict', 'This id is taken already.', [{ field: 'client_id', words: 'is taken: choose another' }])
}

/** What was granted before must never count again: there is so much of it that it is still being ended. */
function beingEnded(field: string): AdminFault {
  return new AdminFault('conflict', 'What was granted to this application before is still being ended: try again in a minute.', [
    { field, words: 'must wait until all of it has ended' },
  ])
}

function noSecretToEnd(method: string): AdminFault {
  return new AdminFault('invalid_input', 'This application has no secret.', [
    { field: 'secret_expires_in_days', words: `is of no use with ${method}` },
  ])
}
