import type { Credential } from './factor.ts'
import { countOf } from './kept.ts'

/** Who wants one of an account's passkeys asked for in every sign-in: its person, the role that they have, or nobody. */
export type Demander = 'person' | 'role' | 'nobody'

/** How many of an account's credentials are a second factor: its apps, and its passkeys where somebody wants them asked for. */
export function secondFactorsOf(own: readonly Credential[], by: Demander): number {
  const { apps, passkeys } = countOf(own)
  return by === 'nobody' ? apps : apps + passkeys
}
