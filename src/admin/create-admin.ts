import type { z } from 'zod'
import type { Audit } from '../audit/index.ts'
import type { Clock, Secrets, Transact } from '../base/index.ts'
import type { AdminActor } from './actor.ts'
import type { ActorStore } from './actors.ts'
import { type OperationName, type Operations, operations } from './catalogue.ts'
import { AdminFault } from './fault.ts'
import { createGate } from './gate.ts'
import { createIdempotent, type IdempotentAnswerStore } from './idempotent.ts'
import type { ChangeCall, Handlers, OperationSpec, ReadCall } from './operation.ts'
import { checkMay, faultOfInput, isChange } from './permissions.ts'

export type InputOf<N extends OperationName> = z.input<Operations[N]['input']>
export type OutputOf<N extends OperationName> = z.output<Operations[N]['output']>

export interface PerformOptions {
  /** The version that the caller has seen, or some of them; the change is refused where there is another by now. */
  ifMatch?: string | readonly string[] | null
  /** The same key with the same request gives the same answer, and does nothing again. */
  idempotencyKey?: string | null
}

/** Everything that an administrator can do. */
export interface Admin {
  /**
   * Does one operation. Whether the actor may is asked of the actor's role and scopes, and, for a change, once more within
   * its transaction; the input is checked by the operation's shape. Throws `AdminFault`, and `Refusal('unavailable')` when
   * too much is under way or the database cannot be asked.
   */
  perform<N extends OperationName>(name: N, actor: AdminActor, input: InputOf<N>, options?: PerformOptions): Promise<OutputOf<N>>
}

export interface AdminDeps {
  handlers: Handlers<Operations>
  actors: Pick<ActorStore, 'stillMay'>
  answers: IdempotentAnswerStore
  /** How many operations run at once: fewer than the pool has connections. */
  atOnceMax: number
  audit: Pick<Audit, 'note'>
  transact: Transact
  secrets: Secrets
  clock: Clock
}

/** A handler, whatever its operation. */
type AnyHandler = (call: ReadCall | ChangeCall, input: unknown) => Promise<unknown>

/** Runs the operations of the catalogue. */
export function createAdmin(deps: AdminDeps): Admin {
  const { actors, transact, clock } = deps
  const handlers = deps.handlers as Readonly<Record<string, unknown>> as Readonly<Record<string, AnyHandler>>
  const gate = createGate(deps.atOnceMax)
  const once = createIdempotent({ store: deps.answers, secrets: deps.secrets })

  async function check(spec: OperationSpec, actor: AdminActor, now: Date): Promise<void> {
    try {
      checkMay(spec, actor, now)
    } catch (error) {
      if (error instanceof AdminFault) {
        await deps.audit.note('administrator.refused', { ...aboutActor(actor), detail: { reason: error.code } })
      }
      throw error
    }
  }

  /** One change: the actor's rights under a lock, the work and its kept answer, in one transaction. */
  function change(name: OperationName, actor: AdminActor, input: unknown, options: PerformOptions): Promise<unknown> {
    const spec: OperationSpec = operations[name]
    return transact(async (tx) => {
      const now = clock.now()
      if (!(await actors.stillMay(tx, actor, spec.scope, now, spec.shutsOut))) {
        throw new AdminFault('unauthorized', 'What you were allowed to do was taken back.')
      }
      const work = async () => {
        const condition = createCondition(options.ifMatch)
        const output = await handlerOf(name)({ actor, now, tx, ifMatch: condition.check }, input)
        condition.checkAsked()
        return spec.output.parse(output)
      }
      const { idempotencyKey } = options
      if (!idempotencyKey) return work()
      const request = { input, ifMatch: options.ifMatch ?? null }
      return once(tx, { actor, operation: name, request, key: idempotencyKey }, now, work)
    })
  }

  async function read(name: OperationName, actor: AdminActor, input: unknown, now: Date): Promise<unknown> {
    return operations[name].output.parse(await handlerOf(name)({ actor, now }, input))
  }

  const handlerOf = (name: OperationName) => handlers[name] as AnyHandler

  return {
    async perform(name, actor, given, options = {}) {
      const spec: OperationSpec = operations[name]
      const now = clock.now()
      await check(spec, actor, now)
      const parsed = spec.input.safeParse(given, { reportInput: true })
      if (!parsed.success) throw faultOfInput(parsed.error)
      // No text of the database can hold it, so nothing that has it can be found or kept.
      if (holdsUnkept(parsed.data))
        throw new AdminFault('invalid_input', 'A text holds the character NUL, or half of a character.')
      const work = () => (isChange(spec) ? change(name, actor, parsed.data, options) : read(name, actor, parsed.data, now))
      return gate(work) as ReturnType<Admin['perform']> as Promise<OutputOf<typeof name>>
    },
  }
}

/** Whose refusal it was, for the trail. */
function aboutActor(actor: AdminActor) {
  if (actor.kind === 'person') return { ...actor.who, accountId: actor.accountId }
  return actor.kind === 'client' ? { ...actor.who, clientId: actor.clientId } : actor.who
}

/** The condition of a request (RFC 9110 §13.1.1). What has no versions cannot be asked for by version. */
function createCondition(ifMatch: PerformOptions['ifMatch']) {
  const seen = ifMatch == null ? null : [ifMatch].flat()
  let asked = false
  return {
    check(version: string): void {
      asked = true
      if (seen && !seen.includes(version)) {
        throw new AdminFault('precondition_failed', 'Somebody changed it after you saw it: look at it again.')
      }
    },
    checkAsked(): void {
      if (!seen || asked) return
      throw new AdminFault('invalid_input', 'This operation cannot be bound to a version.', [
        { field: 'If-Match', words: 'means nothing here' },
      ])
    },
  }
}

// Half of a character: a surrogate that stands alone, as JSON can write it (RFC 8259 §8.2) and UTF-8 cannot.
function holdsUnkept(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed()
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, item]) => holdsUnkept(key) || holdsUnkept(item))
}
