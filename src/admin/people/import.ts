import type { z } from 'zod'
import { readProfile } from '../../accounts/index.ts'
import { type Address, newId, parseEmailAddress, parsePhoneNumber } from '../../base/index.ts'
import { isReservedId } from '../../clients/index.ts'
import type { Operations } from '../catalogue.ts'
import type { Handlers } from '../operation.ts'
import type { peopleOperations } from '../specs/people.ts'
import { faultsOfNames, faultsOfValues } from './changes.ts'
import type { PeopleDeps } from './deps.ts'
import { mayDecide } from './guard.ts'
import { keyOf, markOf, profileOf } from './person-view.ts'
import type { PortableRow } from './stores.ts'

type Portable = z.output<Operations['accounts.import']['input']>['accounts'][number]
type Result = z.input<Operations['accounts.import']['output']>['results'][number]

/** A line that could be read. */
interface Line {
  row: PortableRow
  /** The subject was given, and is to be kept. */
  given: boolean
}

const LOCALE = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/
/** What the trail calls somebody who is no account: an account of that name would be taken for it. */

/** People, carried here and away. Whoever is here already is left as they are, so that a file may be sent twice. */
export function createImportHandlers(
  deps: PeopleDeps,
): Handlers<Pick<typeof peopleOperations, 'accounts.import' | 'accounts.export'>> {
  const { imports, cursors, audit } = deps

  return {
    async 'accounts.import'({ tx, actor, now }, { accounts }) {
      const mayProve = mayDecide(actor)
      const lines = accounts.map((portable) => (mayProve || !saysProven(portable) ? readLine(portable, now) : NOT_PROVEN))
      const read = lines.filter((line): line is Line => typeof line !== 'string')
      await imports.lock(tx)
      const keys = [...new Set(read.flatMap(({ row }) => keysOf(row)))]
      const taken = new Map((await imports.taken(tx, keys, now)).map(({ key, accountId }) => [key, accountId]))
      const unusable = await imports.unusable(
        tx,
        read.flatMap(({ row, given }) => (given ? [row.id] : [])),
      )
      const awaited = await imports.awaited(tx, keys, now)
      const judged = lines.map((line) => {
        if (typeof line === 'string') return refused(line)
        return keysOf(line.row).some((key) => awaited.has(key)) ? refused(AWAITED) : judge(line, taken, unusable)
      })
      const fresh = read.filter(({ row }) =>
        judged.some((result) => result.outcome === 'created' && result.account_id === row.id),
      )
      const added = await imports.add(
        tx,
        fresh.map(({ row }) => row),
        now,
      )
      for (const accountId of added) await audit.record(tx, 'account.imported', { ...actor.who, accountId })
      return { results: judged.map((result) => (isLost(result, added) ? lostRace() : result)) }
    },

    async 'accounts.export'({ actor, now }, input) {
      const { limit, cursor } = input
      // Before anything is taken, and once: no further page can be had without the first.
      if (cursor === undefined) await audit.note('account.all_exported', actor.who)
      const after = cursor === undefined ? null : markOf(cursors.open('accounts.export', input, cursor))
      const rows = await imports.page(after, limit + 1, now)
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      return { items: items.map(portableOf), next: last ? cursors.seal('accounts.export', input, keyOf(last)) : null }
    },
  }
}

// Whoever says whose an address is says who an administrator is to be by it: the account gets what is given to the address.
const NOT_PROVEN = 'email_proven, phone_proven: only somebody with the role admin and the scope administrators:write may say so'
const AWAITED = 'an invitation with a role waits for its address: whoever proves it makes the account'

function saysProven({ email_proven, phone_proven }: Portable): boolean {
  return email_proven || phone_proven
}

/** A line as it is to be added; words that say why it cannot be. */
function readLine(portable: Portable, now: Date): Line | string {
  const { sub, email: typedEmail, phone: typedPhone, locale = null, profile } = portable
  const email = typedEmail === undefined ? null : parseEmailAddress(typedEmail)
  if (typedEmail !== undefined && !email) return 'email: is no email address'
  const phone = typedPhone === undefined ? null : numberOf(typedPhone)
  if (typedPhone !== undefined && !phone) return 'phone: is no mobile number with its country code'
  if (!email && !phone) return 'has neither an email address nor a number: nobody could sign in to it'
  if (locale !== null && !LOCALE.test(locale)) return 'locale: is no language tag such as en or pt-BR'
  if (sub !== undefined && isReservedId(sub)) return 'sub: is a name of our own'
  const createdAt = portable.created_at === undefined ? now : new Date(portable.created_at)
  if (createdAt > now) return 'created_at: is to come'
  const { faults, read } = readProfile(profile, now)
  const [fault] = [...faultsOfNames(profile), ...faultsOfValues(faults)]
  if (fault) return `${fault.field}: ${fault.words}`
  const row: PortableRow = {
    ...{ id: sub ?? newId(), email, emailProven: email !== null && portable.email_proven },
    ...{ phone, phoneProven: phone !== null && portable.phone_proven, locale, suspended: portable.suspended, createdAt },
    profile: Object.fromEntries(read.flatMap(({ claim, value }) => (value ? [[claim, value]] : []))),
  }
  return { row, given: sub !== undefined }
}

function numberOf(typed: string): Address | null {
  const read = parsePhoneNumber(typed, null)
  return read.outcome === 'fit' ? read.number : null
}

function keysOf({ id, email, phone }: PortableRow): string[] {
  return [`sub:${id}`, ...(email ? [`email:${email}`] : []), ...(phone ? [`phone:${phone}`] : [])]
}

/** Whether the line is somebody new. What it takes is noted, so that a later line of the same file finds it. */
function judge({ row, given }: Line, taken: Map<string, string>, unusable: ReadonlySet<string>): Result {
  const owners = [...new Set(keysOf(row).flatMap((key) => taken.get(key) ?? []))]
  const [owner] = owners
  if (owners.length > 1) return refused('its subject and addresses belong to different people')
  if (owner !== undefined && given && owner !== row.id) return refused('its address belongs to somebody else already')
  if (owner !== undefined) return { outcome: 'there_already', account_id: owner, words: null }
  if (unusable.has(row.id)) return refused('sub: belongs to an application, or was that of somebody who was deleted')
  for (const key of keysOf(row)) taken.set(key, row.id)
  return { outcome: 'created', account_id: row.id, words: null }
}

function refused(words: string): Result {
  return { outcome: 'refused', account_id: null, words }
}

function isLost({ outcome, account_id }: Result, added: ReadonlySet<string>): boolean {
  return outcome === 'created' && account_id !== null && !added.has(account_id)
}

function lostRace(): Result {
  return refused('its address was proven by somebody in this very moment: send it again')
}

function portableOf(row: PortableRow) {
  const { id, email, emailProven, phone, phoneProven, locale, suspended, createdAt } = row
  return {
    sub: id,
    ...(email && { email }),
    email_proven: emailProven,
    ...(phone && { phone }),
    phone_proven: phoneProven,
    ...(locale && { locale }),
    profile: profileOf(row),
    suspended,
    created_at: createdAt.toISOString(),
  }
}
