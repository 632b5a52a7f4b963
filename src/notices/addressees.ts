import type { AddressView } from '../accounts/index.ts'
import { type Address, addSeconds, type EmailAddress, type PhoneNumber } from '../base/index.ts'
import type { NoticeKind } from '../text/index.ts'

/** Told on every channel: what decides whether the owner of an account keeps it. */
export function isToldEverywhere(kind: NoticeKind): boolean {
  return kind === 'address_dead' || kind.startsWith('rescue_')
}

/** Who is told. */
export interface Addressees {
  emails: EmailAddress[]
  phones: PhoneNumber[]
}

/**
 * Each address that has been the account's for `settledSeconds`; where none has, be it of the other kind, the one that has
 * been for longest. A thief who adds an address gets none of the links that undo it. `not`: an address whose owner knows.
 * What messages come back from is told of nothing: it may be somebody else's by now. By text go the few notices that are told
 * everywhere, and where no email address has been the account's for so long, all but those of a new device; `texts`: whether
 * any can be sent.
 */
export function addresseesOf(
  own: readonly AddressView[],
  told: { kind: NoticeKind; at: Date; not?: Address | undefined; settledSeconds: number; texts: boolean },
): Addressees {
  const { kind, at, not, settledSeconds, texts } = told
  const counting = own
    .filter(({ address, usableFrom, deadSince }) => address !== not && deadSince === null && usableFrom <= at)
    .toSorted((a, b) => a.usableFrom.getTime() - b.usableFrom.getTime())
  const isSettled = ({ usableFrom }: AddressView) => usableFrom <= addSeconds(at, -settledSeconds)
  const mailed = counting.some((one) => one.kind === 'email' && isSettled(one))
  const mayText = texts && (isToldEverywhere(kind) || (kind !== 'device_new' && !mailed))
  const fit = counting.filter((one) => one.kind === 'email' || mayText)
  const chosen = fit.some(isSettled) ? fit.filter(isSettled) : fit.slice(0, 1)
  const of = (wanted: AddressView['kind']) => chosen.filter((one) => one.kind === wanted).map(({ address }) => address)
  return { emails: of('email') as EmailAddress[], phones: of('phone') as PhoneNumber[] }
}
