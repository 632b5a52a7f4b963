import type { Clock, Tx } from '../base/index.ts'
import type { Account } from './account.ts'
import { PROFILE_CLAIMS } from './claims.ts'
import { type ProfileClaim, type ProfileFieldType, shapeOf, typeOf } from './profile-fields.ts'

/** What profiles need from storage. */
export interface ProfileStore {
  /**
   * Sets some claims of an account, removes others, and writes when that was; in one statement, so that of two changes at
   * once neither is lost. False, and nothing written, when all of it was so already.
   */
  change(
    tx: Tx,
    accountId: string,
    change: { set: Readonly<Record<string, string>>; removed: readonly string[]; now: Date },
  ): Promise<boolean>
}

/** A field of the profile; `value` is empty where the person said nothing. */
export interface ProfileField {
  name: ProfileClaim
  value: string
  type: ProfileFieldType
}

/** What people say about themselves. Applications see it as they see any claim: by their scopes. */
export interface Profiles {
  /** All fields, in the order of OpenID Connect Core §5.1. */
  fieldsOf(account: Pick<Account, 'profile'>): ProfileField[]
  /**
   * Saves what was typed, by the names of the fields. An empty text removes a field; one that is not there stays as it
   * is; what is no field is not looked at, so that nobody can say what is proven. `faults`: fields that cannot be
   * so; then nothing is saved. `changed`: whether anything is different now.
   */
  save(
    tx: Tx,
    accountId: string,
    typed: Readonly<Record<string, string>>,
  ): Promise<{ faults: readonly ProfileClaim[]; changed: boolean }>
}

/**
 * Reads claims of a profile as they were typed, each in its own form; what is no claim that a person may write is not looked
 * at. `faults`: those that cannot be so. An empty text says that there is none.
 */
export function readProfile(
  typed: Readonly<Record<string, unknown>>,
  now: Date,
): { faults: ProfileClaim[]; read: { claim: ProfileClaim; value: string | undefined }[] } {
  const today = now.toISOString().slice(0, 10)
  const read = PROFILE_CLAIMS.filter((claim) => Object.hasOwn(typed, claim)).map((claim) => {
    const { data } = shapeOf(typeOf(claim), today).safeParse(typed[claim])
    return { claim, value: data }
  })
  return { faults: read.filter(({ value }) => value === undefined).map(({ claim }) => claim), read }
}

export function createProfiles({ store, clock }: { store: ProfileStore; clock: Clock }): Profiles {
  async function save(tx: Tx, accountId: string, typed: Readonly<Record<string, string>>): ReturnType<Profiles['save']> {
    const now = clock.now()
    const { faults, read } = readProfile(typed, now)
    if (faults.length > 0) return { faults, changed: false }
    const set = Object.fromEntries(read.flatMap(({ claim, value }) => (value ? [[claim, value]] : [])))
    const removed = read.filter(({ value }) => !value).map(({ claim }) => claim)
    return { faults, changed: await store.change(tx, accountId, { set, removed, now }) }
  }

  return {
    fieldsOf: ({ profile }) =>
      PROFILE_CLAIMS.map((name) => {
        const value = Object.hasOwn(profile, name) ? profile[name] : ''
        return { name, value: typeof value === 'string' ? value : '', type: typeOf(name) }
      }),
    save,
  }
}
