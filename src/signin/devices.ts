import { addSeconds, type Clock, hashOf, newSecret, type Tx } from '../base/index.ts'

/** A browser that a person chose not to be asked for a second factor in. `id` is the SHA-256 of its cookie's token. */
export interface RememberedDevice {
  id: string
  accountId: string
  /** Browser and system in words. */
  label: string
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

/** What remembered devices need from storage. */
export interface DeviceStore {
  remember(tx: Tx, device: RememberedDevice): Promise<void>
  /** Whether it is a device of this account that has not expired. */
  stands(id: string, accountId: string, now: Date): Promise<boolean>
  /** The same within `tx`; notes that it was used. */
  use(tx: Tx, id: string, accountId: string, now: Date): Promise<boolean>
  forgetAll(tx: Tx, accountId: string): Promise<void>
}

/**
 * Remembered devices: a token of 256 bits in a cookie, hashed at rest and bound to one account. It stands in
 * for a second factor that policy or the person's own enrolment asks for; it proves nothing, and `acr` does not show it.
 */
export function createDevices(deps: { store: DeviceStore; clock: Clock; rememberSeconds: number }) {
  const { store, clock, rememberSeconds } = deps
  const mayStand = (token: string | undefined): token is string => rememberSeconds > 0 && /^[\w-]{43}$/.test(token ?? '')

  return {
    /** For how many days a browser is remembered; null where none is. */
    days: rememberSeconds > 0 ? Math.max(1, Math.round(rememberSeconds / 86_400)) : null,
    rememberSeconds,

    async isRemembered(token: string | undefined, accountId: string): Promise<boolean> {
      return mayStand(token) && store.stands(hashOf(token), accountId, clock.now())
    },

    /** The same in the transaction of a proof; notes that the device was used. */
    async use(tx: Tx, token: string | undefined, accountId: string): Promise<boolean> {
      return mayStand(token) && store.use(tx, hashOf(token), accountId, clock.now())
    },

    /** Every browser of this account is asked again. */
    forgetAll: (tx: Tx, accountId: string): Promise<void> => store.forgetAll(tx, accountId),

    /** Remembers a browser in the transaction of the proof; answers the token for its cookie. */
    async remember(tx: Tx, accountId: string, label: string): Promise<string> {
      const token = newSecret()
      const now = clock.now()
      const expiresAt = addSeconds(now, rememberSeconds)
      await store.remember(tx, { id: hashOf(token), accountId, label, createdAt: now, lastUsedAt: now, expiresAt })
      return token
    },
  }
}

export type Devices = ReturnType<typeof createDevices>
