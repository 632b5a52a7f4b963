import type { FieldFault, OperationName, OperationSpec } from '../admin/index.ts'
import type { Door, DoorOptions, Input } from './door.ts'
import { CommandFault, exitOfStatus } from './exits.ts'
import { pathNames, specs } from './fields.ts'
import { isRecord } from './print.ts'

const API = '/admin/api/v1'
const TIMEOUT_MS = 60_000

export interface RemoteOptions {
  /** Where the API is: an origin. */
  url: string
  issuer: string
  /** A token that is good now; asked for before each request. */
  token(): Promise<string>
}

/** The operations over the REST API. A token goes to `url` alone: no redirect is followed. */
export function openRemote({ url, issuer, token }: RemoteOptions): Door {
  async function perform(name: OperationName, input: Input, options: DoorOptions = {}): Promise<unknown> {
    const spec = specs.get(name)
    if (!spec) throw new Error(`there is no operation ${name}`)
    const { path, body } = requestOf(spec, input)
    const headers: Record<string, string> = { authorization: `Bearer ${await token()}`, accept: 'application/json' }
    if (body !== null) headers['content-type'] = 'application/json'
    if (options.ifMatch) headers['if-match'] = `"${options.ifMatch}"`
    if (options.idempotencyKey) headers['idempotency-key'] = options.idempotencyKey
    const response = await exchange(`${url}${API}${path}`, { method: spec.method, headers, body })
    return answerOf(response)
  }

  return { issuer, perform, close: async () => {} }
}

/** The operation as a request: path and query, and the JSON body of what is no GET. */
function requestOf(spec: OperationSpec, input: Input): { path: string; body: string | null } {
  const names = pathNames(spec)
  const path = spec.path.replace(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(String(input[name] ?? '')))
  const rest = Object.entries(input).filter(([name, value]) => !names.includes(name) && value !== undefined)
  if (spec.method !== 'GET') return { path, body: rest.length > 0 ? JSON.stringify(Object.fromEntries(rest)) : null }
  const query = new URLSearchParams(Object.fromEntries(rest.map(([name, value]) => [name, String(value)])))
  return { path: rest.length > 0 ? `${path}?${query}` : path, body: null }
}

async function exchange(url: string, init: { method: string; headers: Record<string, string>; body: string | null }) {
  try {
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (cause) {
    throw new CommandFault('unreachable', `${new URL(url).origin} was not reached: ${reasonOf(cause)}`, { cause })
  }
}

async function answerOf(response: Response): Promise<unknown> {
  const text = await response.text().catch(() => '')
  const value = jsonOrNull(text)
  if (response.ok && value !== null) return value
  if (!isRecord(value)) {
    throw new CommandFault(exitOfStatus(response.status), `the answer was ${response.status}, and not one of this API`)
  }
  const words = [value.detail ?? value.title, value.instance ? `(${value.instance})` : ''].filter(Boolean).join(' ')
  throw new CommandFault(exitOfStatus(response.status), String(words || `refused with ${response.status}`), {
    faults: Array.isArray(value.faults) ? value.faults.filter(isFieldFault) : [],
  })
}

function isFieldFault(value: unknown): value is FieldFault {
  return isRecord(value) && typeof value.field === 'string' && typeof value.words === 'string'
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Why there was no answer: the system's name for it where it has one. */
export function reasonOf(error: unknown): string {
  const { cause, code, message, name } = error as { cause?: unknown; code?: unknown; message?: unknown; name?: unknown }
  if (name === 'TimeoutError') return 'no answer in time'
  if (typeof code === 'string') return code
  return cause ? reasonOf(cause) : String(message ?? error)
}
