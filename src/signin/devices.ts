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
  /** The device, if it has not expired; notes that it was used. */
  use(id: string, now: Date): Promise<RememberedDevice | null>
}

/**
 * Remembered devices: a token of 256 bits in a cookie, hashed at rest and bound to one account. It stands in
 * for a second factor that policy or the person's own enrolment asks for; it proves nothing, and `acr` does not show it.
 */
export function createDevices(deps: { store: DeviceStore; clock: Clock; rememberSeconds: number }) {
  const { store, clock, rememberSeconds } = deps

  return {
    /** For how many days a browser is remembered; null where none is. */
    days: rememberSeconds > 0 ? Math.max(1, Math.round(rememberSeconds / 86_400)) : null,
    rememberSeconds,

    async isRemembered(token: string | undefined, accountId: string): Promise<boolean> {
      if (rememberSeconds === 0 || !token || !/^[\w-]{43}$/.test(token)) return false
      const device = await store.use(hashOf(token), clock.now())
      return device?.accountId === accountId
    },

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
