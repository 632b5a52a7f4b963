import type { Account, Addresses } from '../accounts/index.ts'
import type { Trail } from '../audit/index.ts'
import type { Address, AddressKind, Clock } from '../base/index.ts'
import { countOf, type KeptFactors, passkeyOf } from '../factors/index.ts'
import type { AppAccess, SignedInSession } from './deps.ts'

/** What is kept of an account's rescues, newest first; of administrators only that it was one. */
export interface RescueHistory {
  /** None begins until then. */
  lockedUntil: Date | null
  rescues: {
    state: string
    byAdministrator: boolean
    clientId: string
    /** The one that was proven at the begin. */
    address: string | null
    device: string
    startedAt: Date
    opensAt: Date
    lapsesAt: Date
    endedAt: Date | null
    endedBy: string | null
  }[]
}

export interface ExporterDeps {
  accounts: { find(id: string): Promise<Account | null> }
  addresses: Pick<Addresses, 'ofAccount'>
  /** Addresses that an import said of somebody, and that nobody has proven. */
  claimed: { ofAccount(accountId: string): Promise<{ kind: AddressKind; address: Address }[]> }
  kept: Pick<KeptFactors, 'ofAccount'>
  sessions: { ofAccount(accountId: string): Promise<SignedInSession[]> }
  connections: { ofAccount(accountId: string): Promise<AppAccess[]> }
  devices: {
    ofAccount(accountId: string, now: Date): Promise<{ label: string; createdAt: Date; lastUsedAt: Date; expiresAt: Date }[]>
  }
  rescues: { ofAccount(accountId: string): Promise<RescueHistory> }
  trail: Pick<Trail, 'entriesOf'>
  clock: Clock
}

/**
 * All that is kept about a person, as one JSON object: times in ISO 8601, names as in the API. Secrets are not
 * among it: of an authenticator its name, of recovery codes their number. Nobody without an account has any.
 */
export function createExporter(deps: ExporterDeps) {
  return async (accountId: string): Promise<Readonly<Record<string, unknown>>> => {
    const account = await deps.accounts.find(accountId)
    if (!account) return {}
    const [addresses, claimed, credentials, sessions, apps, devices, rescues, activity] = await Promise.all([
      deps.addresses.ofAccount(accountId),
      deps.claimed.ofAccount(accountId),
      deps.kept.ofAccount(accountId),
      deps.sessions.ofAccount(accountId),
      deps.connections.ofAccount(accountId),
      deps.devices.ofAccount(accountId, deps.clock.now()),
      deps.rescues.ofAccount(accountId),
      deps.trail.entriesOf(accountId),
    ])
    const { id, state, profile, locale, createdAt, closingAt, recoveredAt, recoveryStartedAt } = account
    return {
      exported_at: deps.clock.now(),
      account: {
        ...{ sub: id, state, created_at: createdAt, locale, profile, closing_at: closingAt, recovered_at: recoveredAt },
        ...{ recovery_started_at: recoveryStartedAt, no_rescue_until: rescues.lockedUntil },
      },
      addresses: addresses.map((one) => ({
        ...{ kind: one.kind, address: one.address, primary: one.primary, proven_at: one.provenAt },
        ...{ usable_from: one.usableFrom, primary_from: one.primaryFrom, leaves_at: one.leavesAt, dead_since: one.deadSince },
      })),
      addresses_not_proven: claimed.map(({ kind, address }) => ({ kind, address })),
      authenticators: credentials
        .filter(({ kind, provenAt }) => (kind === 'totp' || kind === 'passkey') && provenAt !== null)
        .map((one) => ({
          ...{ kind: one.kind, name: one.label, added_at: one.createdAt, last_used_at: one.lastUsedAt },
          ...(one.kind === 'passkey' && { synced: passkeyOf(one).backedUp }),
        })),
      passkey_always_asked: account.demandsSecond,
      recovery_codes_left: countOf(credentials).recoveryCodes,
      sessions: sessions.map((one) => ({
        ...{ device: one.device, signed_in_at: one.signedInAt, last_seen_at: one.lastSeenAt, client_ids: one.clientIds },
      })),
      remembered_devices: devices.map(({ label, createdAt: since, lastUsedAt, expiresAt }) => ({
        ...{ device: label, since, last_used_at: lastUsedAt, until: expiresAt },
      })),
      apps: apps.map((app) => ({
        ...{ client_id: app.clientId, name: app.name, scopes: app.scopes, resources: app.resources },
        ...{ since: app.since, last_used_at: app.lastUsedAt, offline: app.offline, first_party: app.firstParty },
      })),
      rescues: rescues.rescues.map((one) => ({
        ...{ state: one.state, started_by: one.byAdministrator ? 'administrator' : 'person', client_id: one.clientId },
        ...{ address: one.address, device: one.device, started_at: one.startedAt, opens_at: one.opensAt },
        ...{ lapses_at: one.lapsesAt, ended_at: one.endedAt, ended_by: one.endedBy },
      })),
      activity: activity.map(({ at, event, clientId, device, detail }) => ({ at, event, client_id: clientId, device, detail })),
    }
  }
}
