import { createAddressVerbs } from './addresses.ts'
import { createAuthenticatorVerbs } from './authenticators.ts'
import { createClosingVerbs } from './closing.ts'
import { type Actor, type AsActor, type SelfserviceDeps, SessionEnded, type Tell } from './deps.ts'
import { createFirstCodes } from './first-codes.ts'
import { createObjection } from './objection.ts'
import { createPasskeyVerbs } from './passkeys.ts'
import { createSessionVerbs } from './sessions.ts'

/** All that a person can do about their own account. What they can cause is returned. */
export function createSelfservice(deps: SelfserviceDeps) {
  const { audit, profiles, exporter } = deps
  const told = createTeller(deps)
  const asActor = createAsActor(deps)
  const codes = createFirstCodes(deps)

  return {
    ...createAddressVerbs(deps, asActor, told),
    ...createAuthenticatorVerbs(deps, asActor, told, codes),
    ...createPasskeyVerbs(deps, asActor, told, codes),
    ...createSessionVerbs(deps, asActor),
    ...createClosingVerbs(deps, asActor, told),
    object: createObjection(deps),

    /** Standard claims of OpenID Connect Core §5.1; answers the names of those that cannot be so, and then saves nothing. */
    saveProfile: (actor: Actor, typed: Readonly<Record<string, string>>): Promise<{ faults: readonly string[] }> =>
      asActor(actor, async (tx) => {
        const saved = await profiles.save(tx, actor.accountId, typed)
        if (saved.changed) await audit.record(tx, 'profile.changed', actor.who)
        return saved
      }),

    /** All that is kept about the person. */
    async exported(actor: Actor): Promise<Readonly<Record<string, unknown>>> {
      await audit.note('account.exported', actor.who)
      return exporter(actor.accountId)
    },
  }
}

function createTeller({ notices }: SelfserviceDeps): Tell {
  return async (tx, { accountId, device, locale }, told, not) => {
    await notices.tell(tx, { accountId, device, locale, ...told, ...(not && { not }) })
  }
}

function createAsActor({ transact, stands }: SelfserviceDeps): AsActor {
  return (actor, work, first) =>
    transact(async (tx) => {
      await first?.(tx)
      if (!(await stands(tx, actor.accountSessionId))) throw new SessionEnded()
      return work(tx)
    })
}

export type Selfservice = ReturnType<typeof createSelfservice>
