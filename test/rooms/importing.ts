import type { InputOf, PersonActor } from '../../src/admin/index.ts'
import type { Address } from '../../src/base/index.ts'
import type { Signup } from '../../src/config/index.ts'
import { proofOf } from './accounts-stage.ts'
import type { PeopleStage } from './admin-people-stage.ts'

export type Line = InputOf<'accounts.import'>['accounts'][number]
export const CLOSED: Signup = { kind: 'closed' }
type By = 'one' | 'two'

/** Importing as `ada`, and proving addresses afterwards, on either instance of the stage that stands by then. */
export function importingOn(standing: () => { stage: PeopleStage; ada: PersonActor }) {
  const send = async (accounts: Line[], by: By = 'one') =>
    (await standing().stage[by].admin.perform('accounts.import', standing().ada, { accounts })).results
  const prove = (address: Address, policy: Signup = CLOSED, by: By = 'one') => {
    const { db, accountsOf } = standing().stage[by]
    return db.transact((tx) => accountsOf(policy).prove(tx, proofOf(address)))
  }
  return {
    send,
    prove,
    outcomes: async (accounts: Line[]) => (await send(accounts)).map(({ outcome }) => outcome),
    words: async (line: Line) => (await send([line]))[0]?.words,
    idOf: (proven: Awaited<ReturnType<typeof prove>>) => ('account' in proven ? proven.account.id : null),
  }
}
