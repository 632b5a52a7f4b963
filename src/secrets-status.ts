import { addSeconds, type Secrets } from './base/index.ts'
import { broken, type Finding, look, ok, type SecretState } from './cli/index.ts'
import type { Config } from './config/index.ts'
import { sealedWith } from './keys/index.ts'
import type { ResealingStore } from './store/index.ts'

const COUNT_MAX = 1_000_000
const ANSWER_SECONDS = 86_400 // as long as the answer to a change with an Idempotency-Key is given again

interface StatusDeps {
  store: ResealingStore
  secrets: Pick<Secrets, 'currentId' | 'ids'>
  config: Pick<Config, 'sessionTtlSeconds' | 'deviceRememberSeconds' | 'addressHoldSeconds'>
  now: Date
}

/**
 * Each secret that is listed or that something is sealed with, and whether it may be taken out of `SECRETS`. Reads what is
 * short-lived as a whole: only for whoever asks by hand.
 */
export async function secretsStatus(deps: StatusDeps): Promise<SecretState[]> {
  const { store, secrets, now } = deps
  const [seeds, signed, short, exchanges] = [
    await store.secretsOfSeeds(),
    (await store.signingKeys()).map(sealerOf),
    await store.shortLived(now),
    await store.exchanges(),
  ]
  const ids = new Set([...secrets.ids, ...seeds, ...signed, ...short.map(({ secretId }) => secretId)])
  return Promise.all(
    [...ids].map(async (id) => {
      const own = short.filter(({ secretId }) => secretId === id)
      const facts = {
        id,
        newest: id === secrets.currentId,
        listed: secrets.ids.includes(id),
        seeds: await store.countSeeds(id, COUNT_MAX),
        signingKeys: signed.filter((one) => one === id).length,
        shortLived: own.reduce((sum, { rows }) => sum + rows, 0),
        lastUsedAt: latest(own.map(({ newestAt }) => newestAt)),
        replacedAt: replacedAt(id, exchanges),
      }
      const lastEndsAt = latest(own.map(({ lastEndsAt }) => lastEndsAt))
      // One that the trail does not name was the newest before it began, or never: what it had signed is not younger than that.
      const signedUntil = facts.replacedAt ?? (facts.newest ? null : (exchanges.at(-1)?.at ?? null))
      return { ...facts, ...judged(facts, { lastEndsAt, signedUntil }, deps) }
    }),
  )
}

type Facts = Omit<SecretState, 'mayGo' | 'because'>

interface Times {
  /** When the last of what is short-lived ends. */
  lastEndsAt: Date | null
  /** It signed nothing after this; null where nobody knows. */
  signedUntil: Date | null
}

function judged(facts: Facts, times: Times, { config, now }: StatusDeps): Pick<SecretState, 'mayGo' | 'because'> {
  const { newest, seeds, signingKeys, shortLived, replacedAt: since } = facts
  if (newest) return { mayGo: 'no', because: 'it is the newest, and everything new is sealed and signed with it' }
  const kept = [...(seeds > 0 ? [`${seeds} authenticators`] : []), ...(signingKeys > 0 ? [`${signingKeys} signing keys`] : [])]
  if (kept.length > 0) return { mayGo: 'no', because: `${kept.join(' and ')} are sealed with it, and would be lost` }
  const { sessionTtlSeconds, deviceRememberSeconds, addressHoldSeconds } = config
  const livesSeconds = Math.max(sessionTtlSeconds, deviceRememberSeconds, addressHoldSeconds, ANSWER_SECONDS)
  const quiet = times.signedUntil && addSeconds(times.signedUntil, livesSeconds)
  const held = quiet && now < quiet ? `until ${quiet.toISOString()} browsers and mails may hold what it has signed` : null
  if (shortLived > 0) {
    const begun = `${shortLived} sign-ins, sessions or answers were begun with it, and the last of them ends at ${times.lastEndsAt?.toISOString()}`
    return { mayGo: 'wait', because: held ? `${begun}; ${held}` : begun }
  }
  if (!quiet) return { mayGo: 'yes', because: 'nothing stored needs it; since when it is not the newest is not known' }
  if (!held) return { mayGo: 'yes', because: 'nothing stored needs it, and what it had signed has ended' }
  if (since) return { mayGo: 'wait', because: `${held}: ${WITHOUT_IT}` }
  const unnamed = 'nothing stored needs it, and nothing says that it ever was the newest'
  return { mayGo: 'wait', because: `${unnamed}. Is it the next one, leave it; is it the one before, ${held}: ${WITHOUT_IT}` }
}

const WITHOUT_IT =
  'without it those people sign in again, are asked for a second factor again, and links "This was not me" are refused'

/** When another one came to the front after it; null where the trail does not name it, as before its turn. */
function replacedAt(id: string, exchanges: readonly { secretId: string; at: Date }[]): Date | null {
  // The latest first: of those after the last one that named this secret, the one right after it.
  const place = exchanges.findIndex(({ secretId }) => secretId === id)
  return exchanges[place - 1]?.at ?? null
}

function latest(dates: readonly (Date | null)[]): Date | null {
  const times = dates.flatMap((date) => (date ? [date.getTime()] : []))
  return times.length === 0 ? null : new Date(Math.max(...times))
}

/** The secret that a signing key is sealed with; empty for a damaged one, which the start tells of. */
function sealerOf(jwe: string): string {
  try {
    return sealedWith(jwe) ?? ''
  } catch {
    return ''
  }
}

/** What `doctor` says of seeds that are still sealed with another secret than the newest. */
export async function examineSeeds({ store, secrets }: Pick<StatusDeps, 'store' | 'secrets'>): Promise<Finding[]> {
  const former = (await store.secretsOfSeeds()).filter((id) => id !== secrets.currentId)
  if (former.length === 0) return [ok('authenticators', 'all are sealed with the newest secret')]
  return Promise.all(
    former.map(async (id) => {
      const rows = await store.countSeeds(id, COUNT_MAX)
      return secrets.ids.includes(id)
        ? look(
            'authenticators',
            `${rows} are sealed with the former secret ${id}`,
            'Leave it in SECRETS: a service seals them anew.',
          )
        : broken(
            'authenticators',
            `${rows} are sealed with a secret that SECRETS lacks (${id})`,
            'Put it back, behind the others.',
          )
    }),
  )
}
