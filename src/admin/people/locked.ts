import type { ChangeCall } from '../operation.ts'
import type { PeopleDeps } from './deps.ts'
import { mayTouch } from './guard.ts'
import { noSuchPerson, type PersonView, personView, versionOf } from './person-view.ts'
import type { PersonRow } from './stores.ts'

/**
 * The person, locked until the end of the change, where the actor may change anything about them. `bound`: the change can
 * be bound to the version of the person.
 */
export async function lockPerson(
  { store }: Pick<PeopleDeps, 'store'>,
  { tx, actor, now, ifMatch }: ChangeCall,
  id: string,
  bound = false,
): Promise<PersonRow> {
  const row = await store.lock(tx, id, now)
  if (!row) throw noSuchPerson()
  mayTouch(actor, row)
  if (bound) ifMatch(versionOf(row))
  return row
}

/** The person as the change leaves them. */
export async function changedPerson(
  { store }: Pick<PeopleDeps, 'store'>,
  { tx, now }: ChangeCall,
  id: string,
): Promise<PersonView> {
  const row = await store.findIn(tx, id, now)
  if (!row) throw noSuchPerson()
  return personView(row)
}

/** Who did it, for a row of the trail about this person. */
export function about({ actor }: ChangeCall, accountId: string) {
  return { ...actor.who, accountId }
}
