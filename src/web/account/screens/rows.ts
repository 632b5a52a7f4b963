import { ADDRESSES_MAX, type AddressView } from '../../../accounts/index.ts'
import type { AddressKind } from '../../../base/index.ts'
import { type Credential, countOf, passkeyOf } from '../../../factors/index.ts'
import type { AddressRow, FactorRow, FormView } from '../../../text/index.ts'
import type { OwnSession } from '../../own-client/session.ts'
import { addressPath, authenticatorPath, newAddressPath, passkeyPath } from './deps.ts'

/** Opens the account now, and stays. */
function stands({ usableFrom, leavesAt }: AddressView, now: Date): boolean {
  return usableFrom <= now && leavesAt === null
}

/** Opens it by itself as well: messages come back from none of these. */
function opensAlone(view: AddressView, now: Date): boolean {
  return view.deadSince === null && stands(view, now)
}

/** Whether anything is to come about this address. */
function pendingOf({ leavesAt, primaryFrom, primary }: AddressView): { what: 'primary' | 'removal'; at: Date } | null {
  if (leavesAt) return { what: 'removal', at: leavesAt }
  return primaryFrom && !primary ? { what: 'primary', at: primaryFrom } : null
}

/** What can be done about an address. The rule itself is in accounts; a page offers only what can work. */
export function may(view: AddressView, all: readonly AddressView[], now: Date): Record<'change' | 'primary' | 'remove', boolean> {
  const free = stands(view, now) && pendingOf(view) === null
  const others = all.filter((one) => one.ref !== view.ref && opensAlone(one, now))
  return { change: free, primary: free && !view.primary && view.deadSince === null, remove: free && others.length > 0 }
}

/** Addresses as the pages show them, in the order given. */
export function addressRows(all: readonly AddressView[], now: Date, form: (path: string) => FormView): AddressRow[] {
  return all.map((view) => {
    const can = may(view, all, now)
    const pending = pendingOf(view)
    return {
      kind: view.kind,
      address: view.address,
      primary: view.primary,
      provenAt: view.provenAt,
      usableFrom: view.usableFrom > now ? view.usableFrom : null,
      pending: pending && { ...pending, keep: form(addressPath(view, 'keep')) },
      changeUrl: can.change ? addressPath(view, 'change') : null,
      makePrimaryUrl: can.primary ? addressPath(view, 'primary') : null,
      removeUrl: can.remove ? addressPath(view, 'remove') : null,
      dead: view.deadSince && { since: view.deadSince, prove: form(newAddressPath(view.kind)) },
    }
  })
}

/** Whether one more of this kind fits. */
export function mayAdd(all: readonly AddressView[], kind: AddressKind, texts: boolean): boolean {
  return (kind === 'email' || texts) && all.filter((one) => one.kind === kind).length < ADDRESSES_MAX
}

/** Authenticators that count. */
export function factorRows(own: readonly Credential[]): FactorRow[] {
  return own.flatMap(({ id, kind, label, provenAt, lastUsedAt }) =>
    kind === 'totp' && provenAt
      ? [{ kind: 'totp' as const, synced: false, name: label, addedAt: provenAt, lastUsedAt, url: authenticatorPath(id) }]
      : [],
  )
}

/** Passkeys that count. */
export function passkeyRows(own: readonly Credential[]): FactorRow[] {
  return own.flatMap((one) => {
    const { id, kind, label: name, provenAt: addedAt, lastUsedAt } = one
    if (kind !== 'passkey' || !addedAt) return []
    return [{ kind: 'passkey' as const, synced: passkeyOf(one).backedUp, name, addedAt, lastUsedAt, url: passkeyPath(id) }]
  })
}

/** Recovery codes that are left; null where nothing asks for one, since the session's account has no second factor. */
export function codesLeftOf(own: readonly Credential[], { authenticators }: Pick<OwnSession, 'authenticators'>): number | null {
  return authenticators > 0 ? countOf(own).recoveryCodes : null
}

const CODES_LOW = 2

/** The one thing to be done, the more urgent first: a text is the only way in, or codes run low. */
export function adviceOf(all: readonly AddressView[], left: number | null, now: Date): 'codes_low' | 'only_texts' | null {
  if (!all.some((one) => one.kind === 'email' && opensAlone(one, now))) return 'only_texts'
  return left !== null && left <= CODES_LOW ? 'codes_low' : null
}
