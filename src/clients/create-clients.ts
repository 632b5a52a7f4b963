import { type Clock, hashOf, type Log, sameText, type Tx } from '../base/index.ts'
import type { Client, ClientStore, ClientsFile, Declared, DeclaredSource, Ids, ResourceServer } from './client.ts'
import { createMemory } from './memory.ts'
import { type Plan, type PlannedEntry, planOf } from './plan.ts'

const KEPT_MS = 5000
const KEPT_MAX = 1000

export interface Clients {
  /** The client of this id, at most 5 s old; `null` where there is none. */
  find(id: string): Promise<Client | null>
  /** The resource server of this indicator, compared as an exact string; at most 5 s old. */
  resourceServer(id: string): Promise<ResourceServer | null>
  resourceServers(): Promise<ResourceServer[]>
  /** Whether this is one of the client's secrets that has not ended; takes the same time whichever it is. */
  secretMatches(client: Client, presented: string): boolean
  /** What `apply` would do now. Changes nothing. */
  plan(file: ClientsFile, source: DeclaredSource): Promise<readonly PlannedEntry[]>
  /**
   * Makes the declared registrations equal to the file: adds, changes, takes over what was registered otherwise, and
   * removes what it no longer holds. Clients whose secret is not there yet stay as they are. Demo registrations of a
   * trial and those of a file take each other's place. Applying a file twice changes nothing. `digest` is kept as that
   * of the file that was applied last.
   */
  apply(tx: Tx, file: ClientsFile, source: DeclaredSource, digest?: string): Promise<Applied>
  /** Leaves what a file has declared to those who administer: it stays as it is. Answers what it was. */
  release(tx: Tx): Promise<Ids>
  /** Forgets what was kept in the process; the next `find` asks the store. */
  forget(): void
}

/** How many registrations were touched: clients and resource servers together. */
export interface Applied {
  created: number
  updated: number
  removed: number
  /** What was done, for the trail: how many, and of each its id and the names of its fields; null where nothing was. */
  change: string | null
  /** Clients whose secret is not there yet, and which. */
  waiting: readonly { id: string; words: string }[]
}

/** Clients and resource servers as they stand in the store, kept in the process for a few seconds. */
export function createClients(deps: {
  store: ClientStore
  /** Clients that are built in; they stand in no table. */
  own?: readonly Client[]
  /** Resource servers that are built in. */
  ownApis?: readonly ResourceServer[]
  clock: Clock
  log: Log
}): Clients {
  const { store, clock, log } = deps
  const own = new Map(deps.own?.map((client) => [client.id, client]))
  // Apart, so that a flood of unknown ids cannot push out the clients that exist.
  const known = createMemory<Client>({ clock, keptMs: KEPT_MS, keptMax: KEPT_MAX })
  const unknown = createMemory<null>({ clock, keptMs: KEPT_MS, keptMax: KEPT_MAX })
  /** How often everything was forgotten. */
  let forgotten = 0
  const apis = createMemory<ResourceServer[]>({ clock, keptMs: KEPT_MS, keptMax: 1 })

  async function find(id: string): Promise<Client | null> {
    if (!/^[\x21-\x7e]{1,200}$/.test(id)) return null
    const kept = own.get(id) ?? known.get(id) ?? unknown.get(id)
    if (kept !== undefined) return kept
    const asked = forgotten
    const found = await store.findClient(id)
    // What was read before a change must not be kept after it was told of.
    if (asked !== forgotten) return found
    if (found) known.set(id, found)
    else unknown.set(id, null)
    return found
  }

  async function resourceServers(): Promise<ResourceServer[]> {
    const kept = apis.get('all')
    if (kept) return kept
    const asked = forgotten
    const found = [...(deps.ownApis ?? []), ...(await store.listResourceServers())]
    if (asked === forgotten) apis.set('all', found)
    return found
  }

  function forget(): void {
    forgotten += 1
    for (const memory of [known, unknown, apis]) memory.clear()
  }

  async function plan(file: ClientsFile, source: DeclaredSource): Promise<readonly PlannedEntry[]> {
    const before = await store.findDeclared(idsOf(file))
    const ending = await store.ending(notOn(before, file))
    return planOf(before, file, source, { ending, now: clock.now() }).entries
  }

  async function apply(tx: Tx, file: ClientsFile, source: DeclaredSource, digest?: string): Promise<Applied> {
    const now = clock.now()
    const before = await store.lockDeclared(tx, idsOf(file))
    const ending = await store.endTokens(tx, notOn(before, file), now)
    const { entries, save, remove, ended, replaced } = planOf(before, file, source, { ending, now })
    await store.save(tx, save, now)
    await store.remove(tx, remove, now)
    await store.endTokens(tx, ended, now)
    if (replaced.length > 0) await store.endOwnTokens(tx, replaced)
    if (digest !== undefined) await store.noteApplied(tx, digest, now)
    const applied = appliedOf(entries)
    const { waiting, change: _words, ...counts } = applied
    store.afterCommit(tx, () => {
      forget()
      log.info({ source, ...counts, waiting: waiting.map(({ id }) => id) }, 'clients applied')
    })
    return applied
  }

  async function release(tx: Tx): Promise<Ids> {
    const released = await store.release(tx, clock.now())
    store.afterCommit(tx, forget)
    return released
  }

  return {
    find,
    resourceServer: async (id) => (await resourceServers()).find((one) => one.id === id) ?? null,
    resourceServers,
    secretMatches: (client, presented) => secretMatches(client, presented, clock.now()),
    plan,
    apply,
    release,
    forget,
  }
}

