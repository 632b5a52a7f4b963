import type { Middleware } from 'koa'
import type { OutputOf } from '../../../admin/index.ts'
import type { ConsoleClientViews, SecretRow } from '../../../text/index.ts'
import { clientPath, PATHS, withQuery } from '../paths.ts'
import { may } from '../visit.ts'
import { type ClientView, createClientAtHand } from './client-at-hand.ts'
import { CLIENT_SECTIONS, type ClientSection, type FieldSpec, fieldsIn } from './client-fields.ts'
import { clientRow, isSoon } from './client-rows.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { changeRow, type Say, shownValue } from './form.ts'

type Props = ConsoleClientViews['console-client']

/** One client: what is registered, by sections, its secrets, and what can be done with it. */
export function createClientScreens(deps: ConsoleScreenDeps) {
  const { visits, shell, admin, clock } = deps
  const atHand = createClientAtHand(deps)

  const show: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const client = await atHand.of(ctx, visit)
    const { client_id } = client
    const [impact, snippets, file] = await Promise.all([
      admin.perform('clients.impact', visit.actor, { client_id }),
      admin.perform('clients.snippets', visit.actor, { client_id }),
      admin.perform('clients-file.show', visit.actor, {}),
    ])
    const say = atHand.sayer(visit)
    const own = client.source === 'console'
    const now = clock.now()
    const path = (...below: string[]) => clientPath(client_id, ...below)
    const changeable = own && may(visit, 'clients.update')
    visits.show(ctx, visit, 'console-client', {
      shell: shell.of(ctx, visit, 'clients'),
      client: clientRow(client, now),
      sections: sectionsOf(client, { say, editUrl: (section) => (changeable ? path('edit', section) : null) }),
      warnings: client.warnings,
      contacts: contactRows(client),
      drift: driftOf(client_id, file, say),
      secrets: secretRows(client, { now, retireUrl: (id) => (changeable ? path('secrets', id, 'retire') : null) }),
      usesSecrets: usesSecrets(client),
      newSecretUrl: changeable && usesSecrets(client) && !client.disabled ? path('new-secret') : null,
      snippets: snippets.items.map(({ library, language, text }) => ({ library, language, body: { text } })),
      people: impact.people_30_days,
      createdAt: new Date(client.created_at),
      updatedAt: new Date(client.updated_at),
      tryUrl: client.kind !== 'machine' && !client.disabled && may(visit, 'clients.try') ? path('try') : null,
      switchUrl: own && may(visit, 'clients.disable') ? path(client.disabled ? 'enable' : 'disable') : null,
      deleteUrl: own && may(visit, 'clients.delete') ? path('delete') : null,
      auditUrl: may(visit, 'audit.list') ? withQuery(PATHS.audit, { client: client_id }) : null,
    })
  }

  return { show }
}

/** Whether the client proves itself by a secret. */
function usesSecrets({ fields }: ClientView): boolean {
  return String(fields.token_endpoint_auth_method).startsWith('client_secret')
}

function sectionsOf(
  { kind, fields }: ClientView,
  { say, editUrl }: { say: Say; editUrl(section: ClientSection): string | null },
): Props['sections'] {
  const names = Object.keys(CLIENT_SECTIONS) as ClientSection[]
  return names.map((name) => ({
    name,
    facts: fieldsIn(name, kind)
      .filter((spec) => isWorthSaying(spec, fields[spec.name]))
      .map((spec) => ({
        label: say(`field.${spec.name}.label`),
        value: { text: shownValue(fields[spec.name], spec, say) },
        mono: (spec.mono ?? false) || spec.name === 'resources' || spec.name === 'introspects',
      })),
    editUrl: editUrl(name),
  }))
}

/** What most clients leave open is not told where it is. */
const OFTEN_OPEN = [
  ...['policy_uri', 'tos_uri', 'contacts', 'color', 'logo_uri', 'initiate_login_uri', 'cors_origins', 'made_by'],
  ...['default_max_age', 'require_auth_time', 'access_token_ttl', 'id_token_ttl', 'refresh_token_ttl', 'introspects'],
  ...[
    'admin_scopes',
    'jwks_uri',
    'jwks',
    'methods',
    'rescue_delay',
    'backchannel_logout_uri',
    'backchannel_logout_session_required',
  ],
]

function isWorthSaying({ name }: FieldSpec, value: unknown): boolean {
  const open = value === null || value === undefined || value === false || (Array.isArray(value) && value.length === 0)
  return !open || !OFTEN_OPEN.includes(name)
}

function secretRows(
  { secrets }: ClientView,
  { now, retireUrl }: { now: Date; retireUrl(id: string): string | null },
): SecretRow[] {
  return secrets.map(({ secret_id, hint, created_at, expires_at, made_by }) => {
    const expiresAt = expires_at === null ? null : new Date(expires_at)
    return {
      id: secret_id,
      hint,
      createdAt: new Date(created_at),
      expiresAt,
      soon: expiresAt !== null && isSoon(expiresAt, now),
      madeBy: made_by,
      retireUrl: retireUrl(secret_id),
    }
  })
}

const CONTACT_WORDS = ['timeout', 'address_not_allowed', 'redirected', 'too_large', 'name_not_found', 'certificate', 'no_keys']

function contactRows({ contacts }: ClientView): Props['contacts'] {
  return contacts.map(({ purpose, last_ok_at, failed_at, failures, reason }) => ({
    kind: purpose,
    failures,
    okAt: last_ok_at === null ? null : new Date(last_ok_at),
    failedAt: failed_at === null ? null : new Date(failed_at),
    why: why(reason ?? ''),
    status: /^status_(\d{3})$/.exec(reason ?? '')?.[1] ?? '',
  }))
}

function why(reason: string): Props['contacts'][number]['why'] {
  if (reason.startsWith('status_')) return 'status'
  return (CONTACT_WORDS.find((word) => word === reason) ?? 'other') as Props['contacts'][number]['why']
}

function driftOf(clientId: string, { drift }: OutputOf<'clients-file.show'>, say: Say): Props['drift'] {
  const specs: readonly FieldSpec[] = Object.values(CLIENT_SECTIONS).flat()
  const own = drift.find(({ id }) => id === clientId)
  return own?.changes.map((change) => changeRow(change, specs, say)) ?? []
}
