import type { Tx } from '../base/index.ts'
import type { NoticeKind } from '../notices/index.ts'
import type { RescueDeps } from './deps.ts'
import type { Rescue } from './rescue.ts'

type RescueNotice = Extract<NoticeKind, `rescue_${string}`>

/** Where and when, in words. */
interface Told {
  /** The account's own language; null where it is not known. */
  locale: string | null
  /** Browser and system of who did it; that of the rescue's beginning where nobody just did anything. */
  device?: string | null | undefined
}

/**
 * Tells the account's person, on every channel, in the transaction that makes it true. What waits can be stopped by the
 * notice's link for as long as it waits; what has ended cannot be taken back by whoever reads the mail.
 */
export function createTelling({ notices, defaultLocale }: Pick<RescueDeps, 'notices' | 'defaultLocale'>) {
  return async (tx: Tx, rescue: Rescue, kind: RescueNotice, { locale, device }: Told): Promise<void> => {
    const waits = kind === 'rescue_started' || kind === 'rescue_halfway' || kind === 'rescue_open'
    const values = kind === 'rescue_started' || kind === 'rescue_halfway' ? { at: rescue.opensAt.toISOString() } : {}
    await notices.tell(tx, {
      ...{ accountId: rescue.accountId, kind, values, undo: waits ? { rescueId: rescue.id } : {} },
      device: device ?? rescue.device,
      locale: locale ?? defaultLocale,
      until: waits ? rescue.lapsesAt : null,
    })
  }
}

export type Telling = ReturnType<typeof createTelling>