function secretMatches({ secrets }: Client, presented: string, now: Date): boolean {
  const hash = hashOf(presented)
  // Every hash is compared, so that the time does not tell which one matched.
  return secrets.reduce((matched, one) => {
    const same = sameText(one.hash, hash)
    return (same && (one.expiresAt === null || one.expiresAt > now)) || matched
  }, false)
}

function idsOf({ clients, resourceServers }: ClientsFile): Ids {
  return { clients: clients.map(({ id }) => id), resourceServers: resourceServers.map(({ id }) => id) }
}

/** What is declared and not there, or switched off: nothing that was granted to it before may count again. */
function notOn(before: Declared, { clients }: ClientsFile): string[] {
  const on = new Set(before.clients.flatMap(({ id, disabledAt }) => (disabledAt ? [] : [id])))
  return clients.map(({ id }) => id).filter((id) => !on.has(id))
}

function appliedOf(entries: Plan['entries']): Applied {
  const count = (...actions: PlannedEntry['action'][]) => entries.filter(({ action }) => actions.includes(action)).length
  const counts = { created: count('create'), updated: count('change', 'take-over'), removed: count('remove') }
  return {
    ...counts,
    change: changeInWords(entries, counts),
    waiting: entries.flatMap(({ id, words }) => (words === null ? [] : [{ id, words }])),
  }
}

const CHANGE_CHARACTERS_MAX = 2000
const DONE = { create: 'created', change: 'changed', 'take-over': 'taken over', remove: 'removed', wait: '' } as const

/** Such as `1 created, 1 updated, 0 removed: wiki created; shop changed (client_name, redirect_uris)`. */
function changeInWords(
  entries: Plan['entries'],
  { created, updated, removed }: Omit<Applied, 'change' | 'waiting'>,
): string | null {
  const done = entries.filter(({ action }) => action !== 'wait')
  if (done.length === 0) return null
  const each = done.map(({ id, action, changes }) => {
    const fields = action === 'change' || action === 'take-over' ? ` (${changes.map(({ field }) => field).join(', ')})` : ''
    return `${id} ${DONE[action]}${fields}`
  })
  const words = `${created} created, ${updated} updated, ${removed} removed: ${each.join('; ')}`
  return words.length > CHANGE_CHARACTERS_MAX ? `${words.slice(0, CHANGE_CHARACTERS_MAX - 1)}…` : words
}
