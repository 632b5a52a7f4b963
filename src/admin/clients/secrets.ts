import { addSeconds, hashOf, newId, newSecret } from '../../base/index.ts'
import { type Client, type ClientSecret, livingSecrets } from '../../clients/index.ts'
import type { AdminActor } from '../actor.ts'
import { AdminFault } from '../fault.ts'

// two overlap while an application changes from one to the other.
const SECRETS_MAX = 2

const HINT_CHARACTERS = 4
const HOUR_SECONDS = 3600
const DAY_SECONDS = 24 * HOUR_SECONDS

/** Whether a client proves itself by a secret. */
export function takesSecret({ metadata }: Pick<Client, 'metadata'>): boolean {
  return ['client_secret_basic', 'client_secret_post'].includes(metadata.token_endpoint_auth_method)
}

/** A secret of 256 bits: its text, to be shown once, and what is kept of it. */
export function makeSecret(actor: AdminActor, now: Date, lastsDays: number | undefined): { text: string; kept: ClientSecret } {
  const text = newSecret()
  const expiresAt = lastsDays === undefined ? null : addSeconds(now, lastsDays * DAY_SECONDS)
  const kept = { id: newId(), hash: hashOf(text), hint: text.slice(-HINT_CHARACTERS), createdAt: now, expiresAt }
  return { text, kept: { ...kept, madeBy: actor.who.actorId } }
}

/** The secrets of a client with one more. Throws `conflict` where it takes none, or two others count already. */
export function withSecret(
  client: Client,
  added: ClientSecret,
  { now, retireInHours }: { now: Date; retireInHours: number | undefined },
): ClientSecret[] {
  if (!takesSecret(client)) {
    const method = client.metadata.token_endpoint_auth_method
    throw new AdminFault('conflict', `This application proves itself without a secret (${method}).`)
  }
  const end = retireInHours === undefined ? null : addSeconds(now, retireInHours * HOUR_SECONDS)
  const others = livingSecrets(client, now).map((secret) => endingBy(secret, end))
  const left = livingSecrets({ secrets: others }, now)
  if (left.length >= SECRETS_MAX) {
    throw new AdminFault('conflict', 'Two secrets count already: end one of them first, or let both end now.')
  }
  return [...left, added]
}

/** The secrets of a client without one. The last one that counts stays: nothing would be left to prove itself by. */
export function withoutSecret(client: Client, id: string, now: Date): ClientSecret[] {
  const living = livingSecrets(client, now)
  if (!living.some((secret) => secret.id === id)) throw new AdminFault('not_found', 'There is no secret of this id that counts.')
  if (living.length === 1) {
    throw new AdminFault(
      'conflict',
      'It is the only secret, and the application would stop at once: make another first, which can end this one in the same moment, or switch the application off.',
    )
  }
  return living.filter((secret) => secret.id !== id)
}

function endingBy(secret: ClientSecret, end: Date | null): ClientSecret {
  return end && (!secret.expiresAt || secret.expiresAt > end) ? { ...secret, expiresAt: end } : secret
}
