import type { Address, AddressKind } from '../base/index.ts'

/** An address of an account that has not left it, with its moments. */
export interface OwnAddress {
  kind: AddressKind
  address: Address
  /** Null: was never the primary one, and is not to be. */
  primaryFrom: Date | null
  usableFrom: Date
  leavesAt: Date | null
  /** For a number: when it was proven last. */
  provenAt: Date
  /** Messages come back from it for good since then: it opens the account only beside another proof. */
  deadSince: Date | null
  createdAt: Date
}

/** All addresses of one account. */
export type OwnAddresses = readonly OwnAddress[]

/** It opens the account. */
export function countsAt({ usableFrom, leavesAt }: OwnAddress, now: Date): boolean {
  return usableFrom <= now && (leavesAt === null || leavesAt > now)
}

/** It opens the account, and nothing says that it is to leave. */
export function staysAt(one: OwnAddress, now: Date): boolean {
  return one.usableFrom <= now && one.leavesAt === null
}

/**
 * The one of its kind that applications are told and notices go to: of those that count the one that was made it last;
 * where none ever was, the oldest. Storage finds it by the same rule.
 */
export function primaryOf(all: OwnAddresses, kind: AddressKind, now: Date): OwnAddress | null {
  const since = ({ primaryFrom }: OwnAddress) => (primaryFrom && primaryFrom <= now ? primaryFrom.getTime() : 0)
  const ours = all.filter((one) => one.kind === kind && countsAt(one, now))
  return ours.toSorted((a, b) => since(b) - since(a) || byAge(a, b))[0] ?? null
}

/** As if nothing about addresses of this kind were to come. */
export function withoutPlans(all: OwnAddresses, kind: AddressKind, now: Date): OwnAddresses {
  return stopped(all, kind, now, () => true)
}

/**
 * As if no address of this kind were to take another's place. That one is to be removed stays so: whoever asked for it
 * may not trust it any more.
 */
export function withoutChanges(all: OwnAddresses, kind: AddressKind, now: Date): OwnAddresses {
  const coming = all.filter((one) => one.kind === kind && one.usableFrom > now)
  const replaced = (leavesAt: Date) => coming.some(({ usableFrom }) => usableFrom.getTime() === leavesAt.getTime())
  return stopped(all, kind, now, replaced)
}

function stopped(all: OwnAddresses, kind: AddressKind, now: Date, stopsLeaving: (leavesAt: Date) => boolean): OwnAddresses {
  return all
    .filter((one) => one.kind !== kind || one.usableFrom <= now)
    .map((one) => {
      if (one.kind !== kind) return one
      const primaryFrom = one.primaryFrom && one.primaryFrom > now ? null : one.primaryFrom
      const leavesAt = one.leavesAt && stopsLeaving(one.leavesAt) ? null : one.leavesAt
      return { ...one, primaryFrom, leavesAt }
    })
}

/** Sees to it that a primary address that leaves has an heir: the oldest of its kind that stays, unless one is to come. */
export function withHeir(all: OwnAddresses, kind: AddressKind, now: Date): OwnAddresses {
  const at = primaryOf(all, kind, now)?.leavesAt
  const ours = all.filter((one) => one.kind === kind)
  if (!at || ours.some(({ primaryFrom }) => primaryFrom && primaryFrom > now)) return all
  const heir = ours.filter((one) => staysAt(one, now)).toSorted(byAge)[0]
  return heir ? changed(all, heir, { primaryFrom: at }) : all
}

/** The same addresses, one of them with other moments. */
export function changed(
  all: OwnAddresses,
  one: OwnAddress,
  moments: Partial<Pick<OwnAddress, 'primaryFrom' | 'leavesAt'>>,
): OwnAddresses {
  return all.map((each) => (isSame(each, one) ? { ...each, ...moments } : each))
}

/** What is to be written to come from `before` to `after`; an address that is only in `after` is none of it. */
export function differences(before: OwnAddresses, after: OwnAddresses): { gone: OwnAddress[]; moved: OwnAddress[] } {
  const gone = before.filter((one) => !after.some((each) => isSame(each, one)))
  const moved = after.filter((one) => {
    const old = before.find((each) => isSame(each, one))
    return old && (momentOf(old.primaryFrom) !== momentOf(one.primaryFrom) || momentOf(old.leavesAt) !== momentOf(one.leavesAt))
  })
  return { gone, moved }
}

function isSame(one: OwnAddress, other: OwnAddress): boolean {
  return one.kind === other.kind && one.address === other.address
}

function byAge(a: OwnAddress, b: OwnAddress): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || (a.address < b.address ? -1 : 1)
}

function momentOf(at: Date | null): number | null {
  return at?.getTime() ?? null
}
