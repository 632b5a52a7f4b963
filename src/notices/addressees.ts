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
 * Each address that has been the account's for `settledSeconds`; where none has, the one that has been for longest. A thief
 * who adds an address gets none of the links that undo it. `not`: an address whose owner knows. What messages come back from
 * is told of nothing: it may be somebody else's by now. By text go the few notices that are told everywhere, and where no
 * email address has been the account's for so long, all but those of a new device.
 */
export function addresseesOf(
  own: readonly AddressView[],
  told: { kind: NoticeKind; at: Date; not?: Address | undefined; settledSeconds: number },
): Addressees {
  const { kind, at, not, settledSeconds } = told
  const counting = own
    .filter(({ address, usableFrom, deadSince }) => address !== not && deadSince === null && usableFrom <= at)
    .toSorted((a, b) => a.usableFrom.getTime() - b.usableFrom.getTime())
  const settled = counting.filter(({ usableFrom }) => usableFrom <= addSeconds(at, -settledSeconds))
  const of = (all: readonly AddressView[], wanted: AddressView['kind']) => all.filter((one) => one.kind === wanted)
  const mails = of(settled, 'email').length > 0 ? of(settled, 'email') : of(counting, 'email').slice(0, 1)
  return {
    emails: mails.map(({ address }) => address as EmailAddress),
    phones: texted().map(({ address }) => address as PhoneNumber),
  }

  function texted(): AddressView[] {
    const phones = of(settled, 'phone')
    if (isToldEverywhere(kind)) return phones.length > 0 ? phones : of(counting, 'phone').slice(0, 1)
    if (kind === 'device_new' || of(settled, 'email').length > 0) return []
    if (phones.length > 0 || mails.length > 0) return phones
    return of(counting, 'phone').slice(0, 1)
  }
}
