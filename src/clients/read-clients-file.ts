import { parseDocument } from 'yaml'
import type { ClientsFile, DeclaredClient, ResourceServer } from './client.ts'
import { clientShape, faultsOf, fileShape, resourceServerShape, TOP } from './file-shape.ts'
import { type ReadingContext, readClient } from './read-client.ts'
import { readResourceServer } from './read-resource-server.ts'

export type ClientsFileResult = { ok: true; file: ClientsFile } | { ok: false; faults: string[] }

/** What surrounds the file: the environment and files that its secrets are named in. */
export interface ClientsFileOptions extends Pick<ReadingContext, 'env' | 'readSecretFile'> {
  /** Trial mode: http on loopback is allowed for every client. */
  trial?: boolean
  /** The admin API, which is built in: clients may name it, and no file declares it. */
  adminApi?: ResourceServer
  /** The service's own lifetimes, which a client's may not exceed. */
  ttlMaxSeconds?: NonNullable<ReadingContext['ttlMaxSeconds']>
}

// Names that reach the prototype of an object instead of a key.
const PROTOTYPE_KEYS = ['__proto__', 'constructor', 'prototype']

/**
 * Reads the clients file (YAML 1.2): `clients` by the names of OpenID Connect registration with Doorward's own
 * switches beside them, and `resource_servers`. Answers all faults at once, each with its place.
 */
export function readClientsFile(text: string, options: ClientsFileOptions): ClientsFileResult {
  const document = parseDocument(text, { logLevel: 'error' })
  const troubles = [...document.errors, ...document.warnings].map(({ code, message }) =>
    code === 'MULTIPLE_DOCS' ? 'the file holds more than one document' : (message.split('\n')[0] ?? message),
  )
  if (troubles.length > 0) return { ok: false, faults: troubles }
  const raw = contentOf(document)
  if ('faults' in raw) return { ok: false, faults: raw.faults }
  const top = fileShape.safeParse(raw.content)
  if (!top.success) return { ok: false, faults: faultsOf(top.error, TOP) }
  const faults: string[] = []
  const { adminApi = null, trial = false, ttlMaxSeconds = null } = options
  const resourceServers = readResourceServers(top.data.resource_servers, adminApi?.id ?? null, faults)
  // A file cut short must not take every client away.
  if (top.data.clients.length === 0) faults.push('clients: the file declares none')
  const resources = new Set([...resourceIdsOf(top.data.resource_servers), ...(adminApi ? [adminApi.id] : [])])
  const context = { ...options, trial, adminApi, ttlMaxSeconds, resources }
  const clients = readClients(top.data.clients, context, faults)
  return faults.length > 0 ? { ok: false, faults } : { ok: true, file: { clients, resourceServers } }
}

function contentOf(document: ReturnType<typeof parseDocument>): { content: unknown } | { faults: string[] } {
  try {
    const content: unknown = document.toJS({ maxAliasCount: 100 })
    const bad = prototypeKeys(content, '')
    return bad.length > 0 ? { faults: bad } : { content }
  } catch {
    return { faults: ['the file repeats itself by too many aliases'] }
  }
}

function readResourceServers(entries: readonly unknown[], builtIn: string | null, faults: string[]): ResourceServer[] {
  const seen = new Set<string>()
  return entries.flatMap((entry, index) => {
    const place = `resource_servers[${index}]`
    const shape = resourceServerShape.safeParse(entry)
    if (!shape.success) {
      faults.push(...faultsOf(shape.error, place))
      return []
    }
    if (seen.has(shape.data.id)) faults.push(`${place}.id: is used twice`)
    if (shape.data.id === builtIn) faults.push(`${place}.id: is the API of this service itself, which is built in`)
    seen.add(shape.data.id)
    return [readResourceServer(shape.data, (key, words) => faults.push(`${place}.${key}: ${words}`))]
  })
}

function readClients(entries: readonly unknown[], context: ReadingContext, faults: string[]): DeclaredClient[] {
  const seen = new Set<string>()
  return entries.flatMap((entry, index) => {
    const place = `clients[${index}]`
    const shape = clientShape.safeParse(entry)
    if (!shape.success) {
      faults.push(...faultsOf(shape.error, place))
      return []
    }
    if (seen.has(shape.data.client_id)) faults.push(`${place}.client_id: is used twice`)
    seen.add(shape.data.client_id)
    return [readClient(shape.data, context, (key, words) => faults.push(`${place}.${key}: ${words}`))]
  })
}

function resourceIdsOf(entries: readonly unknown[]): string[] {
  return entries.flatMap((entry) =>
    typeof entry === 'object' && entry !== null && 'id' in entry && typeof entry.id === 'string' ? [entry.id] : [],
  )
}

function prototypeKeys(value: unknown, place: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => prototypeKeys(item, `${place}[${index}]`))
  if (typeof value !== 'object' || value === null) return []
  return Object.keys(value).flatMap((key) => {
    const at = place ? `${place}.${key}` : key
    return PROTOTYPE_KEYS.includes(key) ? [`${at}: this name is not allowed`] : prototypeKeys(Reflect.get(value, key), at)
  })
}
