import { ADMIN_SCOPES } from '../../../admin/index.ts'
import type { ClientKind, FieldView } from '../../../text/index.ts'

/** How a field of a registration stands in a form. Its name is that of the clients file. */
export interface FieldSpec {
  name: string
  type: FieldView['type']
  /** An address, an id, or the like. */
  mono?: true
  /** Lines that a text area shows. */
  rows?: number
  /** Of `choice` and `ticks`. An empty one leaves the field at its default. */
  options?: readonly string[]
  /** Only for these kinds; for all others too when it is absent. */
  kinds?: readonly ClientKind[]
  /** A whole number. */
  number?: true
  /** One value of several words, in place of a list. */
  joined?: true
  /** JSON. */
  json?: true
}

const PEOPLE: readonly ClientKind[] = ['web', 'spa', 'native']
const MACHINE: readonly ClientKind[] = ['machine']

const address = (name: string): FieldSpec => ({ name, type: 'line', mono: true })
const duration = (name: string, kinds?: readonly ClientKind[]): FieldSpec => ({ ...address(name), ...(kinds && { kinds }) })

/** The parts of a client's page, each with its own form. */
export const CLIENT_SECTIONS = {
  details: [
    { name: 'client_name', type: 'line' },
    address('client_uri'),
    address('policy_uri'),
    address('tos_uri'),
    { name: 'contacts', type: 'lines', rows: 2 },
    { name: 'color', type: 'line', mono: true },
    address('logo_uri'),
  ],
  addresses: [
    { name: 'redirect_uris', type: 'lines', mono: true, rows: 4, kinds: PEOPLE },
    { name: 'post_logout_redirect_uris', type: 'lines', mono: true, rows: 2, kinds: PEOPLE },
    { name: 'initiate_login_uri', type: 'line', mono: true, kinds: PEOPLE },
    { name: 'backchannel_logout_uri', type: 'line', mono: true, kinds: PEOPLE },
    { name: 'backchannel_logout_session_required', type: 'tick', kinds: PEOPLE },
    { name: 'cors_origins', type: 'lines', mono: true, rows: 2 },
  ],
  rules: [
    { name: 'first_party', type: 'tick', kinds: PEOPLE },
    { name: 'made_by', type: 'line', kinds: PEOPLE },
    { name: 'second_factor', type: 'choice', options: ['', 'off', 'optional', 'required'], kinds: PEOPLE },
    duration('rescue_delay', PEOPLE),
    { name: 'methods', type: 'ticks', options: ['email', 'sms'], kinds: PEOPLE },
    { name: 'default_max_age', type: 'line', mono: true, number: true, kinds: PEOPLE },
    { name: 'require_pkce', type: 'tick', kinds: PEOPLE },
  ],
  tokens: [
    {
      ...{ name: 'scope', type: 'ticks', joined: true, kinds: PEOPLE },
      options: ['openid', 'profile', 'email', 'phone', 'offline_access'],
    },
    { name: 'profile_claims_in_id_token', type: 'tick', kinds: PEOPLE },
    { name: 'require_auth_time', type: 'tick', kinds: PEOPLE },
    { name: 'refresh_token', type: 'choice', options: ['always', 'offline_access', 'never'], kinds: PEOPLE },
    duration('access_token_ttl'),
    duration('id_token_ttl', PEOPLE),
    duration('refresh_token_ttl', PEOPLE),
    { name: 'id_token_signed_response_alg', type: 'choice', options: ['ES256', 'RS256'], kinds: PEOPLE },
    { name: 'resources', type: 'ticks' },
    { name: 'introspects', type: 'ticks' },
    { name: 'admin_scopes', type: 'ticks', options: Object.keys(ADMIN_SCOPES), kinds: MACHINE },
  ],
  proof: [
    {
      ...{ name: 'token_endpoint_auth_method', type: 'choice' },
      options: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    },
    address('jwks_uri'),
    { name: 'jwks', type: 'lines', mono: true, rows: 6, json: true },
  ],
} as const satisfies Readonly<Record<string, readonly FieldSpec[]>>

export type ClientSection = keyof typeof CLIENT_SECTIONS

/** What of a section a client of this kind has. */
export function fieldsIn(section: ClientSection, kind: ClientKind): FieldSpec[] {
  const all: readonly FieldSpec[] = CLIENT_SECTIONS[section]
  return all.filter(({ kinds }) => !kinds || kinds.includes(kind))
}

/** The section that a path names. */
export function sectionOf(name: unknown): ClientSection | null {
  return typeof name === 'string' && Object.hasOwn(CLIENT_SECTIONS, name) ? (name as ClientSection) : null
}

/** What a new client is asked for: name and addresses, and little else. */
export function newFields(kind: ClientKind): FieldSpec[] {
  const of: Readonly<Record<ClientKind, readonly string[]>> = {
    web: ['client_name', 'redirect_uris', 'client_uri', 'first_party'],
    spa: ['client_name', 'redirect_uris', 'client_uri', 'first_party'],
    native: ['client_name', 'redirect_uris', 'client_uri', 'first_party'],
    machine: ['client_name', 'resources'],
  }
  const all: readonly FieldSpec[] = Object.values(CLIENT_SECTIONS).flat()
  const asked = of[kind].flatMap((name) => all.find((field) => field.name === name) ?? [])
  return [...asked, { name: 'client_id', type: 'line', mono: true }]
}
