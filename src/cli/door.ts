import type { OperationName } from '../admin/index.ts'

/** The way to the operations: over the REST API, or in this process on the database. Both answer and refuse alike. */
export interface Door {
  /** The issuer that is administered. */
  issuer: string
  /** Does one operation and answers its output. Throws `CommandFault`. */
  perform(name: OperationName, input: Input, options?: DoorOptions): Promise<unknown>
  close(): Promise<void>
}

export type Input = Readonly<Record<string, unknown>>

export interface DoorOptions {
  /** The version that the change is bound to. */
  ifMatch?: string | null
  idempotencyKey?: string | null
}
