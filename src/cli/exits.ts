import type { FieldFault } from '../admin/index.ts'

/** What a command ends with, and what that means. */
export const exits = {
  ok: { code: 0, words: 'done' },
  failed: { code: 1, words: 'refused, or it failed; standard error says why. `migrate status`: migrations wait' },
  usage: { code: 2, words: 'the command was not written as it must be' },
  unreachable: { code: 3, words: 'the service or its database was not reached, or is too busy: try again' },
  notAllowed: {
    code: 4,
    words: 'no token, or one that is not enough: who you are, your role, its scope, or the age of the proof',
  },
  changes: { code: 5, words: '`plan --exit-code` only: the file would change something' },
  newer: { code: 6, words: '`migrate status` only: a newer version took away from the database what this one needs' },
} as const satisfies Readonly<Record<string, { code: number; words: string }>>

export type Exit = keyof typeof exits

/** Ends a command. `message` and `faults` go to standard error; neither holds a token. */
export class CommandFault extends Error {
  override name = 'CommandFault'
  readonly exit: Exit
  readonly faults: readonly FieldFault[]

  constructor(exit: Exit, message: string, options: { faults?: readonly FieldFault[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.exit = exit
    this.faults = options.faults ?? []
  }
}

/** Which exit a refusal of this status is. */
export function exitOfStatus(status: number): Exit {
  if (status === 401 || status === 403) return 'notAllowed'
  return status === 429 || status === 503 ? 'unreachable' : 'failed'
}
