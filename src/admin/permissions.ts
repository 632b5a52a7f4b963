import type { z } from 'zod'
import type { AdminActor } from './actor.ts'
import { AdminFault } from './fault.ts'
import type { OperationSpec } from './operation.ts'

/** Whatever a person does here needs a second factor. */
export const ADMIN_LEVEL = 2
/** A change by a person needs a proof that is no older than this. */
export const CHANGE_MAX_AGE_SECONDS = 10 * 60

/** Whether an operation changes something. */
export function isChange(spec: Pick<OperationSpec, 'method'>): boolean {
  return spec.method !== 'GET'
}

/**
 * Throws unless the actor may do the operation: by its scopes, and people by their role, by how they proved who they are
 * and, for a change, by when. What it is done to is for the handler to judge.
 */
export function checkMay(spec: OperationSpec, actor: AdminActor, now: Date): void {
  if (!actor.scopes.has(spec.scope)) {
    throw new AdminFault('insufficient_scope', `This needs the scope ${spec.scope}.`)
  }
  if (actor.kind !== 'person') return
  if (!spec.roles.includes(actor.role)) {
    throw new AdminFault('forbidden', `This is for the role ${spec.roles.join(' or ')}; yours is ${actor.role}.`)
  }
  const ageSeconds = (now.getTime() - actor.authTime.getTime()) / 1000
  if (actor.level < ADMIN_LEVEL || (isChange(spec) && ageSeconds > CHANGE_MAX_AGE_SECONDS)) {
    throw new AdminFault(
      'insufficient_user_authentication',
      'This needs a second factor, and a change a proof of who you are that is no older than ten minutes.',
    )
  }
}

/** The faults of an input, in words and by field. */
export function faultOfInput(error: z.ZodError): AdminFault {
  const faults = error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ field: fieldOf([...issue.path, key]), words: 'is not known here' }))
    }
    return [{ field: fieldOf(issue.path), words: wordsOf(issue) }]
  })
  // one that is no cursor at all is refused as one that was forged.
  const code = error.issues.some(({ path: [field] }) => field === 'cursor') ? 'bad_request' : 'invalid_input'
  return new AdminFault(code, 'The input is not right: see the faults.', faults)
}

/** A path as people write it: `redirect_uris[0]`. */
function fieldOf(path: readonly PropertyKey[]): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`)).join('')
}

// Zod's own words are made for programmers; those of a `refine` are ours.
function wordsOf(issue: z.core.$ZodIssue): string {
  // JSON knows no `undefined`.
  if (issue.input === undefined && issue.code !== 'custom') return 'is missing'
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${article(issue.expected)}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'too_big':
      return `is too large: at most ${issue.maximum}${unitOf(issue.origin)}`
    case 'too_small':
      return `is too small: at least ${issue.minimum}${unitOf(issue.origin)}`
    case 'invalid_format':
      return issue.format === 'datetime' ? 'must be a moment such as 2026-11-22T09:00:00Z' : 'is not in the right form'
    default:
      return issue.message
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' || origin === 'set' ? ' entries' : ''
}

function article(kind: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    record: 'an object',
    object: 'an object',
  }
  return names[kind] ?? kind
}
