import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import type { Registration } from './client.ts'
import { fieldsOf } from './fields.ts'
import { type ClientFields, clientFields } from './file-shape.ts'
import { isReservedId } from './own.ts'
import { changesOf, type FieldChange } from './plan.ts'
import { type RegistrationRules, readRegistration } from './registration.ts'

/** One field of a registration that is not right, and why, in words. */
export interface RegistrationFault {
  /** Such as `redirect_uris[0]`. */
  field: string
  words: string
}

export type Registered =
  | { ok: true; registration: Registration & { disabled: boolean } }
  /** The form is not right (`error`), or what was given does not go together (`faults`): all of it at once. */
  | { ok: false; error: z.ZodError }
  | { ok: false; faults: RegistrationFault[] }

/** Fields as they were sent, by the names of the clients file. */
export type GivenFields = Readonly<Record<string, unknown>>

/** Judges fields as the clients file is judged. */
export function registrationOf(given: GivenFields & { client_id: string }, rules: RegistrationRules): Registered {
  const shape = clientFields.safeParse(given, { reportInput: true })
  if (!shape.success) return { ok: false, error: shape.error }
  const faults: RegistrationFault[] = []
  const fields = { ...shape.data, client_id: given.client_id }
  const registration = readRegistration(fields, rules, (field, words) => faults.push({ field, words }))
  if (isRefresh(fields.refresh_token) && registration.policy.refreshToken === 'never') {
    faults.push({ field: 'refresh_token', words: 'needs refresh_token among the grant_types' })
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, registration }
}

/**
 * What may be changed of a registration one by one, by the names of the clients file: without its id, what follows from
 * other fields, and whether it is switched off.
 */
export function changeableFields(registration: Registration): ClientFields {
  const fields = fieldsOf({ ...registration, disabledAt: null })
  const { client_id: _id, response_types: _follow, disabled: _switch, ...changeable } = fields
  return changeable
}

/**
 * The fields of a registration with others in their place; `null` takes one back to its default. What is not named stays
 * as it is, but for two that follow each other: of `grant_types` and `refresh_token` the one that is named counts.
 */
export function withFields(registration: Registration, given: GivenFields): GivenFields & { client_id: string } {
  const { grant_types, refresh_token, ...before } = changeableFields(registration)
  const grants = isDefaultGrants(grant_types) ? {} : { grant_types }
  const follows = Object.hasOwn(given, 'grant_types') && !(mayRefresh(given.grant_types) && refresh_token !== 'never')
  const after = { ...before, ...grants, ...(follows ? {} : { refresh_token }), ...given }
  const there = Object.entries(after).filter(([, value]) => value !== null && value !== undefined)
  return { ...Object.fromEntries(there), client_id: registration.id }
}

/** What differs between two states of a registration. */
export function changedFields(before: Registration, after: Registration): FieldChange[] {
  return changesOf({ ...changeableFields(before) }, { ...changeableFields(after) })
}

const SLUG_MAX = 40
const ID_LIKE_A_PERSONS = 22

/**
 * An id that reads like the name: `Team wiki` → `team-wiki`. `suffix` makes another one of it, for when it is taken; it
 * is used at once where the name alone is none, or would be the id of a built-in client or look like a person's.
 */
export function clientIdOf(name: string, suffix: string, taken: boolean): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_MAX)
    .replace(/^-+|-+$/g, '')
  if (!taken && slug !== '' && slug.length !== ID_LIKE_A_PERSONS && !isReservedId(slug)) return slug
  const other = `${slug || 'app'}-${suffix}`
  return other.length === ID_LIKE_A_PERSONS ? `${other}x` : other
}

// What the file takes for granted: both, or the first alone where no refresh token is ever wanted.
function isDefaultGrants(grants: unknown): boolean {
  return isDeepStrictEqual(grants, ['authorization_code', 'refresh_token']) || isDeepStrictEqual(grants, ['authorization_code'])
}

function mayRefresh(grants: unknown): boolean {
  return Array.isArray(grants) && grants.includes('refresh_token')
}

function isRefresh(value: unknown): boolean {
  return value === 'always' || value === 'offline_access'
}
