import { describe, expect, test } from '@jest/globals'

/** What tests need that not every machine has. */
export interface Need {
  /** In words, such as `PgBouncer`. */
  what: string
  isHere: boolean
  /** The variable that makes its lack a failure, such as `REQUIRE_HELM`: set to `1` where all has to be tried. */
  requiredBy: string
}

/** As `describe`. Where the need is not met one line says SKIPPED, and the tests pass; where it is required they fail. */
export function describeWhere({ what, isHere, requiredBy }: Need, title: string, tests: () => void): void {
  if (isHere) return void describe(title, tests)
  const skipped = `SKIPPED: ${title}, for want of ${what}`
  process.stderr.write(`${skipped}\n`)
  test(skipped, () => expect(process.env[requiredBy]).not.toBe('1'))
}
