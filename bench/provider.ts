import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import type { BenchClients } from './clients.ts'
import { type Contender, createWorker } from './contenders.ts'
import { ENDPOINTS, type Endpoints, type Target } from './http.ts'
import { operations } from './operations.ts'

const NAMES = operations.filter(({ at }) => at.includes('other')).map(({ name }) => name)
const path = z.string().startsWith('/')
const secret = z.union([z.string(), z.strictObject({ env: z.string() })])

const shape = z.strictObject({
  name: z.string(),
  issuer: z.url(),
  /** Where requests go, as behind a proxy that ends TLS. Left out: to the issuer. */
  connect: z.url().optional(),
  /** Left out: those of the discovery document. */
  endpoints: z
    .strictObject({ jwks: path, authorization: path, token: path, userinfo: path, introspection: path })
    .partial()
    .default({}),
  clients: z.strictObject({
    web: z.strictObject({ id: z.string(), secret, redirect_uri: z.string() }),
    machine: z.strictObject({ id: z.string(), secret }).optional(),
  }),
  /** A browser that is signed in: its `Cookie` header. Left out: the provider signs in whoever asks. */
  cookie: z.string().optional(),
  operations: z.array(z.enum(NAMES)).min(1),
  /** The server's process on this machine, whose CPU and memory are read. Left out: they are not known. */
  pid: z.int().positive().optional(),
})

export type ProviderFile = z.output<typeof shape>

/** @throws with every fault of the file */
export function readProvider(yaml: string): ProviderFile {
  const read = shape.safeParse(parse(yaml))
  if (!read.success) throw new Error(z.prettifyError(read.error))
  return read.data
}

/** Another provider, running already, with the clients that will drive it. */
export async function connectToProvider(file: string, concurrency: number): Promise<Contender> {
  const provider = readProvider(readFileSync(file, 'utf8'))
  const target = await targetOf(provider)
  const clients = clientsOf(provider)
  const cookies = (provider.cookie?.split(/; */) ?? []).map((cookie) => `${cookie}; Path=/`)
  return {
    ...{ name: 'other', words: provider.name, target, database: null, guardKey: null, starting: null },
    process: { pid: provider.pid ?? Number.NaN, readySeconds: Number.NaN, stop: async () => {} },
    workers: Array.from({ length: concurrency }, (_, index) => createWorker(index, target, clients, null, cookies)),
    leavesOut: ({ name }) => !provider.operations.includes(name),
  }
}

async function targetOf({ issuer, connect, endpoints }: ProviderFile): Promise<Target> {
  const { pathname, origin } = new URL(issuer)
  const discovery = `${pathname.replace(/\/$/, '')}${ENDPOINTS.discovery}`
  const own = Object.fromEntries(Object.entries(endpoints).filter(([, told]) => told !== undefined))
  const target: Target = { issuer, connect: connect ?? origin, endpoints: { ...ENDPOINTS, discovery } }
  const worker = createWorker(0, target, NOBODY, null)
  const { status, text } = await worker.application.get(discovery)
  if (status !== 200) throw new Error(`${discovery} was answered with ${status}`)
  const found = JSON.parse(text) as Record<string, string>
  worker.application.reconnect()
  const named = Object.entries(MEMBERS).flatMap(([name, member]) => {
    const url = found[member]
    return url ? [[name, pathOn(origin, url)]] : []
  })
  return { ...target, endpoints: { ...target.endpoints, ...Object.fromEntries(named), ...own } }
}

// OpenID Connect Discovery §3, RFC 8414 §2.
const MEMBERS: Record<Exclude<keyof Endpoints, 'discovery'>, string> = {
  jwks: 'jwks_uri',
  authorization: 'authorization_endpoint',
  token: 'token_endpoint',
  userinfo: 'userinfo_endpoint',
  introspection: 'introspection_endpoint',
}

function pathOn(origin: string, url: string): string {
  const endpoint = new URL(url)
  if (endpoint.origin !== origin) throw new Error(`${url} is not on the origin of the issuer`)
  return endpoint.pathname
}

const NOBODY: BenchClients = {
  web: { id: '', secret: '', redirectUri: '' },
  machine: { id: '', secret: '', redirectUri: null },
  secure: { id: '', secret: '', redirectUri: '' },
}

function clientsOf({ clients: { web, machine } }: ProviderFile): BenchClients {
  return {
    ...NOBODY,
    web: { id: web.id, secret: secretOf(web.secret), redirectUri: web.redirect_uri },
    ...(machine ? { machine: { id: machine.id, secret: secretOf(machine.secret), redirectUri: null } } : {}),
  }
}

function secretOf(told: string | { env: string }): string {
  const found = typeof told === 'string' ? told : process.env[told.env]
  if (!found) throw new Error(`the environment has no ${(told as { env: string }).env}`)
  return found
}
