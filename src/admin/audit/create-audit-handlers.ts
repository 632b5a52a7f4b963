import type { z } from 'zod'
import type { Audit, AuditReader, Broken, Chain, Reached, Verified } from '../../audit/index.ts'
import type { Cursors } from '../cursor.ts'
import { AdminFault } from '../fault.ts'
import type { Handlers } from '../operation.ts'
import type { auditOperations } from '../specs/audit.ts'
import { entryView, keyOfMark, markOfKey } from './entry-view.ts'

interface AuditHandlerDeps {
  reader: AuditReader
  chain: Pick<Chain, 'verify' | 'state'>
  /** Asks for the rows that wait to be chained soon. It may fail: they are chained within a minute anyway. */
  chainSoon(): Promise<void>
  cursors: Cursors
  audit: Pick<Audit, 'note'>
}

const WORDS: Readonly<Record<Broken['kind'], string>> = {
  changed: 'This row is not as it was written.',
  removed: 'A row was removed here.',
  inserted: 'This row was put in later.',
  moved: 'This row stood at another place.',
  unsalted: 'What this row says of a person cannot be checked any more, as if they had been erased; they were not.',
}

const WAITS = 'A person was erased just now, and the row that says so has no place in the chain yet. Ask again in a minute.'

/** The audit log: reading it, and telling whether it is as it was written. */
export function createAuditHandlers(deps: AuditHandlerDeps): Handlers<typeof auditOperations> {
  const { reader, chain, cursors } = deps

  async function verifyFrom(from: Reached | null, limit: number): Promise<Verified> {
    const found = await chain.verify(from, limit)
    if (found.broken) await deps.audit.note('audit.broken', { detail: { place: found.broken.place } })
    return found
  }

  async function page(name: 'audit.list' | 'audit.export', input: z.output<(typeof auditOperations)['audit.list']['input']>) {
    const before = input.cursor === undefined ? null : markOfKey(cursors.open(name, input, input.cursor))
    const filter = {
      accountId: input.account_id,
      clientId: input.client_id,
      actorId: input.actor_id,
      events: input.event === undefined ? undefined : reader.eventsOf(input.event),
      from: momentOf(input.from),
      to: momentOf(input.to),
    }
    const { entries, older } = await reader.list(filter, before, input.limit)
    return { items: entries.map(entryView), next: older && cursors.seal(name, input, keyOfMark(older)) }
  }

  return {
    'audit.list': (_call, input) => page('audit.list', input),

    async 'audit.export'({ actor }, input) {
      const { limit: _limit, cursor, ...filter } = input
      // Before anything is taken, and once: no further page can be had without the first.
      if (cursor === undefined) {
        const words = Object.entries(filter).map(([field, value]) => `${field}=${value}`)
        await deps.audit.note('audit.exported', { ...actor.who, detail: { filter: words.join(', ') } })
      }
      return page('audit.export', input)
    },

    async 'audit.get'(_call, { entry_id }) {
      const entry = await reader.find(entry_id)
      if (!entry) throw new AdminFault('not_found', 'There is no such row in the audit log.')
      return entryView(entry)
    },

    async 'audit.chain'() {
      const { rows, head, headAt, waiting } = await chain.state()
      return { rows, head, head_at: headAt?.toISOString() ?? null, waiting }
    },

    async 'audit.verify'(_call, input) {
      const { after, cursor } = input
      const key = cursor === undefined ? after?.split(':') : cursors.open('audit.verify', input, cursor)
      const from = key ? reachedOf(key) : null
      const { broken, reached, more, waits, state } = await verifyFrom(from, input.limit)
      if ((waits || !more) && state.waiting > 0) await deps.chainSoon()
      if (waits) throw new AdminFault('conflict', WAITS)
      return {
        checked: reached.place,
        rows: state.rows,
        broken: broken && { entry_id: broken.entryId, place: broken.place, kind: broken.kind, words: wordsOf(broken) },
        head: state.head,
        next: more ? cursors.seal('audit.verify', input, [String(reached.place), reached.hash]) : null,
      }
    },
  }
}

function momentOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text)
}

function reachedOf([place = '', hash = '']: readonly string[]): Reached {
  return { place: Number(place), hash }
}

function wordsOf({ kind, stoodAt }: Broken): string {
  return stoodAt === undefined ? WORDS[kind] : `This row stood at place ${stoodAt}.`
}
