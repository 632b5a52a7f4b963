import { isDeepStrictEqual } from 'node:util'
import { newId } from '../base/index.ts'
import type {
  Client,
  ClientSecret,
  ClientsFile,
  Declared,
  DeclaredClient,
  DeclaredSource,
  ResourceServer,
  StoredResourceServer,
} from './client.ts'
import { fieldsOf, livingSecrets } from './fields.ts'

/** What one field was and would be, by the names of the clients file. Secrets show their last four characters. */
export interface FieldChange {
  field: string
  before: unknown
  after: unknown
}

/** What applying the file would do about one entry. */
export interface PlannedEntry {
  kind: 'client' | 'resource_server'
  id: string
  /** `take-over`: somebody registered it otherwise, and the file owns it from now on. `wait`: its secret is not there yet. */
  action: 'create' | 'change' | 'take-over' | 'remove' | 'wait'
  changes: readonly FieldChange[]
  /** What it waits for; null for every other action. */
  words: string | null
}

/** A plan with the rows that carry it out. Waiting clients stay as they are. */
export interface Plan {
  entries: readonly PlannedEntry[]
  save: Declared
  remove: { clients: readonly string[]; resourceServers: readonly string[] }
  /** Clients that are switched off: their codes and tokens end with it, as do those of clients that go. */
  ended: readonly string[]
  /** Clients that lose a secret: a machine's own tokens end with it. */
  replaced: readonly string[]
}

/**
 * Compares what is declared with what is there: what the file owns, and everything else that it names. `ending` are clients
 * that are off or not there, of which something that was granted before is left.
 */
export function planOf(
  before: Declared,
  file: ClientsFile,
  source: DeclaredSource,
  { ending, now }: { ending: readonly string[]; now: Date },
): Plan {
  const clients = compare('client', before.clients, file.clients, (declared, old) => {
    const staysOff = old !== undefined && declared.disabled
    if (ending.includes(declared.id) && !staysOff) return { words: STILL_ENDING }
    const settled = clientFrom(declared, old, source, now)
    return 'words' in settled ? settled : { row: settled, fields: comparable(settled) }
  })
  const resourceServers = compare('resource_server', before.resourceServers, file.resourceServers, (declared) => {
    const row = { ...declared, source }
    return { row, fields: apiFields(row) }
  })
  const old = new Map(before.clients.map((client) => [client.id, client]))
  const switchedOff = clients.save.filter(({ id, disabledAt }) => disabledAt && old.get(id)?.disabledAt === null)
  return {
    entries: [...clients.entries, ...resourceServers.entries],
    save: { clients: clients.save, resourceServers: resourceServers.save },
    remove: { clients: clients.gone, resourceServers: resourceServers.gone },
    ended: switchedOff.map(({ id }) => id),
    replaced: clients.save.filter((client) => losesSecret(old.get(client.id), client, now)).map(({ id }) => id),
  }
}

function losesSecret(old: Client | undefined, client: Client, now: Date): boolean {
  const kept = new Set(client.secrets.map(({ hash }) => hash))
  return old !== undefined && livingSecrets(old, now).some(({ hash }) => !kept.has(hash))
}

type Row = Client | StoredResourceServer
type Settled<R> = { row: R; fields: Record<string, unknown> } | { words: string }

function compare<R extends Row, D extends { id: string }>(
  kind: PlannedEntry['kind'],
  before: readonly R[],
  after: readonly D[],
  settle: (declared: D, old: R | undefined) => Settled<R>,
) {
  const old = new Map(before.map((row) => [row.id, row]))
  const declared = new Set(after.map(({ id }) => id))
  const entries: PlannedEntry[] = []
  const save: R[] = []
  for (const one of after) {
    const was = old.get(one.id)
    const settled = settle(one, was)
    if ('words' in settled) {
      entries.push({ kind, id: one.id, action: 'wait', changes: [], words: settled.words })
      continue
    }
    if (isDeepStrictEqual(was, settled.row)) continue
    save.push(settled.row)
    const changes = changesOf(was ? fieldsOfRow(was) : {}, settled.fields)
    entries.push({ kind, id: one.id, action: actionOf(was), changes, words: null })
  }
  const leaving = before.filter((row) => isDeclared(row) && !declared.has(row.id))
  for (const row of leaving) {
    entries.push({ kind, id: row.id, action: 'remove', changes: changesOf(fieldsOfRow(row), {}), words: null })
  }
  return { entries, save, gone: leaving.map(({ id }) => id) }
}

function actionOf(was: Row | undefined): PlannedEntry['action'] {
  if (!was) return 'create'
  return isDeclared(was) ? 'change' : 'take-over'
}

/** A file owns it, or the demo of a trial, which take each other's place. */
function isDeclared({ source }: Row): boolean {
  return source === 'file' || source === 'trial'
}

/** The client as it is to be stored; or what it waits for. */
function clientFrom(
  declared: DeclaredClient,
  old: Client | undefined,
  source: DeclaredSource,
  now: Date,
): Client | { words: string } {
  const { disabled, secrets, waitsFor, ...registration } = declared
  if (waitsFor !== null) return { words: waitsFor }
  // Where the file names none, those that were made in the console go on.
  const settled = secrets === null ? (old?.secrets ?? []) : secrets.map((one) => secretFrom(one, old, source, now))
  if (secrets === null && settled.length === 0) return { words: NO_SECRET }
  return { ...registration, secrets: settled, source, disabledAt: disabled ? (old?.disabledAt ?? now) : null, expiresAt: null }
}

/** What a client waits for that is looked at again without any change of the file. */
export const STILL_ENDING = 'what was granted to it before is still being ended; it is taken up when that is done'

const NO_SECRET = 'it names no secret by client_secret_env or client_secret_file, and has none from elsewhere'

function secretFrom(
  { hash, hint }: Pick<ClientSecret, 'hash' | 'hint'>,
  old: Client | undefined,
  source: DeclaredSource,
  now: Date,
): ClientSecret {
  const known = old?.secrets.find((one) => one.hash === hash && one.expiresAt === null)
  return known ?? { id: newId(), hash, hint, createdAt: now, expiresAt: null, madeBy: source }
}

function fieldsOfRow(row: Row): Record<string, unknown> {
  return 'metadata' in row ? comparable(row) : apiFields(row)
}

function comparable(client: Client): Record<string, unknown> {
  const { client_id: _id, ...fields } = fieldsOf(client)
  return { ...fields, secrets: client.secrets.map(({ hint }) => `…${hint}`), source: client.source }
}

function apiFields({ id: _id, source, ...api }: ResourceServer & Pick<StoredResourceServer, 'source'>): Record<string, unknown> {
  return {
    name: api.name,
    scopes: api.scopes,
    token_format: api.tokenFormat,
    signing_alg: api.signingAlg,
    access_token_ttl: `${api.accessTokenTtlSeconds}s`,
    source,
  }
}

/** Which fields differ, by name. What is missing on one side is null there. */
export function changesOf(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): FieldChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((field) => {
    const [was, is] = [before[field] ?? null, after[field] ?? null]
    return isDeepStrictEqual(was, is) ? [] : [{ field, before: was, after: is }]
  })
}
