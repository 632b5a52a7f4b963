import { type ClientsFile, type DeclaredClient, readClientsFile } from '../../src/clients/index.ts'

export const SECRET = 'one-secret-of-at-least-32-characters'
export const NEXT_SECRET = 'the-next-secret-which-is-long-enough'
export const ENV = { APP_SECRET: SECRET, NEXT_SECRET, SHORT: SECRET.slice(0, 31), EXACT: SECRET.slice(0, 32), EMPTY: '' }
export const WEB = { client_id: 'shop', client_secret_env: 'APP_SECRET', redirect_uris: ['https://shop.example/callback'] }
export const PUBLIC = { ...WEB, client_secret_env: undefined, token_endpoint_auth_method: 'none' }
export const NATIVE = { ...PUBLIC, application_type: 'native' }
export const API = { id: 'https://api.example', name: 'Orders', scopes: { 'orders:read': 'See your orders' } }

export type Entry = Record<string, unknown>

// JSON is YAML, so entries can be written as objects.
export function read(clients: Entry[], options: { apis?: Entry[]; trial?: boolean; files?: (path: string) => string } = {}) {
  const text = JSON.stringify({ clients, ...(options.apis ? { resource_servers: options.apis } : {}) })
  const readSecretFile = options.files ?? (() => Promise.reject(new Error('none')) as never)
  return readClientsFile(text, { env: ENV, readSecretFile, trial: options.trial ?? false })
}

export function fileOf(...args: Parameters<typeof read>): ClientsFile {
  const result = read(...args)
  if (!result.ok) throw new Error(result.faults.join('\n'))
  return result.file
}

export function clientOf(entry: Entry, options: Parameters<typeof read>[1] = {}): DeclaredClient {
  return fileOf([entry], options).clients[0] as DeclaredClient
}

export function faults(entry: Entry, options: Parameters<typeof read>[1] = {}): string[] {
  const result = read([entry], options)
  return result.ok ? [] : result.faults
}
