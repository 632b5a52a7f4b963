import type { z } from 'zod'
import type { AdminActor } from './actor.ts'
import type { OperationName, Operations } from './catalogue.ts'

export type InputOf<N extends OperationName> = z.input<Operations[N]['input']>
export type OutputOf<N extends OperationName> = z.output<Operations[N]['output']>

export interface PerformOptions {
  /** The version that the caller has seen; the change is refused where there is another by now. */
  ifMatch?: string | null
  /** The same key with the same request gives the same answer, and does nothing again. */
  idempotencyKey?: string | null
}

/** Everything that an administrator can do. */
export interface Admin {
  /**
   * Does one operation. Whether the actor may is asked of the actor's role and scopes, and, for a change, once more within
   * its transaction; the input is checked by the operation's shape. Throws `AdminFault`.
   */
  perform<N extends OperationName>(name: N, actor: AdminActor, input: InputOf<N>, options?: PerformOptions): Promise<OutputOf<N>>
}
