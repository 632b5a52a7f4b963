import type { OutputOf } from '../../../admin/index.ts'
import { meaningOf } from '../../../audit/index.ts'
import type { ConsolePeopleViews, PersonEvent, Text } from '../../../text/index.ts'
import { recordedDevice } from '../../account/screens/recorded-device.ts'
import { personPath } from '../paths.ts'
import { momentOf } from './called.ts'
import { suppressedWords } from './message-rows.ts'

export type Person = OutputOf<'accounts.get'>
type View = ConsolePeopleViews['console-person']

/** What may be done to this person; what may not has no link. */
export interface PersonRights {
  change: boolean
  /** It is their own page. */
  own: boolean
  lift: boolean
}

/** The parts of a person's page. */
export function personRows(person: Person, rights: PersonRights, now: Date, text: Pick<Text, 'say'>, locale: string) {
  const names = new Map(person.apps.map((app) => [app.client_id, app.name]))
  const below = (allowed: boolean, ...path: string[]) => (allowed ? personPath(person.account_id, ...path) : null)
  // What has come about already goes without saying.
  const later = (iso: string | null) => {
    const at = momentOf(iso)
    return at && at > now ? at : null
  }

  return {
    addresses: person.addresses.map((one, index) => ({
      kind: one.kind,
      address: one.address,
      primary: one.primary,
      provenAt: momentOf(one.proven_at),
      usableFrom: later(one.usable_from),
      leavesAt: momentOf(one.leaves_at),
      suppressed: one.suppressed === null ? null : suppressedWords(one.suppressed),
      liftUrl: below(rights.lift && one.suppressed !== null, 'addresses', String(index), 'lift'),
    })),
    factors: person.authenticators.map((one) => ({
      kind: one.kind === 'totp' || one.kind === 'passkey' ? one.kind : 'other',
      synced: one.synced,
      name: one.name,
      addedAt: new Date(one.added_at),
      lastUsedAt: momentOf(one.last_used_at),
      removeUrl: below(rights.change, 'authenticators', one.authenticator_id, 'remove'),
    })),
    rescue: person.rescue && {
      by: person.rescue.started_by,
      device: recordedDevice(text, person.rescue.device, locale),
      startedAt: new Date(person.rescue.started_at),
      opensAt: new Date(person.rescue.opens_at),
      lapsesAt: new Date(person.rescue.lapses_at),
      ready: person.rescue.ready,
      shortenUrl: below(rights.change && !rights.own && !person.rescue.ready, 'rescue', 'shorten'),
      cancelUrl: below(rights.change, 'rescue', 'cancel'),
    },
    recoveredAt: momentOf(person.recovered_at),
    codesLeft: person.authenticators.some((one) => one.always_asked) ? person.recovery_codes_left : null,
    sessions: person.sessions.map((one) => ({
      device: recordedDevice(text, one.device, locale),
      since: new Date(one.signed_in_at),
      lastSeenAt: new Date(one.last_seen_at),
      apps: one.client_ids.map((id) => names.get(id) ?? id).join(', '),
      endUrl: below(rights.change, 'sessions', one.session_id, 'end'),
    })),
    devices: person.devices.map((one) => ({
      name: recordedDevice(text, one.name, locale),
      until: new Date(one.until),
      lastUsedAt: new Date(one.last_used_at),
    })),
    apps: person.apps.map((one) => ({
      id: one.client_id,
      name: one.name,
      letter: ([...one.name][0] ?? '').toUpperCase(),
      scopes: one.scopes.join(' '),
      since: new Date(one.since),
      lastUsedAt: momentOf(one.last_used_at),
      revokeUrl: below(rights.change, 'apps', one.client_id, 'revoke'),
    })),
    profile: Object.entries(person.profile).map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    })),
  } satisfies Partial<View>
}

/** Events that a person's page tells in words; the others go by their names. */
const TOLD: readonly string[] = [
  'account.closing',
  'account.created',
  'account.exported',
  'account.imported',
  'account.kept',
  'account.resumed',
  'account.suspended',
  'address.added',
  'address.change_asked',
  'address.kept',
  'address.proof_given',
  'address.proof_started',
  'address.proven',
  'address.released',
  'address.died',
  'address.revived',
  'address.removed',
  'administrator.granted',
  'administrator.revoked',
  'codes.replaced',
  'consent.cancelled',
  'consent.granted',
  'consent.revoked',
  'device.forgotten',
  'device.new',
  'factor.added',
  'factor.removed',
  'invitation.accepted',
  'message.bounced',
  'message.deferred',
  'message.delivered',
  'message.expired',
  'message.handed_over',
  'message.queued',
  'message.refused',
  'message.retried',
  'notice.objected',
  'profile.changed',
  'rescue.completed',
  'rescue.disowned',
  'rescue.lapsed',
  'rescue.shortened',
  'rescue.started',
  'rescue.stopped',
  'session.ended',
  'sign_in.code_closed',
  'sign_in.code_wrong',
  'sign_in.completed',
  'sign_in.digits_named',
  'sign_in.link_printed',
  'sign_in.proven',
  'sign_in.refused',
  'sign_in.second_asked',
  'sign_in.second_needed',
  'sign_in.second_started',
  'sign_in.started',
  'sign_in.unmet',
  'token.issued',
  'token.refreshed',
  'token.reuse_detected',
  'token.revoked',
]

/** What happened to a person, as their page shows it. */
export function personEvents(
  entries: OutputOf<'accounts.activity'>['items'],
  names: ReadonlyMap<string, string>,
  text: Pick<Text, 'say'>,
  locale: string,
): PersonEvent[] {
  // What somebody else did came from their device; tokens are asked for by the application's server. Neither is the person's.
  const byOther = ({ actor_id, account_id }: (typeof entries)[number]) => actor_id !== null && actor_id !== account_id
  return entries.map((entry) => ({
    at: new Date(entry.at),
    key: TOLD.includes(entry.event) ? entry.event.replace('.', '_') : null,
    event: entry.event,
    warn: meaningOf(entry.event)?.warn ?? false,
    client: entry.client_id === null ? '' : (names.get(entry.client_id) ?? entry.client_id),
    byAdministrator: byOther(entry),
    device:
      entry.device === null || byOther(entry) || entry.event.startsWith('token.')
        ? ''
        : recordedDevice(text, entry.device, locale),
  }))
}
