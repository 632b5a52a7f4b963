import type { Tx } from '../base/index.ts'
import { type CodeSet, countOf, secondFactorsOf } from '../factors/index.ts'
import type { KeepCodes, SelfserviceDeps } from './deps.ts'

/** Recovery codes that come with somebody's first second factor. */
export function createFirstCodes({ kept, demand }: Pick<SelfserviceDeps, 'kept' | 'demand'>) {
  // One after the other, so that of several at once the set that counts in the end is the one that is shown.
  async function replace(tx: Tx, accountId: string, set: CodeSet, keepCodes: KeepCodes): Promise<void> {
    await kept.replaceCodes(tx, accountId, set)
    await keepCodes(tx, set.codes)
  }

  return {
    replace,

    /** Made outside of the transaction, since that takes half a second; not for those who keep theirs in any case. */
    async spare(accountId: string): Promise<CodeSet | null> {
      const { apps, recoveryCodes } = countOf(await kept.ofAccount(accountId))
      return apps > 0 && recoveryCodes > 0 ? null : kept.newCodes()
    },

    /** How many second factors there are; until `tx` ends nobody else changes that. */
    async factorsIn(tx: Tx, accountId: string): Promise<number> {
      const by = await demand.by(tx, accountId)
      return secondFactorsOf(await kept.ofAccountIn(tx, accountId), by)
    },

    /**
     * Puts them in place and answers true, where the account had no second factor `before`, or no code: with the first one
     * always, since whoever was here before may have seen codes that stood for one that is gone.
     */
    async place(tx: Tx, accountId: string, before: number, spare: CodeSet | null, keepCodes: KeepCodes): Promise<boolean> {
      const { recoveryCodes } = countOf(await kept.ofAccountIn(tx, accountId))
      if (!spare || (before > 0 && recoveryCodes > 0)) return false
      await replace(tx, accountId, spare, keepCodes)
      return true
    },
  }
}

export type FirstCodes = ReturnType<typeof createFirstCodes>
