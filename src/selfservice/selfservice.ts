import type { EmailAddress } from '../base/index.ts'
import { createAddressVerbs } from './addresses.ts'
import { createAuthenticatorVerbs } from './authenticators.ts'
import { createClosingVerbs } from './closing.ts'
import type { Actor, SelfserviceDeps, Tell } from './deps.ts'
import { createObjection } from './objection.ts'
import { createSessionVerbs } from './sessions.ts'

/** All that a person can do about their own account. What they can cause is returned. */
export function createSelfservice(deps: SelfserviceDeps) {
  const { transact, audit, profiles, exporter } = deps
  const told = createTeller(deps)

  return {
    ...createAddressVerbs(deps, told),
    ...createAuthenticatorVerbs(deps, told),
    ...createSessionVerbs(deps),
    ...createClosingVerbs(deps, told),
    object: createObjection(deps),

    /** Standard claims of OpenID Connect Core §5.1; answers the names of those that cannot be so, and then saves nothing. */
    saveProfile: (actor: Actor, typed: Readonly<Record<string, string>>): Promise<{ faults: readonly string[] }> =>
      transact(async (tx) => {
        const saved = await profiles.save(tx, actor.accountId, typed)
        if (saved.faults.length === 0) await audit.record(tx, 'profile.changed', actor.who)
        return saved
      }),

    /** All that is kept about the person. */
    async exported(actor: Actor): Promise<Readonly<Record<string, unknown>>> {
      await audit.note('account.exported', actor.who)
      return exporter(actor.accountId)
    },
  }
}

function createTeller({ addresses, notices, clock }: SelfserviceDeps): Tell {
  return async (tx, { accountId, device, locale }, { kind, values, undo }, not) => {
    const now = clock.now()
    const emails = (await addresses.ofAccountIn(tx, accountId)).filter(
      ({ kind: one, usableFrom, address }) => one === 'email' && usableFrom <= now && address !== not,
    )
    const to = emails.map(({ address }) => address as EmailAddress)
    await notices.tell(tx, { accountId, kind, values, undo, device, locale, to, objectable: true })
  }
}

export type Selfservice = ReturnType<typeof createSelfservice>
