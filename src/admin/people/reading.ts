import { countOf, passkeyOf } from '../../factors/index.ts'
import { keyOfMessage, markOfMessage, messageRowView } from '../messages/message-row-view.ts'
import type { Handlers } from '../operation.ts'
import type { peopleOperations } from '../specs/people.ts'
import type { PeopleDeps } from './deps.ts'
import { keyOf, markOf, noSuchPerson, personView, summaryOf } from './person-view.ts'
import { readSearch } from './search.ts'

type Reads = Pick<
  typeof peopleOperations,
  'accounts.list' | 'accounts.get' | 'accounts.activity' | 'accounts.messages' | 'accounts.export-one'
>

/** Finding people, and what is known of one. */
export function createReadHandlers(deps: PeopleDeps): Handlers<Reads> {
  const { store, cursors } = deps

  async function addressesOf(id: string) {
    const [proven, claimed] = await Promise.all([deps.addresses.ofAccount(id), store.claimedOf(id)])
    const reasons = await store.suppressed([...proven, ...claimed].map(({ address }) => deps.addressKey(address)))
    const suppressed = (address: (typeof proven)[number]['address']) => reasons.get(deps.addressKey(address)) ?? null
    return [
      ...proven.map(({ kind, address, primary, provenAt, usableFrom, leavesAt }) => ({
        ...{ kind, address, primary, proven_at: provenAt.toISOString(), usable_from: usableFrom.toISOString() },
        ...{ leaves_at: leavesAt?.toISOString() ?? null, suppressed: suppressed(address) },
      })),
      ...claimed.map(({ kind, address }) => ({
        ...{ kind, address, primary: false, proven_at: null, usable_from: null, leaves_at: null },
        suppressed: suppressed(address),
      })),
    ]
  }

  async function factorsOf(id: string) {
    const [own, account] = await Promise.all([deps.kept.ofAccount(id), deps.accounts.find(id)])
    const authenticators = own
      .filter(({ kind, provenAt }) => (kind === 'totp' || kind === 'passkey') && provenAt !== null)
      .map((one) => ({
        authenticator_id: one.id,
        kind: one.kind,
        name: one.label,
        added_at: one.createdAt.toISOString(),
        last_used_at: one.lastUsedAt?.toISOString() ?? null,
        synced: one.kind === 'passkey' ? passkeyOf(one).backedUp : null,
        always_asked: one.kind === 'totp' || (account?.demandsSecond ?? false),
      }))
    return { authenticators, recovery_codes_left: countOf(own).recoveryCodes }
  }

  async function recoveryOf(id: string) {
    const [waiting, account] = await Promise.all([deps.rescues.open(id), deps.accounts.find(id)])
    const rescue = waiting && {
      ...{ started_at: waiting.startedAt.toISOString(), started_by: waiting.startedBy, device: waiting.device },
      ...{ opens_at: waiting.opensAt.toISOString(), lapses_at: waiting.lapsesAt.toISOString(), ready: waiting.ready },
    }
    return { rescue, recovered_at: account?.recoveredAt?.toISOString() ?? null }
  }

  async function accessOf(id: string, now: Date) {
    const [sessions, devices, apps] = await Promise.all([
      deps.sessions.ofAccount(id),
      deps.devices.ofAccount(id, now),
      deps.connections.ofAccount(id),
    ])
    const known = new Set(apps.map(({ clientId }) => clientId)) // a session remembers clients that are gone, and our own pages
    return {
      sessions: sessions.map(({ uid, device, signedInAt, lastSeenAt, clientIds }) => ({
        ...{ session_id: uid, device, signed_in_at: signedInAt.toISOString() },
        ...{ last_seen_at: lastSeenAt.toISOString(), client_ids: clientIds.filter((one) => known.has(one)) },
      })),
      devices: devices.map(({ label, createdAt, lastUsedAt, expiresAt }) => ({
        ...{ name: label, since: createdAt.toISOString() },
        ...{ last_used_at: lastUsedAt.toISOString(), until: expiresAt.toISOString() },
      })),
      apps: apps.map(({ clientId, name, scopes, since, lastUsedAt }) => ({
        ...{ client_id: clientId, name, scopes: [...scopes], since: since.toISOString() },
        last_used_at: lastUsedAt?.toISOString() ?? null,
      })),
    }
  }

  return {
    async 'accounts.list'({ now }, input) {
      const { q, state = null, role = null, limit, cursor } = input
      const search = q?.trim() ? readSearch(q, deps.phoneCountry) : null
      const after = cursor === undefined ? null : markOf(cursors.open('accounts.list', input, cursor))
      const rows = await store.list({ search, state, role }, after, limit + 1, now)
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      return { items: items.map(summaryOf), next: last ? cursors.seal('accounts.list', input, keyOf(last)) : null }
    },

    async 'accounts.get'({ now }, { account_id: id }) {
      const row = await store.find(id, now)
      if (!row) throw noSuchPerson()
      const [addresses, factors, access, recovery] = await Promise.all([
        ...([addressesOf(id), factorsOf(id), accessOf(id, now), recoveryOf(id)] as const),
      ])
      return { ...personView(row), addresses, ...factors, ...access, ...recovery }
    },

    async 'accounts.activity'(_call, input) {
      const { account_id, limit, cursor } = input
      const before = cursor === undefined ? null : cursors.open('accounts.activity', input, cursor)
      const { items, next } = await deps.entriesAbout(account_id, before, limit)
      return { items, next: next && cursors.seal('accounts.activity', input, next) }
    },

    async 'accounts.messages'({ now }, input) {
      const { account_id: id, limit, cursor } = input
      const [own, claimed] = await Promise.all([deps.addresses.ofAccount(id), store.claimedOf(id)])
      const targets = [...own, ...claimed].map(({ address }) => address)
      if (targets.length === 0) return { items: [], next: null }
      const before = cursor === undefined ? null : markOfMessage(cursors.open('accounts.messages', input, cursor))
      const rows = await deps.messages.list({ targets }, before, limit + 1, now)
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      const next = last ? cursors.seal('accounts.messages', input, keyOfMessage(last)) : null
      return { items: items.map(messageRowView), next }
    },

    async 'accounts.export-one'({ actor, now }, { account_id: id }) {
      if (!(await store.find(id, now))) throw noSuchPerson()
      await deps.audit.note('account.exported', { ...actor.who, accountId: id })
      return JSON.parse(JSON.stringify(await deps.exporter(id))) as Record<string, unknown>
    },
  }
}
