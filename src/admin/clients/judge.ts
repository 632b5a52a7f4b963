import type { Tx } from '../../base/index.ts'
import { type Client, clientFields, type GivenFields, type Registration, registrationOf } from '../../clients/index.ts'
import type { AdminActor } from '../actor.ts'
import { AdminFault, type FieldFault } from '../fault.ts'
import { faultOfInput } from '../permissions.ts'
import { ADMIN_SCOPES } from '../scopes.ts'
import type { ClientHandlersDeps } from './deps.ts'
import type { StoredClient } from './stores.ts'

const NOT_RIGHT = 'This cannot be registered: see the faults.'

/** Why some fields are not to be changed by `clients.update`. */
const UNWRITABLE: Readonly<Record<string, string>> = {
  client_id: 'cannot be changed: applications send it',
  client_secret: 'is made here, and never sent: use clients.add-secret',
  client_secret_env: 'is for the clients file: use clients.add-secret',
  client_secret_file: 'is for the clients file: use clients.add-secret',
  disabled: 'is switched by clients.disable and clients.enable',
}

/** Refuses every field that may not be written, be it unknown or not for this place. */
export function checkWritable(given: GivenFields): void {
  const faults: FieldFault[] = Object.keys(given).flatMap((field) => {
    if (Object.hasOwn(UNWRITABLE, field)) return [{ field, words: UNWRITABLE[field] ?? '' }]
    return Object.hasOwn(clientFields.shape, field) ? [] : [{ field, words: 'is not known here' }]
  })
  if (faults.length > 0) throw new AdminFault('invalid_input', NOT_RIGHT, faults)
}

/** What the fields come to, by the rules of the clients file. Throws `invalid_input` with every fault. */
export async function judged(
  deps: Pick<ClientHandlersDeps, 'store' | 'adminApi' | 'rules'>,
  tx: Tx,
  fields: GivenFields & { client_id: string },
): Promise<Registration & { disabled: boolean }> {
  const { store, adminApi, rules } = deps
  const resources = new Set([...(await store.resourceIds(tx)), adminApi.id])
  const result = registrationOf(fields, { ...rules, resources, adminApi })
  if (result.ok) return result.registration
  if ('error' in result) throw faultOfInput(result.error)
  throw new AdminFault('invalid_input', NOT_RIGHT, result.faults)
}

/**
 * Nobody gives what they do not have: whoever makes or changes a client that can act in the admin API must have
 * all that it could do there. A client with the admin API in its `resources` can be given any of its scopes by the
 * administrator who signs in to it, so that whoever redirects that sign-in would have them.
 */
export function checkPower(actor: AdminActor, adminApi: { id: string }, ...registrations: readonly Registration[]): void {
  const needed = new Set(registrations.flatMap((registration) => powersOf(registration, adminApi.id)))
  const missing = [...needed].filter((scope) => !(actor.scopes as ReadonlySet<string>).has(scope))
  if (missing.length === 0) return
  throw new AdminFault('insufficient_scope', `This application can act in the admin API: you lack ${missing.join(' ')}.`, [
    { field: 'admin_scopes', words: `you lack ${missing.join(' ')}` },
  ])
}

function powersOf({ metadata, policy }: Registration, adminApi: string): readonly string[] {
  const forPeople = policy.resources.includes(adminApi) && metadata.grant_types.includes('authorization_code')
  return forPeople ? Object.keys(ADMIN_SCOPES) : (policy.adminScopes ?? [])
}

// Whoever holds a token of a machine for a moment must not be able to stay the machine.
const OWN_POWER = ['admin_scopes', 'resources', 'jwks', 'jwks_uri', 'token_endpoint_auth_method']

/** Refuses a machine that would change what it proves itself by, or what it may, in its own registration. */
export function checkNotItself(actor: AdminActor, clientId: string, fields: readonly string[] | 'secret'): void {
  if (actor.kind !== 'client' || actor.clientId !== clientId) return
  if (fields === 'secret') throw new AdminFault('forbidden', 'A machine makes no secret for itself: somebody else does it.')
  const own = fields.filter((field) => OWN_POWER.includes(field))
  if (own.length === 0) return
  const faults = own.map((field) => ({ field, words: 'must be changed by somebody else' }))
  throw new AdminFault('forbidden', 'A machine does not change what it may, or what it proves itself by.', faults)
}

/** An id that can be one: anything else is not even asked for. */
export function isId(id: string): boolean {
  return /^[\x21-\x7e]+$/.test(id)
}

export function notFound(): AdminFault {
  return new AdminFault('not_found', 'There is no application of this id.')
}

/** The client under the lock of all changes, where it may be changed by operations. */
export async function lockOwn({ store }: Pick<ClientHandlersDeps, 'store'>, tx: Tx, id: string): Promise<StoredClient> {
  const found = await lockAny({ store }, tx, id)
  if (found.client.source !== 'console') throw ownedByFile(found.client)
  return found
}

/** The client under the lock of all changes, whoever owns it. */
export async function lockAny({ store }: Pick<ClientHandlersDeps, 'store'>, tx: Tx, id: string): Promise<StoredClient> {
  if (!isId(id)) throw notFound()
  await store.lock(tx)
  const found = await store.findIn(tx, id)
  if (!found) throw notFound()
  return found
}

function ownedByFile({ source }: Client): AdminFault {
  const words =
    source === 'trial'
      ? 'It is the demo of trial mode, which declares it at every start.'
      : 'It is declared in the clients file: change it there.'
  return new AdminFault('owned_by_file', words)
}
