import { addSeconds, type Clock } from '../base/index.ts'
import type { EntryRow, RecordRow, RecordStore } from './records.ts'
import type { Payload, StoredForm } from './stored-form.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** The engine's storage interface (its `adapter` option), one instance for each of its models. */
export interface EngineAdapter {
  upsert(id: string, payload: Payload, expiresInSeconds?: number): Promise<void>
  find(id: string): Promise<Payload | undefined>
  findByUid(uid: string): Promise<Payload | undefined>
  findByUserCode(userCode: string): Promise<Payload | undefined>
  consume(id: string): Promise<void>
  destroy(id: string): Promise<void>
  revokeByGrantId(grantId: string): Promise<void>
}

const LONGEST_SECONDS = 10 * 365 * 24 * 3600

/**
 * Makes the adapters. Inside a unit of work writes are kept back and reads see them; outside of one (our own
 * screens) each write goes out by itself. Clients are found in their own room, never here.
 */
export function createAdapters<Entry extends EntryRow>(deps: {
  store: RecordStore<Entry>
  form: StoredForm
  work: UnitOfWork<Entry>
  clock: Clock
  findClient(id: string): Promise<Payload | undefined>
}): (model: string) => EngineAdapter {
  const { store, form, work, clock } = deps

  function adapterOf(model: string): EngineAdapter {
    const key = (value: string) => ({ model, id: form.idOf(value) })
    const alive = (payload: Payload | undefined) => (payload && unexpired(payload, clock.now()) ? payload : undefined)

    async function write(change: Partial<{ put: RecordRow; destroy: string; revoke: string; consume: string }>): Promise<void> {
      const outcome = await store.flush({
        now: clock.now(),
        upserts: change.put ? [change.put] : [],
        destroys: change.destroy ? [key(change.destroy)] : [],
        revokedGrants: change.revoke ? [change.revoke] : [],
        consume: change.consume ? key(change.consume) : null,
        entries: [],
      })
      if (outcome === 'lost') throw new Error(`${model} was used before`)
    }

    return {
      async upsert(id, payload, expiresInSeconds = LONGEST_SECONDS) {
        const row = form.toRow(model, id, payload, addSeconds(clock.now(), expiresInSeconds))
        const current = work.current()
        if (current) current.put(row)
        else await write({ put: row })
      },
      async find(id) {
        const pending = work.current()?.pending(key(id))
        if (pending === null) return undefined
        if (pending) return alive(form.fromRow(model, id, { payload: pending.payload, consumedAt: null }))
        const stored = await store.find(model, form.idOf(id))
        return stored ? alive(form.fromRow(model, id, stored)) : undefined
      },
      async findByUid(uid) {
        const stored = await store.findByUid(model, uid)
        return stored ? alive(form.fromRow(model, null, stored)) : undefined
      },
      async findByUserCode(userCode) {
        const stored = await store.findByUserCode(model, form.userCodeOf(userCode))
        return stored ? alive(form.fromRow(model, null, stored)) : undefined
      },
      async consume(id) {
        const current = work.current()
        if (current) current.consume(key(id))
        else await write({ consume: id })
      },
      async destroy(id) {
        const current = work.current()
        if (current) current.destroy(key(id))
        else await write({ destroy: id })
      },
      async revokeByGrantId(grantId) {
        const current = work.current()
        if (current) current.revokeGrant(grantId)
        else await write({ revoke: grantId })
      },
    }
  }

  const clientAdapter: EngineAdapter = {
    find: deps.findClient,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: refuseWrite,
    consume: refuseWrite,
    destroy: refuseWrite,
    revokeByGrantId: refuseWrite,
  }
  return (model) => (model === 'Client' ? clientAdapter : adapterOf(model))
}

// A sweep may be late: what has ended is gone for everybody at once.
function unexpired(payload: Payload, now: Date): boolean {
  return typeof payload.exp !== 'number' || payload.exp * 1000 > now.getTime()
}

async function refuseWrite(): Promise<void> {
  throw new Error('clients are not written through the engine')
}
