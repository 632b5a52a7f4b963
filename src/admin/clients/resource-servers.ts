import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import type { Tx } from '../../base/index.ts'
import { hashOf } from '../../base/index.ts'
import { changesOf, type ResourceServer, readResourceServer, resourceServerShape } from '../../clients/index.ts'
import { canonical } from '../canonical.ts'
import { AdminFault, type FieldFault } from '../fault.ts'
import type { ChangeCall, Handlers } from '../operation.ts'
import { faultOfInput } from '../permissions.ts'
import type { resourceServerOperations, resourceServerView } from '../specs/clients.ts'
import { changed } from './changes.ts'
import type { ClientHandlersDeps } from './deps.ts'
import { isId } from './judge.ts'
import type { StoredResourceServer } from './stores.ts'

type View = z.input<typeof resourceServerView>

const NAMED_MAX = 5

/** The operations on APIs that access tokens are meant for (RFC 8707). */
export function createResourceServerHandlers(
  deps: Omit<ClientHandlersDeps, 'cursors' | 'clientsFile'>,
): Handlers<typeof resourceServerOperations> {
  const { store, resourceServers, audit, adminApi, issuer } = deps
  const builtIn = async () =>
    viewOf({ server: adminApi, source: 'built-in', clients: await resourceServers.clientsOf(adminApi.id) })

  /** One that operations may change, under the lock of all changes. */
  async function lockOwn(call: ChangeCall, id: string): Promise<StoredResourceServer> {
    if (id === adminApi.id) throw new AdminFault('conflict', 'The API of administration itself is built in.')
    if (!isId(id)) throw notFound()
    await store.lock(call.tx)
    const found = await resourceServers.findIn(call.tx, id)
    if (!found) throw notFound()
    if (found.source !== 'console') throw new AdminFault('owned_by_file', 'It is declared in the clients file: change it there.')
    call.ifMatch(versionOf(found.server))
    return found
  }

  async function told({ tx, actor }: ChangeCall, event: 'resource_server.created' | 'resource_server.deleted', resource: string) {
    await audit.record(tx, event, { ...actor.who, detail: { resource } })
    await changed(deps, tx)
  }

  async function free(tx: Tx, id: string): Promise<void> {
    if (id === adminApi.id || (await resourceServers.findIn(tx, id))) throw taken()
  }

  return {
    async 'resource-servers.list'() {
      const [own, stored] = await Promise.all([builtIn(), resourceServers.list()])
      return { items: [own, ...stored.map(viewOf)] }
    },

    async 'resource-servers.get'(_call, { id }) {
      if (id === adminApi.id) return builtIn()
      const found = isId(id) ? await resourceServers.find(id) : null
      if (!found) throw notFound()
      return viewOf(found)
    },

    async 'resource-servers.create'(call, input) {
      const server = judged(input, issuer)
      await store.lock(call.tx)
      await free(call.tx, server.id)
      if (!(await resourceServers.insert(call.tx, server, call.now))) throw taken()
      await told(call, 'resource_server.created', server.id)
      return viewOf({ server, source: 'console', clients: [] })
    },

    async 'resource-servers.update'(call, { id, ...given }) {
      const { tx, now, actor } = call
      const stored = await lockOwn(call, id)
      const before = fieldsOf(stored.server)
      const there = Object.entries(given).filter(([, value]) => value !== undefined)
      const server = judged({ id, ...before, ...Object.fromEntries(there) }, issuer)
      if (isDeepStrictEqual(server, stored.server)) return viewOf(stored)
      await resourceServers.update(tx, server, now)
      const names = changesOf(before, fieldsOf(server)).map(({ field }) => field)
      const detail = { resource: id, change: names.join(', ') }
      await audit.record(tx, 'resource_server.changed', { ...actor.who, detail })
      await changed(deps, tx)
      return viewOf({ ...stored, server })
    },

    async 'resource-servers.delete'(call, { id }) {
      const stored = await lockOwn(call, id)
      const users = [...new Set([...stored.clients, ...stored.introspectors])]
      if (users.length > 0) throw inUse(users)
      await resourceServers.remove(call.tx, id)
      await told(call, 'resource_server.deleted', id)
      return { done: true }
    },
  }
}

/** What the fields come to, by the rules of the clients file. Throws `invalid_input` with every fault. */
function judged(fields: Readonly<Record<string, unknown>>, issuer: string): ResourceServer {
  const shape = resourceServerShape.safeParse(fields, { reportInput: true })
  if (!shape.success) throw faultOfInput(shape.error)
  const faults: FieldFault[] = []
  const server = readResourceServer(shape.data, (field, words) => faults.push({ field, words }))
  // A token for one of our own addresses could be taken for one of ours.
  if (URL.parse(server.id)?.origin === issuer) faults.push({ field: 'id', words: 'must not be an address of this service' })
  if (faults.length > 0) throw new AdminFault('invalid_input', 'This cannot be registered: see the faults.', faults)
  return server
}

function fieldsOf({ name, scopes, tokenFormat, signingAlg, accessTokenTtlSeconds }: ResourceServer) {
  return {
    name,
    scopes,
    token_format: tokenFormat,
    signing_alg: signingAlg,
    access_token_ttl: `${accessTokenTtlSeconds}s`,
  }
}

function viewOf({ server, source, clients }: Pick<StoredResourceServer, 'server' | 'clients'> & Pick<View, 'source'>): View {
  const { access_token_ttl: _, ...fields } = fieldsOf(server)
  return {
    id: server.id,
    ...fields,
    scopes: { ...server.scopes },
    access_token_ttl_seconds: server.accessTokenTtlSeconds,
    source,
    clients,
    version: versionOf(server),
  }
}

function versionOf(server: ResourceServer): string {
  return hashOf(canonical(server)).slice(0, 22)
}

function notFound(): AdminFault {
  return new AdminFault('not_found', 'There is no API of this indicator.')
}

function taken(): AdminFault {
  return new AdminFault('conflict', 'There is an API of this indicator already.', [{ field: 'id', words: 'is taken' }])
}

function inUse(users: readonly string[]): AdminFault {
  const some = users.slice(0, NAMED_MAX).join(', ')
  const more = users.length > NAMED_MAX ? ` and ${users.length - NAMED_MAX} more` : ''
  return new AdminFault('conflict', `Applications still use it: ${some}${more}. Take it from them first.`)
}
