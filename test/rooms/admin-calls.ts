import {
  ADMIN_SCOPES,
  type AdminActor,
  type AdminScope,
  type ChangeCall,
  createCursors,
  type OperationSpec,
  type ReadCall,
} from '../../src/admin/index.ts'
import { createSecrets, type Tx } from '../../src/base/index.ts'

/** Whoever holds the database: may all. */
export const LOCAL: AdminActor = {
  kind: 'local',
  scopes: new Set(Object.keys(ADMIN_SCOPES) as AdminScope[]),
  who: { actorId: 'local', ip: '192.0.2.9' },
}

export const cursors = createCursors(createSecrets(['of the tests, and long enough to be one']))

/** Asks a handler as `createAdmin` does: the input by its shape, and the answer by its own. */
export function reading<S extends OperationSpec>(
  spec: S,
  handler: (call: ReadCall, input: never) => Promise<unknown>,
  now: () => Date,
) {
  return async (input: Record<string, unknown> = {}): Promise<ReturnType<S['output']['parse']>> => {
    const answer = await handler({ actor: LOCAL, now: now() }, spec.input.parse(input) as never)
    return spec.output.parse(answer) as ReturnType<S['output']['parse']>
  }
}

/** The same for a change, in a transaction of its own. */
export function changing<S extends OperationSpec>(
  spec: S,
  handler: (call: ChangeCall, input: never) => Promise<unknown>,
  now: () => Date,
  transact: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  actor: AdminActor = LOCAL,
) {
  return (input: Record<string, unknown> = {}): Promise<ReturnType<S['output']['parse']>> =>
    transact(async (tx) => {
      const call = { actor, now: now(), tx, ifMatch: () => {} }
      return spec.output.parse(await handler(call, spec.input.parse(input) as never)) as ReturnType<S['output']['parse']>
    })
}
