import { addSeconds, type Clock } from '../base/index.ts'
import type { ReadAhead } from './read-ahead.ts'
import type { EntryRow, RecordStore } from './records.ts'
import { placedAt } from './sessions.ts'
import type { Payload, StoredForm } from './stored-form.ts'
import type { UnitOfWork, Work } from './unit-of-work.ts'

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
 * Makes the adapters. Writes are kept back in the unit of work of the running request, and its reads see them;
 * outside of one nothing can be written. Clients are found in their own room, never here.
 */
export function createAdapters<Entry extends EntryRow>(deps: {
  store: Pick<RecordStore, 'findByUserCode'>
  ahead: Pick<ReadAhead, 'find' | 'session'>
  form: StoredForm
  work: UnitOfWork<Entry>
  clock: Clock
  /** Browser and system of the running request in words; null where it is not known. */
  deviceOf(): string | null
  findClient(id: string): Promise<Payload | undefined>
}): (model: string) => EngineAdapter {
  const { store, ahead, form, work, clock } = deps

  // The engine hands back only members that it knows: this one is ours, and written by every save.
  function withPlace(current: Work<Entry>, session: Payload): Payload {
    if (!session.accountId) return session
    return { ...session, place: placedAt(current.sessionFound(session.uid), session.accountId, deps.deviceOf(), clock.now()) }
  }

  function adapterOf(model: string): EngineAdapter {
    const key = (value: string) => ({ model, id: form.idOf(value) })
    const alive = (payload: Payload | undefined) => (payload && unexpired(payload, clock.now()) ? payload : undefined)

    async function write(change: (current: Work<Entry>) => void): Promise<void> {
      const current = work.current()
      if (current) return change(current)
      throw new Error(`${model} is written outside of a unit of work`)
    }

    return {
      async upsert(id, payload, expiresInSeconds = LONGEST_SECONDS) {
        await write((current) => {
          const whole = model === 'Session' ? withPlace(current, payload) : payload
          current.put(form.toRow(model, id, whole, addSeconds(clock.now(), expiresInSeconds)), whole)
        })
      },
      async find(id) {
        const at = key(id)
        const pending = work.current()?.pending(at)
        if (pending === null) return undefined
        if (pending) return alive(form.fromRow(model, id, { payload: pending.payload, consumedAt: null }))
        const stored = await ahead.find(at, id)
        const payload = stored ? alive(form.fromRow(model, id, stored)) : undefined
        if (payload) work.current()?.loaded(at, payload)
        return payload
      },
      async findByUid(uid) {
        const stored = model === 'Session' ? await ahead.session(uid) : null
        return stored ? alive(form.fromRow(model, null, stored)) : undefined
      },
      async findByUserCode(userCode) {
        const stored = await store.findByUserCode(model, form.userCodeOf(userCode))
        return stored ? alive(form.fromRow(model, null, stored)) : undefined
      },
      async consume(id) {
        await write((current) => current.consume(key(id)))
      },
      async destroy(id) {
        await write((current) => current.destroy(key(id)))
      },
      async revokeByGrantId(grantId) {
        await write((current) => current.revokeGrant(grantId))
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
